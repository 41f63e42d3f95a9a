import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import { durableKey } from "../../engine/core/durable.ts";
import { Dispatcher } from "../../engine/core/dispatch.ts";
import { DueHeap, type Expiry } from "../../engine/core/expiry.ts";
import type { Destination } from "../../engine/core/message.ts";
import { matchesPattern } from "../../engine/core/pattern.ts";
import type { Queue } from "../../engine/core/queue.ts";
import { Desk, session } from "./desk.ts";
import { Bench, orders, ordersKey, prices } from "./helpers.ts";

describe("dispatch: queues", () => {
  test("no more than the prefetch is handed out, and more as it is settled", () => {
    const desk = new Desk();
    const ops = desk.send(5);
    desk.subscribe(1, { prefetchCount: 2 });
    expect(desk.run()).toEqual([[1, ops.slice(0, 2)]]);
    expect(desk.run()).toEqual([]);
    desk.settle(1, [ops[0]!]);
    expect(desk.run()).toEqual([[1, [ops[2]]]]);
  });

  test("consumers take turns, and the next round begins behind the last one served", () => {
    const desk = new Desk().subscribe(1).subscribe(2).subscribe(3);
    const first = desk.send(4);
    expect(new Map(desk.run())).toEqual(
      new Map([
        [1, [first[0], first[3]]],
        [2, [first[1]]],
        [3, [first[2]]],
      ]),
    );
    const [next] = desk.send();
    expect(desk.run()).toEqual([[2, [next]]]);
  });

  test("consumers of a higher priority are served first, and what they have no room for is not left behind", () => {
    const desk = new Desk().subscribe(1).subscribe(2, { consumerPriority: 5, prefetchCount: 2 });
    const ops = desk.send(3);
    expect(desk.run()).toEqual([
      [2, ops.slice(0, 2)],
      [1, [ops[2]]],
    ]);
    desk.settle(2, ops.slice(0, 1));
    const [next] = desk.send();
    expect(desk.run()).toEqual([[2, [next]]]);
  });

  test("an exclusive consumer gets everything, and its successor takes over", () => {
    const desk = new Desk().subscribe(1).subscribe(2, { exclusive: true }).subscribe(3, { exclusive: true });
    const ops = desk.send(3);
    expect(desk.run()).toEqual([[2, ops]]);
    desk.dispatcher.removeSession(session(2));
    desk.bench.do({ kind: "leave", owner: "c1-2", keepsTemporaries: false });
    expect(desk.run()).toEqual([[3, ops]]);
  });

  test("an exclusive consumer keeps getting everything, message after message", () => {
    const desk = new Desk().subscribe(1, { exclusive: true }).subscribe(2, { exclusive: true });
    for (let count = 0; count < 3; count += 1) {
      const ops = desk.send(1);
      expect(desk.run()).toEqual([[1, ops]]);
    }
  });

  test("a consumer that reads too slowly gets nothing until it reads again", () => {
    const desk = new Desk().subscribe(1);
    desk.dispatcher.outlets.unsent(session(1), limits.unsentBytesPerConnectionMax);
    const ops = desk.send(2);
    expect(desk.run()).toEqual([]);
    desk.dispatcher.outlets.unsent(session(1), 0);
    expect(desk.run()).toEqual([[1, ops]]);
  });

  test("large messages are handed out as far as they fit on the way to a client, and the others get the rest", () => {
    const desk = new Desk().subscribe(1);
    desk.sizeBytes = limits.unsentBytesPerConnectionMax / 2;
    const ops = desk.send(6);
    expect(desk.run()).toEqual([[1, ops.slice(0, 2)]]);
    desk.subscribe(2);
    expect(desk.run()).toEqual([[2, ops.slice(2, 4)]]);

    // The first client's connection took one to itself and does not get rid of it; the second one's took both at once.
    desk.dispatcher.outlets.gone(session(1));
    desk.dispatcher.outlets.unsent(session(1), desk.sizeBytes);
    desk.dispatcher.outlets.gone(session(2));
    desk.dispatcher.outlets.gone(session(2));
    expect(desk.run()).toEqual([[2, ops.slice(4)]]);
  });

  test("a message larger than any way out leaves when nothing else is on it", () => {
    const desk = new Desk().subscribe(1);
    desk.sizeBytes = limits.unsentBytesMax * 2;
    const [first, second] = desk.send(2);
    expect(desk.run()).toEqual([[1, [first]]]);
    desk.dispatcher.outlets.gone(session(1));
    expect(desk.run()).toEqual([[1, [second]]]);
  });

  test("subscribers of a topic wait for room too, and miss nothing", () => {
    const desk = new Desk().subscribe(1, { destination: prices });
    desk.sizeBytes = limits.unsentBytesPerConnectionMax;
    const ops = desk.send(3, prices);
    expect(desk.run()).toEqual([[1, [ops[0]]]]);
    for (const op of ops.slice(1)) {
      desk.dispatcher.outlets.gone(session(1));
      expect(desk.run()).toEqual([[1, [op]]]);
    }
  });

  test("many clients that read nothing leave room for one that does", () => {
    const desk = new Desk();
    desk.sizeBytes = 65_536;
    for (let number = 1; number <= 100; number += 1) desk.subscribe(number, { prefetchCount: 10_000 });
    desk.send(4_000);
    desk.run();
    const waiting = desk.bench.broker.queues.get(ordersKey)!.waitingCount;
    // All that was handed out is still on its way: no more than all may have together.
    expect((4_000 - waiting) * desk.sizeBytes).toBeLessThan(limits.unsentBytesMax);
    desk.subscribe(101);
    expect(desk.run().map(([number]) => number)).toEqual([101]);
  });

  test("a pattern reads all queues that match, and those that come later", () => {
    const desk = new Desk();
    const [first] = desk.send(1, { kind: "queue", name: "a.b" });
    desk.subscribe(1, { destination: { kind: "queue", name: "a.>" } });
    const [second] = desk.send(1, { kind: "queue", name: "a.c" });
    desk.send(1, { kind: "queue", name: "other" });
    expect(desk.run().flatMap(([, ops]) => ops)).toEqual([first, second]);
  });

  test("a temporary queue that is deleted is forgotten by its readers", () => {
    const desk = new Desk();
    const replies: Destination = { kind: "temp-queue", name: "x" };
    desk.bench.do({ kind: "create-temporary", owner: "c1-1", destination: replies });
    desk.subscribe(1, { destination: replies });
    const [op] = desk.send(1, replies);
    expect(desk.run()).toEqual([[1, [op]]]);
    desk.bench.do({ kind: "leave", owner: "c1-1", keepsTemporaries: false });
    desk.dispatcher.removeSession(session(1));
    expect(desk.run()).toEqual([]);
  });

  test("what expired is not handed out", () => {
    const desk = new Desk();
    desk.bench.send(orders, { expiresAt: asWallTime(100) });
    const fresh = desk.bench.send(orders, { expiresAt: asWallTime(900) });
    desk.subscribe(1);
    expect(desk.run(100)).toEqual([[1, [fresh]]]);
    expect(desk.bench.waiting("queue://ActiveMQ.DLQ")).toHaveLength(1);
  });

  test("what expires while nobody reads goes in its time, and not before", () => {
    const desk = new Desk();
    desk.bench.send(orders, { expiresAt: asWallTime(100) });
    desk.run(99);
    expect(desk.bench.broker.queues.get(ordersKey)?.depth).toBe(1);
    desk.run(100);
    expect(desk.bench.broker.queues.get(ordersKey)?.depth).toBe(0);
  });

  test("of very many that expire at once some go at a time, those of a queue together", () => {
    const desk = new Desk();
    const count = limits.expiredPerTurnMax + 10;
    for (let left = count; left > 0; left -= 1) desk.bench.send(orders, { expiresAt: asWallTime(100) });
    const expired: number[] = [];
    const turn = (): void =>
      desk.dispatcher.run(asWallTime(100), (command) => {
        desk.bench.do(command);
        if (command.kind === "expire") expired.push(command.messages.length);
      });
    turn();
    expect(expired).toEqual([limits.expiredPerTurnMax]);
    expect(desk.dispatcher.isBehind).toBe(true);
    turn();
    expect(expired).toEqual([limits.expiredPerTurnMax, 10]);
    expect(desk.dispatcher.isBehind).toBe(false);
    expect(desk.bench.broker.queues.get("queue://ActiveMQ.DLQ")?.depth).toBe(count);
  });

  test("a dispatcher that is made after a promotion finds all that waits and all that will expire", () => {
    const bench = new Bench();
    const [first, second] = [bench.send(orders, { expiresAt: asWallTime(50) }), bench.send()];
    const desk = new Desk();
    Object.assign(desk, { bench, dispatcher: new Dispatcher(bench.broker, bench.read, () => 1) });
    bench.broker.observer = desk.dispatcher;
    desk.run(50);
    expect(bench.waiting()).toEqual([second]);
    desk.subscribe(1);
    expect(desk.run(60)).toEqual([[1, [second]]]);
    expect(bench.waiting("queue://ActiveMQ.DLQ")).toEqual([first]);
  });
});

