import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asOp, type Op } from "../../engine/base/units.ts";
import { Queue, type QueuedMessage } from "../../engine/core/queue.ts";

function message(op: number, priority = 4): QueuedMessage {
  return {
    op: asOp(op),
    position: op,
    priority,
    expiresAt: null,
    persistent: true,
    deadLetter: null,
    deliveryCount: 0,
    stored: false,
  };
}

function queueOf(...priorities: number[]): Queue {
  const queue = new Queue("queue://q", 1);
  for (const [index, priority] of priorities.entries()) queue.push(message(index + 1, priority));
  return queue;
}

const ops = (messages: readonly QueuedMessage[]): number[] => messages.map(({ op }) => op);

describe("queue", () => {
  test("hands out the highest priority first, and within it the oldest", () => {
    expect(ops(queueOf(4, 9, 0, 9, 4).next(10))).toEqual([2, 4, 1, 5, 3]);
  });

  test("looks no further than it is asked to, and changes nothing by looking", () => {
    const queue = queueOf(4, 4, 4);
    expect(ops(queue.next(2))).toEqual([1, 2]);
    expect(ops(queue.next(2))).toEqual([1, 2]);
    expect(queue).toMatchObject({ depth: 3, waitingCount: 3 });
  });

  test("what comes back stands where it stood, however often", () => {
    const queue = queueOf(4, 4, 4, 4);
    for (const op of [1, 2, 3]) queue.deliver(asOp(op), "c", "s");
    for (const op of [3, 1, 2]) queue.release(asOp(op));
    expect(ops(queue.next(9))).toEqual([1, 2, 3, 4]);
    queue.deliver(asOp(1), "c", "s");
    queue.release(asOp(1));
    expect(ops(queue.next(9))).toEqual([1, 2, 3, 4]);
    expect(queue.get(asOp(1))?.deliveryCount).toBe(2);
  });

  test("counts what it took in and gave away", () => {
    const queue = queueOf(4, 4);
    queue.deliver(asOp(1), "c", "s");
    queue.remove(asOp(1));
    queue.remove(asOp(2));
    expect(queue).toMatchObject({ depth: 0, waitingCount: 0, enqueuedCount: 2, dequeuedCount: 2 });
    expect(queue.dirty.size).toBe(0);
  });

  test("remembers a removal only of what a checkpoint knows", () => {
    const queue = queueOf(4, 4);
    queue.get(asOp(1))!.stored = true;
    queue.dirty.clear();
    queue.remove(asOp(1));
    queue.remove(asOp(2));
    expect([...queue.dirty]).toEqual([1]);
  });

  test("a long queue that is emptied from the front keeps its order and its speed", () => {
    const queue = new Queue("queue://q", 1);
    for (let op = 1; op <= 5_000; op += 1) queue.push(message(op));
    for (let op = 1; op <= 5_000; op += 1) {
      expect(ops(queue.next(1))).toEqual([op]);
      queue.remove(asOp(op));
    }
    expect(queue.next(1)).toEqual([]);
  });

  test("behaves like a sorted list, whatever is done to it", () => {
    const action = fc.tuple(
      fc.constantFrom("push", "deliver", "release", "remove", "next"),
      fc.nat(30),
      fc.nat(9),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (script) => {
        const queue = new Queue("queue://q", 1);
        const twin: { op: Op; priority: number; out: boolean }[] = [];
        let last = 0;
        for (const [kind, index, priority] of script) {
          const one = twin[index % Math.max(1, twin.length)];
          if (kind === "push") {
            last += 1;
            queue.push(message(last, priority));
            twin.push({ op: asOp(last), priority, out: false });
          } else if (kind === "next") {
            // Looking in between must not disturb what is kept for the next look.
            queue.next(index);
          } else if (one !== undefined && kind === "remove") {
            queue.remove(one.op);
            twin.splice(twin.indexOf(one), 1);
          } else if (one !== undefined && kind === "deliver" && !one.out) {
            queue.deliver(one.op, "c", "s");
            one.out = true;
          } else if (one !== undefined && kind === "release" && one.out) {
            queue.release(one.op);
            one.out = false;
          }
        }
        const waiting = twin.filter(({ out }) => !out).sort((a, b) => b.priority - a.priority || a.op - b.op);
        expect(ops(queue.next(1_000))).toEqual(waiting.map(({ op }) => op));
        expect(queue.waitingCount).toBe(waiting.length);
        expect(queue.depth).toBe(twin.length);
        expect(ops([...queue.inOrder()])).toEqual(twin.map(({ op }) => op).sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});
