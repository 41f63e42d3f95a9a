import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { admit } from "../../engine/core/admission.ts";
import { asOp, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { session, Desk } from "./desk.ts";
import { Bench, messageTo, orders, prices } from "./helpers.ts";

test("a topic's subscriber that does not keep up loses the oldest, is told of once, and others miss nothing", () => {
  const desk = new Desk();
  desk.sizeBytes = 1;
  desk.subscribe(1, { destination: prices, prefetchCount: 1 });
  desk.subscribe(2, { destination: prices, prefetchCount: limits.topicBacklogMax * 2 });
  const [first] = desk.send(1, prices);
  expect(desk.run()).toEqual([
    [1, [first]],
    [2, [first]],
  ]);
  const ops: Op[] = [];
  let received = 0;
  while (ops.length < limits.topicBacklogMax) {
    for (const op of desk.send(1_000, prices)) ops.push(op);
    received += desk.run().length;
  }
  expect(desk.dispatcher.copies.backlogs.takeNotices()).toEqual([]);
  const [last] = desk.send(1, prices);

  expect(desk.dispatcher.copies.backlogs.takeNotices()).toEqual([
    "The subscriber c1-1 of topic://prices does not keep up: more than 100,000 messages waited for it, and the oldest 1,000 were discarded.",
  ]);
  expect(received + desk.run().length).toBe(ops.length + 1);
  const slow = desk.dispatcher.consumer(session(1), "s")!;
  expect(slow.pending).toHaveLength(ops.length + 1 - limits.topicDiscardCount);
  expect([slow.pending[0], slow.pending.at(-1)]).toEqual([ops[limits.topicDiscardCount], last]);

  // What was discarded is nobody's any more once the other has settled it.
  desk.dispatcher.removeSession(session(2));
  desk.dispatcher.settleVolatile(slow, [first!]);
  expect(desk.run()).toEqual([[1, [ops[limits.topicDiscardCount]]]]);
  expect(desk.bench.takeContents().kept).toHaveLength(ops.length + 1 - limits.topicDiscardCount);
});

test("who wants more at once than may wait is told of as slow before anything is discarded", () => {
  const desk = new Desk();
  desk.sizeBytes = limits.unsentBytesPerConnectionMax;
  const slow: string[] = [];
  desk.dispatcher.onSlow = ({ owner }, topic) => slow.push(`${owner} ${topic.name}`);
  desk.subscribe(1, { destination: prices, prefetchCount: limits.topicBacklogMax * 2 });
  const [first] = desk.send(1, prices);
  expect(desk.run()).toEqual([[1, [first]]]);

  // Its connection takes nothing more, so all others wait.
  desk.send(limits.topicBacklogMax - 1, prices);
  desk.run();
  expect(slow).toEqual([]);
  desk.send(1, prices);
  desk.run();
  expect(slow).toEqual(["c1-1 prices"]);
  expect(desk.dispatcher.consumer(session(1), "s")?.pending).toHaveLength(limits.topicBacklogMax);
});

test("there are 100,000 queues and durable subscriptions at most, however they come to be", () => {
  const bench = new Bench();
  const { broker } = bench;
  const queue = (name: string) => ({ kind: "queue", name }) as const;
  bench.do({ kind: "begin", owner: "o", transaction: "t" });
  bench.send(queue("of-the-transaction"), {}, "t", "o");
  for (let count = 0; count < limits.destinationsMax; count += 1)
    bench.do({ kind: "create-queue", destination: queue(`q${count}`) });

  const beyond: Command[] = [
    { kind: "create-queue", destination: orders },
    { kind: "send", owner: "o", message: messageTo(orders), transaction: null },
    { kind: "send", owner: "o", message: messageTo(orders), transaction: "t" },
    { kind: "finish", owner: "o", transaction: "t", outcome: "commit" },
    { kind: "create-temporary", owner: "o", destination: { kind: "temp-queue", name: "c:1" } },
    { kind: "create-durable", clientId: "c", name: "d", destination: prices, selector: null },
  ];
  for (const command of beyond) expect(admit(broker, command)?.code, command.kind).toBe("LIMIT_REACHED");

  const within: Command[] = [
    { kind: "create-queue", destination: queue("q0") },
    { kind: "send", owner: "o", message: messageTo(queue("q0")), transaction: null },
    { kind: "send", owner: "o", message: messageTo(prices), transaction: null },
    { kind: "finish", owner: "o", transaction: "t", outcome: "rollback" },
  ];
  for (const command of within) expect(admit(broker, command), command.kind).toBeNull();
  expect(broker.queues.get("queue://q0")?.has(asOp(1))).toBe(false);
});