describe("dispatch: topics", () => {
  test("each subscriber gets a copy, and what it cannot take yet waits for it alone", () => {
    const desk = new Desk()
      .subscribe(1, { destination: prices, prefetchCount: 1 })
      .subscribe(2, { destination: prices });
    const [first, second] = desk.send(2, prices);
    expect(desk.run()).toEqual([
      [1, [first]],
      [2, [first]],
      [2, [second]],
    ]);
    const slow = desk.dispatcher.consumer(session(1), "s")!;
    expect([...slow.inHand]).toEqual([first]);
    desk.dispatcher.settleVolatile(slow, [first!]);
    expect(desk.run()).toEqual([[1, [second]]]);
  });

  test("very many copies go out some at a time, in order, and no more should come in before", () => {
    const desk = new Desk();
    desk.sizeBytes = 1;
    const subscribers = 100;
    for (let number = 1; number <= subscribers; number += 1)
      desk.subscribe(number, { destination: prices, prefetchCount: 1_000 });
    const ops = desk.send(limits.copiesInLineMax / subscribers, prices);
    expect(desk.dispatcher.copies.isFlooded).toBe(true);
    const received = new Map<number, number[]>();
    for (let turn = 0; turn < limits.copiesInLineMax / limits.copiesPerTurnMax; turn += 1) {
      expect(desk.dispatcher.copies.isFlooded).toBe(true);
      const copies = desk.run();
      expect(copies).toHaveLength(limits.copiesPerTurnMax);
      for (const [number, [op]] of copies) received.set(number, [...(received.get(number) ?? []), op!]);
    }
    expect(desk.dispatcher.copies.isFlooded).toBe(false);
    expect([...received.values()]).toEqual(Array.from({ length: subscribers }, () => ops));
  });

  test("contents live until the last subscriber is done with them, or gone", () => {
    const desk = new Desk().subscribe(1, { destination: prices }).subscribe(2, { destination: prices });
    const [op] = desk.send(1, prices);
    desk.run();
    expect(desk.bench.takeContents().kept).toEqual([op]);
    desk.dispatcher.settleVolatile(desk.dispatcher.consumer(session(1), "s")!, [op!]);
    expect(desk.bench.takeContents().dead).toEqual([]);
    desk.dispatcher.removeSession(session(2));
    expect(desk.bench.takeContents().dead).toEqual([op]);
  });

  test("noLocal: nobody gets what it sent itself", () => {
    const desk = new Desk().subscribe(1, { destination: prices, noLocal: true });
    desk.send(1, prices, "c1-1");
    const [op] = desk.send(1, prices, "c1-2");
    expect(desk.run()).toEqual([[1, [op]]]);
  });

  test("a durable subscription is a queue with one reader", () => {
    const desk = new Desk();
    desk.bench.do({ kind: "create-durable", clientId: "c", name: "d", destination: prices, selector: null });
    const [op] = desk.send(1, prices);
    desk.subscribe(1, { destination: prices, durable: { clientId: "c", name: "d" } });
    expect(desk.run()).toEqual([[1, [op]]]);
    expect(desk.dispatcher.durableUser("c", "d")).toBe(1);
    expect(desk.bench.broker.queues.get(durableKey("c", "d"))?.delivered.size).toBe(1);
    desk.dispatcher.removeSession(session(1));
    expect(desk.dispatcher.durableUser("c", "d")).toBeUndefined();
  });
});

