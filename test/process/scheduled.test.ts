import { expect, test } from "vitest";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { Pair } from "./pair.ts";
import { bodyOf, RawClient } from "./raw-client.ts";

test("what is scheduled survives kill -9 and comes from the replica, in its time and once", async () => {
  const pair = await Pair.start();
  const sender = await RawClient.connect(pair.ports.primary);
  const at = Date.now();
  await sender.send("/queue/later", "near", { AMQ_SCHEDULED_DELAY: "1" });
  await sender.send("/queue/later", "far", { AMQ_SCHEDULED_DELAY: "6000", persistent: "true" });
  await sender.send("/queue/later", "again", {
    AMQ_SCHEDULED_DELAY: "6500",
    AMQ_SCHEDULED_PERIOD: "200",
    AMQ_SCHEDULED_REPEAT: "2",
  });
  await sender.subscribe("/queue/later");
  const near = await sender.message();
  expect([bodyOf(near), headerOf(near, "AMQ_SCHEDULED_DELAY")]).toEqual(["near", null]);
  expect(headerOf(near, "scheduledJobId")).toMatch(/^ID:understudy-job-/);
  await sender.ack(near);

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  const reader = await RawClient.connect(pair.ports.replica);
  await reader.subscribe("/queue/later");
  expect(await reader.bodies(4)).toEqual(["far", "again", "again", "again"]);
  expect(Date.now() - at).toBeGreaterThanOrEqual(6_900);

  // What comes behind all of it shows that nothing came twice.
  await reader.send("/queue/later", "last", { AMQ_SCHEDULED_DELAY: "500" });
  expect(await reader.bodies(1)).toEqual(["last"]);
});

test("what became due while both were dead comes at the start, once", async () => {
  const pair = await Pair.start();
  const sender = await RawClient.connect(pair.ports.primary);
  await sender.send("/queue/later", "due", { AMQ_SCHEDULED_DELAY: "1500" });
  await pair.killEverything();
  const again = await Pair.start({ data: pair.data });
  const reader = await RawClient.connect(again.ports.primary);
  await reader.subscribe("/queue/later");
  expect(await reader.bodies(1)).toEqual(["due"]);
  await reader.send("/queue/later", "last", { AMQ_SCHEDULED_DELAY: "300" });
  expect(await reader.bodies(1)).toEqual(["last"]);
});

test("a STOMP client is told of consumers and queues by advisories, and may acknowledge them", async () => {
  const pair = await Pair.start();
  const watcher = await RawClient.connect(pair.ports.primary);
  await watcher.subscribe("/topic/ActiveMQ.Advisory.Consumer.Queue.>");
  const other = await RawClient.connect(pair.ports.primary);
  await other.subscribe("/queue/watched");
  const advisory = await watcher.message();
  expect(headerOf(advisory, "destination")).toBe("/topic/ActiveMQ.Advisory.Consumer.Queue.watched");
  expect(headerOf(advisory, "consumerCount")).toBe("1");
  expect(JSON.parse(bodyOf(advisory))).toMatchObject({
    ConsumerInfo: { destination: { "@class": "ActiveMQQueue", physicalName: "watched" } },
  });
  await watcher.ack(advisory);
  other.end();
  expect(headerOf(await watcher.message(), "consumerCount")).toBe("0");
});

test("the command line schedules, and status counts what is scheduled on both brokers", async () => {
  const pair = await Pair.start();
  const reader = await RawClient.connect(pair.ports.primary);
  await reader.subscribe("/queue/later");
  const { ids } = JSON.parse(
    await pair.cli("send", "later", "near", "--delay", "1", "--period", "1", "--repeat", "1", "--json"),
  ) as { ids: number[] };
  for (const again of ["near", "near"]) {
    const message = await reader.message();
    expect(bodyOf(message)).toBe(again);
    expect(headerOf(message, "scheduledJobId")).toBe(`ID:understudy-job-${ids[0]}`);
    await reader.ack(message);
  }
  // Two, for no earlier report counts as many: what is waited for is the last state.
  await pair.cli("send", "later", "far", "--delay", "600000");
  await pair.cli("send", "later", "far", "--delay", "600000");
  await pair.becomes(
    ({ primary, replica }) =>
      [primary, replica].every((broker) => broker.storedMessages === 0 && broker.scheduledMessages === 2),
    "two scheduled messages on both, none stored",
  );
  expect(await pair.cli("status")).toContain("0 messages, 2 scheduled");
  const wrong = await pair.tryCli("send", "later", "x", "--cron", "every monday");
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toContain("AMQ_SCHEDULED_CRON");
});
