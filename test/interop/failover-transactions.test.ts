import { expect } from "vitest";
import { Pair } from "../process/pair.ts";
import { eventually } from "../process/program.ts";
import { failoverCase } from "./cases.ts";
import { JavaFailure, type JavaClient, type JavaConsumer, type JavaSession } from "./client.ts";
import { ReplyThief } from "./reply-thief.ts";
import { failoverUri } from "./stage.ts";

const from = "queue://orders";
const to = "queue://invoices";
const taken = ["1", "2"];
const sent = ["a", "b"];

/** One transaction takes two messages and sends two; whatever happens to it, both happen or neither. */
interface Work {
  readonly client: JavaClient;
  readonly pair: Pair;
  readonly thief: ReplyThief;
  readonly session: JavaSession;
  readonly consumer: JavaConsumer;
}

/** The client reaches the primary over a thief, or with `thiefBefore` the replica. */
async function start(client: JavaClient, thiefBefore: "primary" | "replica" = "primary"): Promise<Work> {
  const pair = await Pair.start();
  const filling = await client.session(failoverUri(pair.ports));
  await filling.send(from, ...taken);
  const thief = await ReplyThief.before(pair.ports[thiefBefore]);
  const session = await client.session(
    failoverUri({ ...pair.ports, [thiefBefore]: thief.port }),
    "transacted",
  );
  const consumer = await session.consumer(from);
  expect(await consumer.texts(2)).toEqual(taken);
  await session.send(to, ...sent);
  return { client, pair, thief, session, consumer };
}

async function outcomeOf(commit: Promise<unknown>): Promise<"committed" | "rolled back"> {
  const result = await commit.then(
    (answer) => answer,
    (failure: unknown) => failure,
  );
  if (!(result instanceof JavaFailure)) return "committed";
  expect(result.className).toBe("javax.jms.TransactionRolledBackException");
  return "rolled back";
}

/** What the brokers say became of it. */
async function wasCommitted({ client, pair, session, consumer }: Work): Promise<boolean> {
  await session.rollback();
  await consumer.close();
  // What the client held is given back before anything that is asked after it.
  const looking = await client.session(failoverUri(pair.ports));
  return await eventually(async () => {
    const left = (await looking.browse(from)).length + (await looking.browse("queue://ActiveMQ.DLQ")).length;
    const made = (await looking.browse(to)).map(({ text }) => text);
    if (left === 0) {
      expect(made).toEqual(sent);
      return true;
    }
    if (left < taken.length) return undefined;
    expect(made).toEqual([]);
    return false;
  }, "all of the transaction, or nothing");
}

async function isWhole(work: Work, commit: Promise<unknown>): Promise<void> {
  const outcome = await outcomeOf(commit);
  expect(await wasCommitted(work)).toBe(outcome === "committed");
}

for (const { what, trusting } of [
  { what: "the client", trusting: false },
  { what: "a client that commits regardless, as before 5.13,", trusting: true },
]) {
  failoverCase(`a kill before the commit is asked for: ${what} has all of it or nothing`, async (client) => {
    const work = await start(client);
    await work.pair.killFromOutside("primary");
    await client.told(work.session.connection, "resumed");
    const { go } = await work.session.holdCommit({ trusting }).catch((failure: unknown) => ({
      go: () => Promise.resolve(failure),
    }));
    await isWhole(work, go());
  });

  failoverCase(
    `a kill between acknowledgements and commit: ${what} has all of it or nothing`,
    async (client) => {
      const work = await start(client);
      const { go } = await work.session.holdCommit({ trusting });
      await work.pair.killFromOutside("primary");
      await client.told(work.session.connection, "resumed");
      await isWhole(work, go());
    },
  );

  failoverCase(
    `acknowledgements lost before the commit: ${what} has all of it or nothing`,
    async (client) => {
      const work = await start(client);
      work.thief.steal("requests");
      const { go } = await work.session.holdCommit({ trusting });
      await work.pair.killFromOutside("primary");
      work.thief.cut();
      await client.told(work.session.connection, "resumed");
      await isWhole(work, go());
    },
  );

  failoverCase(
    `a connection that breaks between acknowledgements and commit: ${what} has all of it or nothing`,
    async (client) => {
      const work = await start(client);
      const { go } = await work.session.holdCommit({ trusting });
      work.thief.cut();
      await client.told(work.session.connection, "resumed");
      await isWhole(work, go());
    },
  );

  failoverCase(
    `a second failover, to the recovered primary: ${what} has all of it or nothing`,
    async (client) => {
      const work = await start(client);
      const { go } = await work.session.holdCommit({ trusting });
      await work.pair.killFromOutside("primary");
      await client.told(work.session.connection, "resumed");
      await work.pair.cli("recover");
      await work.pair.isProtection("protected");
      await client.told(work.session.connection, "resumed", 2);
      await isWhole(work, go());
    },
  );
}

failoverCase("a commit that never arrives is a rollback", async (client) => {
  const work = await start(client);
  const { go } = await work.session.holdCommit({ trusting: false });
  work.thief.steal("requests");
  const commit = go();
  await work.pair.killFromOutside("primary");
  work.thief.cut();
  expect(await outcomeOf(commit)).toBe("rolled back");
  expect(await wasCommitted(work)).toBe(false);
});

failoverCase("a commit whose reply is lost is whole, whatever the client is told", async (client) => {
  const work = await start(client);
  const { go } = await work.session.holdCommit({ trusting: false });
  const looking = await client.session(failoverUri(work.pair.ports));
  work.thief.steal("replies");
  const commit = go();
  await eventually(
    async () => ((await looking.browse(to)).length === sent.length ? true : undefined),
    "the commit",
  );
  await work.pair.killFromOutside("primary");
  work.thief.cut();
  expect(await outcomeOf(commit)).toBe("rolled back");
  expect(await wasCommitted(work)).toBe(true);
});

failoverCase("the replay itself breaks after each of its commands: all of it or nothing", async (client) => {
  const pair = await Pair.start();
  const thief = await ReplyThief.before(pair.ports.primary);
  const session = await client.session(`failover:(tcp://127.0.0.1:${thief.port})`, "transacted");
  const looking = await client.session(failoverUri(pair.ports));
  const expected: string[] = [];
  for (let frames = 1; frames <= 12; frames += 1) {
    const parts = [`${frames} a`, `${frames} b`];
    await session.send(to, parts[0]!);
    const resumed = client.events(session.connection).filter((event) => event === "resumed").length;
    thief.breakNextAfter(frames);
    thief.cut();
    // A break after more commands than there are to repeat comes at the next one, the commit itself at the latest.
    await client.told(session.connection, "resumed", resumed + 1);
    await session.send(to, parts[1]!);
    const outcome = await outcomeOf(session.commit());
    const found = (await looking.browse(to)).map(({ text }) => text);
    const isThere = found.length > expected.length;
    if (isThere) expected.push(...parts);
    expect(found).toEqual(expected);
    // In doubt the client says "rolled back"; it never says "committed" of what is not there.
    if (outcome === "committed") expect(isThere).toBe(true);
    thief.breakNever();
  }
  expect(expected.length).toBeGreaterThan(8);
});