test("due heap: the next one first, whatever the order they came in", () => {
  const heap = new DueHeap<Expiry>();
  const times = [5, 1, 9, 3, 3, 7, 2, 8];
  for (const [index, at] of times.entries())
    heap.add({ at: asWallTime(at), queue: null as unknown as Queue, op: asOp(index) });
  const due: number[] = [];
  for (let next = heap.takeDue(asWallTime(7)); next !== undefined; next = heap.takeDue(asWallTime(7)))
    due.push(next.at);
  expect(due).toEqual([1, 2, 3, 3, 5, 7]);
  expect(heap.takeDue(asWallTime(8))?.at).toBe(8);
});

test("patterns: * is one element, > all the rest, and none of it too", () => {
  for (const [pattern, name, isMatch] of [
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a", true],
    [">", "anything", true],
    ["*.b", "a.b", true],
    ["a.b", "a.b.c", false],
  ] as const)
    expect(matchesPattern(pattern, name), `${pattern} ${name}`).toBe(isMatch);
});

describe("dispatch: what JMS clients add", () => {
  test("a browser sees what waits, in order, takes nothing, and is told when it has seen all", () => {
    const desk = new Desk();
    const ops = desk.send(3);
    desk.subscribe(1, { browser: true, prefetchCount: 2 });
    expect(desk.run()).toEqual([
      [1, [ops[0]]],
      [1, [ops[1]]],
    ]);
    desk.dispatcher.settleVolatile(desk.dispatcher.consumer(session(1), "s")!, ops.slice(0, 2));
    expect(desk.run()).toEqual([
      [1, [ops[2]]],
      [1, []],
    ]);
    expect(desk.bench.waiting()).toEqual(ops);
  });

  test("a browser sees what others have in their hands, in its place, and each message once", () => {
    const desk = new Desk().subscribe(1, { prefetchCount: 2 });
    const ops = desk.send(2);
    desk.run();
    const both = { kind: "queue", name: "orders,later" } as const;
    ops.push(...desk.send(1, both));
    desk.subscribe(2, { browser: true, destination: both });

    expect(desk.run()).toEqual([...ops.map((op) => [2, [op]]), [2, []]]);
  });

  test("without a prefetch a consumer gets what it pulls and no more", () => {
    const desk = new Desk().subscribe(1, { prefetchCount: 0 });
    const ops = desk.send(3);
    expect(desk.run()).toEqual([]);
    desk.dispatcher.pull(desk.dispatcher.consumer(session(1), "s")!, 1);
    expect(desk.run()).toEqual([[1, [ops[0]]]]);
    expect(desk.run()).toEqual([]);
  });

  test("a message that was looked at makes room once, settled or not", () => {
    const desk = new Desk().subscribe(1, { prefetchCount: 1 });
    const ops = desk.send(4);
    expect(desk.run()).toEqual([[1, [ops[0]]]]);
    const consumer = desk.dispatcher.consumer(session(1), "s")!;
    desk.dispatcher.extend(consumer, [ops[0]!]);
    expect(desk.run()).toEqual([[1, [ops[1]]]]);
    desk.settle(1, [ops[0]!]);
    expect(desk.run()).toEqual([]);
    desk.settle(1, [ops[1]!]);
    expect(desk.run()).toEqual([[1, [ops[2]]]]);
  });
});
