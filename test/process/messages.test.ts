import { expect, test } from "vitest";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { Pair } from "./pair.ts";
import { eventually, Program } from "./program.ts";
import { bodyOf, isRedelivered, RawClient } from "./raw-client.ts";

/** Kills the primary; the replica serves behind it. */
async function failOver(pair: Pair): Promise<void> {
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
}

/** All that is known of a queue's messages, but for the times at which this broker did something with them. */
async function contentOf(pair: Pair, name: string): Promise<object[]> {
  const { messages } = await pair.control.browse({ name });
  const details = messages.map(async ({ id }) => ({
    ...(await pair.control.getMessage({ name, id })),
    fate: [],
  }));
  return await Promise.all(details);
}

test("a durable subscriber finds after a failover what was sent while it was away, before and after the kill", async () => {
  const pair = await Pair.start();
  const durable = { "activemq.subscriptionName": "audit" };
  const first = await RawClient.connect(pair.ports.primary, { "client-id": "auditor" });
  await first.subscribe("/topic/prices", durable);
  await first.confirmed("DISCONNECT");
  first.end();

  await pair.cli("send", "topic://prices", "before the kill");
  await failOver(pair);
  await pair.cli("send", "topic://prices", "after the kill");

  const second = await RawClient.connect(pair.ports.replica, { "client-id": "auditor" });
  await second.subscribe("/topic/prices", durable);
  expect(await second.bodies(2)).toEqual(["before the kill", "after the kill"]);
});

test("a request over a temporary queue is answered before and after a failover", async () => {
  const pair = await Pair.start();
  for (const node of ["primary", "replica"] as const) {
    const [asker, answerer] = [
      await RawClient.connect(pair.ports[node]),
      await RawClient.connect(pair.ports[node]),
    ];
    await answerer.subscribe("/queue/questions");
    await asker.subscribe("/temp-queue/replies");
    await asker.send("/queue/questions", "how much?", {
      "reply-to": "/temp-queue/replies",
      "correlation-id": "q1",
    });

    const question = await answerer.message();
    const replyTo = headerOf(question, "reply-to") ?? "";
    await answerer.send(replyTo, "three", { "correlation-id": headerOf(question, "correlation-id") ?? "" });
    await answerer.ack(question);
    const answer = await asker.message();
    expect([bodyOf(answer), headerOf(answer, "correlation-id")]).toEqual(["three", "q1"]);

    if (node === "primary") await failOver(pair);
  }
});

test("a rejected message is in ActiveMQ.DLQ, the same on both brokers", async () => {
  const pair = await Pair.start();
  const client = await RawClient.connect(pair.ports.primary);
  await client.send("/queue/orders", "bad", { "x-customer": "7" });
  await client.subscribe("/queue/orders");
  await client.nack(await client.message());
  const before = await contentOf(pair, "ActiveMQ.DLQ");
  expect(before).toMatchObject([
    { preview: "bad", deadLetter: { from: "queue://orders", cause: "rejected" } },
  ]);

  await failOver(pair);

  expect(await contentOf(pair, "ActiveMQ.DLQ")).toEqual(before);
  expect(await contentOf(pair, "orders")).toEqual([]);
});

test("whoever rejects messages is told of, in few events, and in each one's fate", async () => {
  const pair = await Pair.start();
  const client = await RawClient.connect(pair.ports.primary, { "client-id": "billing" });
  for (let count = 0; count < 150; count += 1) await client.send("/queue/orders", `order ${count}`);
  await client.subscribe("/queue/orders", { "activemq.prefetchSize": "200" });
  for (let count = 0; count < 150; count += 1) await client.nack(await client.message());
  client.end();

  await pair.happens(({ event }) => event === "client-lost", "the client's leaving");

  const rejections = pair.events.filter(({ event }) => event === "messages-rejected");
  const counts = rejections.map((event) => Number(event["count"]));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(150);
  expect(rejections.length).toBeLessThan(50);
  expect(rejections[0]?.text).toMatch(/^billing rejected .* of queue:\/\/orders\.$/);
  const [first] = (await pair.control.browse({ name: "ActiveMQ.DLQ", limit: 1 })).messages;
  const { fate } = await pair.control.getMessage({ name: "ActiveMQ.DLQ", id: first?.id ?? 0 });
  expect(fate).toContainEqual({ step: "dead-lettered", at: rejections[0]?.at, detail: rejections[0]?.text });
});

test("a message that was delivered and not acknowledged comes again after a failover, flagged and in its place", async () => {
  const pair = await Pair.start();
  const client = await RawClient.connect(pair.ports.primary);
  await client.subscribe("/queue/orders", { "activemq.prefetchSize": "2" });
  for (const body of ["one", "two", "three"]) await client.send("/queue/orders", body);
  expect([bodyOf(await client.message()), bodyOf(await client.message())]).toEqual(["one", "two"]);

  await failOver(pair);

  const other = await RawClient.connect(pair.ports.replica);
  await other.subscribe("/queue/orders");
  const again = [await other.message(), await other.message(), await other.message()];
  expect(again.map((message) => [bodyOf(message), isRedelivered(message)])).toEqual([
    ["one", true],
    ["two", true],
    ["three", false],
  ]);
});

