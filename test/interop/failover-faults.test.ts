import { expect } from "vitest";
import { Pair } from "../process/pair.ts";
import { failoverCase } from "./cases.ts";
import type { JavaClient, JavaStream } from "./client.ts";
import { failoverUri, noteBlackout } from "./stage.ts";

const queue = "queue://orders";
/** A client notices a broker that says nothing for so long. */
const watchful = "?wireFormat.maxInactivityDuration=2000&wireFormat.maxInactivityDurationInitalDelay=500";

async function texts(client: JavaClient, uri: string): Promise<string[]> {
  const reading = await client.session(uri);
  return (await (await reading.consumer(queue)).rest()).map(({ text }) => text);
}

/** Everything that was confirmed is there, once and in order; the longest wait counts as blackout. */
async function nothingIsWrong(client: JavaClient, pair: Pair, stream: JavaStream): Promise<void> {
  const { confirmed, failures, longestGapMs } = await stream.halt();
  expect(failures).toEqual([]);
  expect(await texts(client, failoverUri(pair.ports))).toEqual(confirmed);
  noteBlackout(longestGapMs);
}

failoverCase(
  "a frozen primary: the client notices the silence and moves; thawed, it serves nobody",
  async (client) => {
    const pair = await Pair.start();
    const session = await client.session(failoverUri(pair.ports, watchful));
    const stream = session.produce(queue, "m");
    await stream.goesOn(50);

    await pair.cli("freeze", "primary");
    await pair.isState("replica", "active");
    await stream.goesOn(50);
    expect(await session.address()).toContain(`:${pair.ports.replica}`);
    await pair.cli("thaw", "primary");
    await stream.goesOn(50);

    await nothingIsWrong(client, pair, stream);
  },
);

failoverCase("a cut link, guarded: one of the two serves, and the client is there", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports, watchful));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);

  await pair.cli("link", "cut");
  await pair.isProtection("unprotected");
  await stream.goesOn(50);

  const { primary, replica } = await pair.view();
  expect([primary.state, replica.state].filter((state) => state === "active")).toHaveLength(1);
  await nothingIsWrong(client, pair, stream);
});

failoverCase("a cut link, classic: both serve, each keeps what it confirmed", async (client) => {
  const pair = await Pair.start({ flags: ["--profile", "classic"] });
  const session = await client.session(failoverUri(pair.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);

  await pair.cli("link", "cut");
  await pair.isProtection("split");
  await stream.goesOn(50);
  const { confirmed, failures } = await stream.halt();
  expect(failures).toEqual([]);
  expect(client.events(session.connection)).toEqual([]);

  const other = await client.session(`tcp://127.0.0.1:${pair.ports.replica}`);
  await other.send(queue, "on the other side");
  expect(await texts(client, `tcp://127.0.0.1:${pair.ports.primary}`)).toEqual(confirmed);
  const there = await texts(client, `tcp://127.0.0.1:${pair.ports.replica}`);
  expect(there.at(-1)).toBe("on the other side");
  // All that was confirmed while the two were one.
  expect(there.slice(0, -1)).toEqual(confirmed.slice(0, there.length - 1));
  expect(there.length).toBeGreaterThan(50);
});

failoverCase("a lost replica: clients go on without noticing", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);

  await pair.killFromOutside("replica");
  await pair.isProtection("unprotected");
  await stream.goesOn(50);

  expect(client.events(session.connection)).toEqual([]);
  await nothingIsWrong(client, pair, stream);
});

failoverCase("waitForReplica always: sends wait for the replica, none is lost", async (client) => {
  const pair = await Pair.start({ flags: ["--wait-for-replica", "always"] });
  const session = await client.session(failoverUri(pair.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);

  await pair.killFromOutside("replica");
  await pair.isState("primary", "blocked");
  await pair.isState("replica", "killed");
  await pair.cli("start", "replica");
  await pair.isProtection("protected");
  await stream.goesOn(50);

  await nothingIsWrong(client, pair, stream);
});

failoverCase("the recovery copy under connected clients: they wait and go on", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);
  await pair.killFromOutside("primary");
  await stream.goesOn(50);

  await pair.cli("recover");
  await pair.isProtection("protected");
  await stream.goesOn(50);

  await nothingIsWrong(client, pair, stream);
});

failoverCase("a stale primary that is restarted without the copy serves nobody", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(50);
  await pair.killFromOutside("primary");
  await stream.goesOn(50);

  await pair.cli("start", "primary");
  await pair.isState("primary", "out of sync");
  const late = await client.session(failoverUri(pair.ports));
  expect(await late.address()).toContain(`:${pair.ports.replica}`);
  await stream.goesOn(50);

  await nothingIsWrong(client, pair, stream);
});

failoverCase("a primary that is stopped: what waits on a temporary queue waits on", async (client) => {
  const pair = await Pair.start();
  const asking = await client.session(failoverUri(pair.ports));
  const answering = await client.session(failoverUri(pair.ports));
  const replyTo = await asking.temporaryQueue();
  const requests = await answering.consumer(queue);
  await asking.request(queue, replyTo, "question");
  expect(await requests.texts(1)).toEqual(["question"]);
  await answering.send(requests.replyTo, "answer");

  await pair.cli("stop", "primary");
  await client.told(asking.connection, "resumed");

  expect(await (await asking.consumer(replyTo)).texts(1)).toEqual(["answer"]);
});
