import { expect } from "vitest";
import { eventually } from "../process/program.ts";
import { failoverCase } from "./cases.ts";
import type { JavaClient, JavaFailure, Mode } from "./client.ts";
import { ReplyThief } from "./reply-thief.ts";
import { failoverUri, isReal, startStage, type Stage } from "./stage.ts";

const queue = "queue://orders";
const six = ["1", "2", "3", "4", "5", "6"];

async function sendSix(client: JavaClient, ports: Stage["ports"]): Promise<void> {
  const sending = await client.session(failoverUri(ports));
  await sending.send(queue, ...six);
  await sending.close();
}

failoverCase(
  "uncommitted consumption: committed once, or rolled back and delivered again",
  async (client, java) => {
    const stage = await startStage(java);
    await sendSix(client, stage.ports);
    const session = await client.session(failoverUri(stage.ports), "transacted");
    const consumer = await session.consumer(queue);
    expect(await consumer.texts(3)).toEqual(["1", "2", "3"]);

    await stage.kill();
    await client.told(session.connection, "resumed");

    let taken = ["1", "2", "3"];
    try {
      await session.commit();
    } catch (failure) {
      expect((failure as JavaFailure).className).toBe("javax.jms.TransactionRolledBackException");
      taken = [];
    }
    const rest = await consumer.receive(6 - taken.length);
    expect([...taken, ...rest.map(({ text }) => text)]).toEqual(six);
    if (taken.length === 0)
      expect(rest.slice(0, 3).map(({ isRedelivered }) => isRedelivered)).toEqual([true, true, true]);
    await session.commit();
    expect(await consumer.rest()).toEqual([]);
  },
);

failoverCase(
  "uncommitted consumption whose client dies too: all comes again, flagged and counted",
  async (client, java) => {
    const stage = await startStage(java);
    await sendSix(client, stage.ports);
    const session = await client.session(`tcp://127.0.0.1:${stage.ports.primary}`, "transacted");
    expect(await (await session.consumer(queue)).texts(3)).toEqual(["1", "2", "3"]);

    await stage.kill();

    const next = await client.session(failoverUri(stage.ports));
    const messages = await (await next.consumer(queue)).receive(6);
    expect(messages.map(({ text }) => text)).toEqual(six);
    const received = messages.slice(0, 3).map(({ isRedelivered, count }) => ({ isRedelivered, count }));
    if (!isReal)
      expect(received).toEqual(Array.from({ length: 3 }, () => ({ isRedelivered: true, count: 2 })));
  },
);

/** Three messages are received and acknowledged, the acknowledgements get lost, the primary dies. */
async function withLostAcknowledgements(
  client: JavaClient,
  mode: Mode,
  java: Parameters<typeof startStage>[0],
): Promise<{
  again: string[];
  dead: string[];
}> {
  const stage = await startStage(java);
  await sendSix(client, stage.ports);
  const thief = await ReplyThief.before(stage.ports.primary);
  const session = await client.session(failoverUri({ ...stage.ports, primary: thief.port }), mode);
  const consumer = await session.consumer(queue);
  expect(await consumer.texts(3)).toEqual(["1", "2", "3"]);
  if (mode !== "auto") expect(await consumer.texts(3)).toEqual(["4", "5", "6"]);
  thief.steal("requests");
  if (mode === "auto") expect(await consumer.texts(3)).toEqual(["4", "5", "6"]);
  else await consumer.acknowledge();

  await stage.kill();
  thief.cut();
  await client.told(session.connection, "resumed");

  const again: string[] = [];
  const looking = await client.session(failoverUri(stage.ports));
  const settled = mode === "auto" ? 3 : 0;
  return await eventually(async () => {
    again.push(...(await consumer.texts(6, 200)));
    const dead = (await looking.browse("queue://ActiveMQ.DLQ")).map(({ text }) => text);
    return settled + again.length + dead.length >= six.length ? { again, dead } : undefined;
  }, "what becomes of the six");
}

// The client remembers what it handed out. When that comes again it tells the broker to put it aside, and the
// application does not see it twice; this is what it does at the real broker too.
for (const { mode, dead } of [
  { mode: "auto", dead: ["4", "5", "6"] },
  { mode: "client", dead: six },
  { mode: "individual", dead: six },
] as const) {
  failoverCase(
    `an acknowledgement lost in ${mode} mode: nothing is handed out twice`,
    async (client, java) => {
      expect(await withLostAcknowledgements(client, mode, java)).toEqual({ again: [], dead });
    },
  );
}

