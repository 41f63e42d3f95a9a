import { expect } from "vitest";
import { eventually } from "../process/program.ts";
import { failoverCase } from "./cases.ts";
import { JavaFailure, type JavaClient } from "./client.ts";
import type { Java } from "./java.ts";
import { ReplyThief } from "./reply-thief.ts";
import { failoverUri, noteBlackout, startStage, type Stage } from "./stage.ts";

const queue = "queue://orders";

/** All there is, taken by a client that connects anew. */
async function drained(client: JavaClient, ports: Stage["ports"]): Promise<string[]> {
  const reading = await client.session(failoverUri(ports));
  return (await (await reading.consumer(queue)).rest()).map(({ text }) => text);
}

/** A stage whose first address is reached over a thief. */
async function startWithThief(java: Java): Promise<{ stage: Stage; thief: ReplyThief; uri: string }> {
  const stage = await startStage(java);
  const thief = await ReplyThief.before(stage.ports.primary);
  return { stage, thief, uri: failoverUri({ ...stage.ports, primary: thief.port }) };
}

/** Waits until the broker itself shows so many messages. */
async function isStored(client: JavaClient, port: number, count: number): Promise<void> {
  const looking = await client.session(`tcp://127.0.0.1:${port}`);
  await eventually(
    async () => ((await looking.browse(queue)).length === count ? true : undefined),
    `${count} stored messages`,
  );
  await looking.close();
}

failoverCase("an idle client is connected again, and works on", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports));
  const consumer = await session.consumer(queue);

  await stage.kill();
  await client.told(session.connection, "resumed");

  await session.send(queue, "after");
  expect(await consumer.texts(1)).toEqual(["after"]);
  noteBlackout(client.blackoutMs(session.connection));
});

failoverCase("a producer under load: what was confirmed is there once, in order", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports));
  const stream = session.produce(queue, "m");
  await stream.goesOn(100);

  await stage.kill();
  await stream.goesOn(100);

  const { confirmed, failures, longestGapMs } = await stream.halt();
  expect(failures).toEqual([]);
  expect(await drained(client, stage.ports)).toEqual(confirmed);
  noteBlackout(longestGapMs);
});

failoverCase("a send that was stored while its reply got lost: one copy", async (client, java) => {
  const { stage, thief, uri } = await startWithThief(java);
  const session = await client.session(uri);
  await session.send(queue, "before");
  thief.steal("replies");
  const sent = session.send(queue, "in doubt");
  await isStored(client, stage.ports.primary, 2);

  await stage.kill();
  thief.cut();
  await sent;

  await session.send(queue, "after");
  expect(await drained(client, stage.ports)).toEqual(["before", "in doubt", "after"]);
});

failoverCase(
  "a commit that was done while its reply got lost: in doubt for the client, all there",
  async (client, java) => {
    const { stage, thief, uri } = await startWithThief(java);
    const session = await client.session(uri, "transacted");
    await session.send(queue, "1", "2", "3");
    thief.steal("replies");
    const committed = session.commit().catch((failure: unknown) => failure);
    await isStored(client, stage.ports.primary, 3);

    await stage.kill();
    thief.cut();

    // The client cannot know, and says so; a repetition is the application's affair.
    const failure = await committed;
    expect(failure).toBeInstanceOf(JavaFailure);
    expect((failure as JavaFailure).className).toBe("javax.jms.TransactionRolledBackException");
    await session.send(queue, "next");
    await session.commit();
    expect(await drained(client, stage.ports)).toEqual(["1", "2", "3", "next"]);
  },
);

failoverCase("an open transaction of sends goes on, and is committed whole", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports), "transacted");
  await session.send(queue, "1", "2", "3");

  await stage.kill();
  await client.told(session.connection, "resumed");

  await session.send(queue, "4", "5");
  const other = await client.session(failoverUri(stage.ports));
  expect(await other.browse(queue)).toEqual([]);
  await session.commit();
  expect(await drained(client, stage.ports)).toEqual(["1", "2", "3", "4", "5"]);
});

failoverCase("an open transaction that is rolled back afterwards leaves nothing", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports), "transacted");
  await session.send(queue, "1", "2");

  await stage.kill();
  await client.told(session.connection, "resumed");

  await session.rollback();
  await session.send(queue, "3");
  await session.commit();
  expect(await drained(client, stage.ports)).toEqual(["3"]);
});

failoverCase("transactions under load are whole or not there", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports), "transacted");
  const stream = session.produce(queue, "m", 5);
  await stream.goesOn(100);

  await stage.kill();
  await stream.goesOn(100);

  const { confirmed, failures, longestGapMs } = await stream.halt();
  // One commit may be in doubt; the client says so.
  expect(failures.filter((failure) => !failure.includes("TransactionRolledBackException"))).toEqual([]);
  const found = await drained(client, stage.ports);
  const groups = new Map<string, string[]>();
  for (const text of found) {
    const group = text.split("/")[0] ?? "";
    groups.set(group, [...(groups.get(group) ?? []), text]);
  }
  for (const [group, texts] of groups)
    expect(texts).toEqual([1, 2, 3, 4, 5].map((part) => `${group}/${part}`));
  expect(confirmed.filter((text) => !found.includes(text))).toEqual([]);
  noteBlackout(longestGapMs);
});
