import { expect } from "vitest";
import { connectionTo, Pair } from "../process/pair.ts";
import { eventually } from "../process/program.ts";
import { failoverCase } from "./cases.ts";
import { JavaFailure, type JavaClient } from "./client.ts";
import { failoverUri } from "./stage.ts";

const queue = "queue://orders";

async function killBoth(pair: Pair): Promise<void> {
  await pair.killFromOutside("replica");
  await pair.isState("replica", "killed");
  await pair.isProtection("unprotected");
  await pair.killFromOutside("primary");
  await pair.isState("primary", "killed");
}

async function startAgain(pair: Pair): Promise<void> {
  await pair.cli("start", "primary");
  await pair.isState("primary", "active");
}

async function texts(client: JavaClient, pair: Pair): Promise<string[]> {
  const reading = await client.session(failoverUri(pair.ports));
  return (await (await reading.consumer(queue)).rest()).map(({ text }) => text);
}

/** What a call of the client threw. */
async function failureOf(call: Promise<unknown>): Promise<JavaFailure> {
  const failure: unknown = await call.then(
    () => "it succeeded",
    (error: unknown) => error,
  );
  if (failure instanceof JavaFailure) return failure;
  throw new Error(`expected a failure of the client, got ${String(failure)}`);
}

failoverCase("both brokers down while sending: the send waits, and is stored once", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports));
  await session.send(queue, "before");
  await killBoth(pair);
  await client.told(session.connection, "interrupted");

  const sent = session.send(queue, "meanwhile");
  await startAgain(pair);
  await sent;

  await session.send(queue, "after");
  expect(await texts(client, pair)).toEqual(["before", "meanwhile", "after"]);
});

failoverCase(
  "both brokers down with timeout=3000: the send fails, the connection works later",
  async (client) => {
    const pair = await Pair.start();
    const session = await client.session(failoverUri(pair.ports, "", "randomize=false&timeout=3000"));
    await session.send(queue, "before");
    await killBoth(pair);
    await client.told(session.connection, "interrupted");

    const failure = await failureOf(session.send(queue, "lost"));
    expect(failure.message).toContain("Failover timeout of 3000 ms reached");
    await startAgain(pair);
    await client.told(session.connection, "resumed");

    await session.send(queue, "after");
    expect(await texts(client, pair)).toEqual(["before", "after"]);
  },
);

failoverCase(
  "no broker up at the start: waits, or gives up after startupMaxReconnectAttempts",
  async (client) => {
    const pair = await Pair.start();
    await killBoth(pair);

    const uri = failoverUri(pair.ports, "", "randomize=false&startupMaxReconnectAttempts=2");
    const failure = await failureOf(client.session(uri));
    expect(failure.causes.join()).toContain("java.net.ConnectException");

    const patient = client.session(failoverUri(pair.ports));
    await startAgain(pair);
    const session = await patient;
    await session.send(queue, "patience");
    expect(await texts(client, pair)).toEqual(["patience"]);
  },
);

failoverCase("attempts run out: the connection fails, and tells its listener", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports, "", "randomize=false&maxReconnectAttempts=3"));
  await session.send(queue, "before");

  await killBoth(pair);
  await client.told(session.connection, "exception");

  const failure = await failureOf(session.send(queue, "lost"));
  expect(failure.className).toMatch(/^(javax\.jms\.|org\.apache\.activemq\.)/);
  await startAgain(pair);
  expect(await texts(client, pair)).toEqual(["before"]);
});

for (const options of ["randomize=false", "randomize=true", "randomize=true&backup=true"]) {
  failoverCase(`addresses in any order with ${options}: the one that serves is found`, async (client) => {
    const pair = await Pair.start();
    const { primary, replica } = pair.ports;
    const swapped = { primary: replica, replica: primary };
    const sessions = [];
    for (const ports of [pair.ports, swapped, pair.ports, swapped])
      sessions.push(await client.session(failoverUri(ports, "", options)));
    for (const session of sessions) expect(await session.address()).toContain(`:${primary}`);

    await pair.killFromOutside("primary");
    for (const session of sessions) await client.told(session.connection, "resumed");

    for (const session of sessions) {
      expect(await session.address()).toContain(`:${replica}`);
      await session.send(queue, "a");
    }
    expect(await texts(client, pair)).toEqual(["a", "a", "a", "a"]);
  });
}

failoverCase("priorityBackup: back to the first address once it serves again", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports, "", "randomize=false&priorityBackup=true"));
  await pair.killFromOutside("primary");
  await client.told(session.connection, "resumed");
  expect(await session.address()).toContain(`:${pair.ports.replica}`);
  await session.send(queue, "on the replica");

  await pair.cli("recover");
  await pair.isProtection("protected");
  // It may change over without a word, when it had the primary as a backup before it lost the replica.
  await eventually(
    async () => ((await session.address())?.includes(`:${pair.ports.primary}`) === true ? true : undefined),
    "the client at the primary",
  );
  await session.send(queue, "on the primary");
  expect(await connectionTo(pair.ports.replica)).toBe("ECONNREFUSED");
  expect(await texts(client, pair)).toEqual(["on the replica", "on the primary"]);
});