for (const prefetch of [1, 1000]) {
  failoverCase(
    `two consumers with prefetch ${prefetch}: each message goes to one of them, none is stranded`,
    async (client, java) => {
      const stage = await startStage(java);
      const uri = failoverUri(stage.ports, "", `randomize=false&jms.prefetchPolicy.all=${prefetch}`);
      const one = await client.session(uri, "client");
      const two = await client.session(uri, "client");
      const consumers = [await one.consumer(queue), await two.consumer(queue)] as const;
      const sending = await client.session(failoverUri(stage.ports));
      const texts = Array.from({ length: 100 }, (_, index) => `m${index}`);
      await sending.send(queue, ...texts);
      const taken = new Set<string>();
      for (const consumer of consumers) {
        for (const text of await consumer.texts(1)) taken.add(text);
        await consumer.acknowledge();
      }

      await stage.kill();
      for (const { connection } of [one, two, sending]) await client.told(connection, "resumed");

      // Acknowledgements are not waited for: what was acknowledged last may come again, and then says so.
      const seen = new Set(taken);
      const unflagged: string[] = [];
      await eventually(async () => {
        for (const consumer of consumers) {
          const got = await consumer.receive(10, 200);
          for (const { text, isRedelivered } of got) {
            if (seen.has(text) && !isRedelivered) unflagged.push(text);
            seen.add(text);
          }
          if (got.length > 0) await consumer.acknowledge();
        }
        return seen.size === texts.length ? true : undefined;
      }, "all messages");
      expect([...seen].sort()).toEqual([...texts].sort());
      if (!isReal) expect(unflagged).toEqual([]);
    },
  );
}

failoverCase("a durable subscriber with a client id comes back to its subscription", async (client, java) => {
  const stage = await startStage(java);
  const topic = "topic://news";
  const session = await client.session(failoverUri(stage.ports), "client", { clientId: "reader" });
  const consumer = await session.consumer(topic, { durable: "s" });
  const sending = await client.session(failoverUri(stage.ports));
  await sending.send(topic, "1", "2", "3");
  expect(await consumer.texts(1)).toEqual(["1"]);
  await consumer.acknowledge();
  expect(await consumer.texts(1)).toEqual(["2"]);

  await stage.kill();
  await client.told(session.connection, "resumed");
  await client.told(sending.connection, "resumed");

  await sending.send(topic, "4");
  const after = await consumer.receive(3);
  expect(after.map(({ text }) => text)).toEqual(["2", "3", "4"]);
  if (!isReal) expect(after[0]?.isRedelivered).toBe(true);
  await consumer.acknowledge();
  await session.close();
  await sending.send(topic, "5");
  const again = await client.session(failoverUri(stage.ports), "auto", { clientId: "reader" });
  expect(await (await again.consumer(topic, { durable: "s" })).texts(1)).toEqual(["5"]);
});

failoverCase("request and reply over a temporary queue, the reply in flight", async (client, java) => {
  const stage = await startStage(java);
  const asking = await client.session(failoverUri(stage.ports));
  const answering = await client.session(failoverUri(stage.ports));
  const replyTo = await asking.temporaryQueue();
  const replies = await asking.consumer(replyTo);
  const requests = await answering.consumer(queue);
  await asking.request(queue, replyTo, "question");
  expect(await requests.texts(1)).toEqual(["question"]);

  await stage.kill();
  await client.told(asking.connection, "resumed");
  await client.told(answering.connection, "resumed");

  await answering.send(requests.replyTo, "answer");
  expect(await replies.texts(1)).toEqual(["answer"]);
  await asking.request(queue, replyTo, "another");
  expect(await requests.texts(1)).toEqual(["another"]);
  await answering.send(requests.replyTo, "answer too");
  expect(await replies.texts(1)).toEqual(["answer too"]);
});

failoverCase("a reply that waits on a temporary queue is there afterwards", async (client, java) => {
  const stage = await startStage(java);
  const asking = await client.session(failoverUri(stage.ports));
  const answering = await client.session(failoverUri(stage.ports));
  const replyTo = await asking.temporaryQueue();
  const requests = await answering.consumer(queue);
  await asking.request(queue, replyTo, "question");
  expect(await requests.texts(1)).toEqual(["question"]);
  await answering.send(requests.replyTo, "answer");

  await stage.kill();
  await client.told(asking.connection, "resumed");

  // The real broker's temporary destinations live in the memory of the one that died.
  if (!isReal) expect(await (await asking.consumer(replyTo)).texts(1)).toEqual(["answer"]);
});