test("work of a transaction that was open at the kill is undone, its acknowledgements too", async () => {
  const pair = await Pair.start();
  const client = await RawClient.connect(pair.ports.primary);
  await client.send("/queue/in", "order");
  await client.subscribe("/queue/in");
  const order = await client.message();
  await client.confirmed("BEGIN", { transaction: "t1" });
  await client.confirmed("ACK", { id: headerOf(order, "ack") ?? "", transaction: "t1" });
  await client.confirmed(
    "SEND",
    { destination: "/queue/out", persistent: "true", transaction: "t1" },
    "bill",
  );

  await failOver(pair);

  expect(await pair.cli("receive", "in")).toBe("order");
  expect((await pair.tryCli("receive", "out", "--timeout", "0")).code).toBe(1);
});

test("an expired message is gone on both brokers, and priority orders what waits", async () => {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "low", "--priority", "1");
  await pair.cli("send", "orders", "high", "--priority", "8");
  await pair.cli("send", "orders", "middle");
  await pair.cli("send", "orders", "short-lived", "--ttl", "300", "--priority", "9");
  await eventually(async () => {
    const { destinations } = await pair.control.listDestinations({});
    return destinations.find(({ name }) => name === "queue://orders")?.depth === 3 ? true : undefined;
  }, "expiry");

  await failOver(pair);

  expect(await pair.cli("receive", "orders", "--count", "9", "--timeout", "0")).toBe("high\nmiddle\nlow");
});

test("the command line sends, browses, receives and purges", async () => {
  const pair = await Pair.start();
  expect(await pair.cli("send", "orders", "hello", "--count", "3", "--header", "colour=red")).toBe(
    "3 messages are safe on orders.",
  );

  expect((await pair.cli("browse", "orders")).split("\n")).toHaveLength(3);
  const [first] = (await pair.cli("receive", "orders", "--json")).split("\n");
  expect(JSON.parse(first ?? "")).toMatchObject({
    preview: "hello",
    properties: [{ name: "colour", value: "red" }],
  });
  expect(await pair.cli("purge", "orders")).toBe("2 messages deleted from orders.");
  await pair.cli("send", "asked", "who?", "--reply-to", "topic://answers");
  const question = await pair.cli("receive", "asked", "--json");
  expect(JSON.parse(question)).toMatchObject({ replyTo: "topic://answers" });
  const refused = await pair.tryCli("send", "asked", "who?", "--reply-to", "nowhere://answers");
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain("a reply-to should look like");
  expect((await pair.tryCli("receive", "orders", "--timeout", "0")).code).toBe(1);
  for (const command of ["browse", "purge"]) {
    const { code, err } = await pair.tryCli(command, "topic://answers");
    expect(code).toBe(2);
    expect(err).toContain("a topic keeps no messages");
  }
});

test("a receive that is broken off takes nothing any more", async () => {
  const pair = await Pair.start();
  const consumers = async (): Promise<number | undefined> => {
    const { destinations } = await pair.control.listDestinations({});
    return destinations.find(({ name }) => name === "queue://orders")?.consumers;
  };
  const waiting = new Program(["receive", "orders", "--timeout", "60000", "--data", pair.data]);
  await eventually(async () => ((await consumers()) === 1 ? true : undefined), "the wait");

  process.kill(waiting.pid, "SIGINT");
  await eventually(async () => ((await consumers()) === 0 ? true : undefined), "the end of the wait");

  await pair.cli("send", "orders", "late");
  expect(await pair.cli("receive", "orders")).toBe("late");
});

test("doctor looks at a running pair and at the stores of one that was stopped, and finds nothing wrong", async () => {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "hello");
  expect(await pair.cli("doctor")).toContain(`at ${pair.ready.control}`);

  await pair.interrupt();

  const { out } = await pair.tryCli("doctor", "--json");
  const findings = out
    .split("\n")
    .map((line) => JSON.parse(line) as { check: string; result: string; text: string });
  const stores = findings.filter(({ check }) => check.endsWith(" store"));
  expect(stores.map(({ result, text }) => `${result}: ${text}`)).toEqual([
    "ok: sound, at entry 1, 1 message",
    "ok: sound, at entry 1, 1 message",
  ]);
});

test("bytes that are no frame harm neither the broker nor other clients", async () => {
  const pair = await Pair.start();
  const good = await RawClient.connect(pair.ports.primary);
  const bad = await RawClient.connect(pair.ports.primary);
  bad.write("ACK", { id: "nobody was given this", receipt: "1" });
  expect((await bad.frame(({ command }) => command === "ERROR")).headers.length).toBeGreaterThan(0);
  await bad.closed();

  await good.send("/queue/orders", "hello");

  expect((await pair.view()).protection).toBe("protected");
});
