import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asOp, asWallTime, type Op, type WallTime } from "../../engine/base/units.ts";
import { Chunk, type ChunkSizes } from "../../engine/core/chunk.ts";
import { Queue, type DeadLetter, type QueuedMessage } from "../../engine/core/queue.ts";

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

const ops = (messages: readonly { readonly op: Op }[]): number[] => messages.map(({ op }) => op);

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

  test("behaves like a sorted list, whatever is done to it, cold or hot", () => {
    const action = fc.tuple(
      fc.constantFrom(
        ...["push", "push", "push", "deliver", "deliver", "release", "remove", "next", "freeze", "restart"],
        ...["clear", "fail"],
      ),
      fc.nat(30),
      fc.nat(9),
    );
    const sizes = fc.record({ countMin: fc.integer({ min: 1, max: 4 }), countMax: fc.constantFrom(4, 5, 9) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 150, size: "max" }), sizes, (script, chunkSizes) => {
        const stage = new Stage(chunkSizes);
        for (const step of script) {
          stage.play(...step);
          stage.check();
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Place {
  readonly op: Op;
  readonly position: number;
  readonly priority: number;
  readonly expiresAt: WallTime | null;
  readonly deadLetter: DeadLetter | null;
  count: number;
  out: boolean;
}

/** A queue with a store, and beside it a plain list of what must be in it. */
class Stage {
  queue = new Queue("queue://q", 1);
  readonly #sizes: ChunkSizes;
  readonly #stored = new Map<number, { message: QueuedMessage; count: number }>();
  readonly #chunks = new Map<number, { bytes: Uint8Array; gone: Uint8Array | null }>();
  #twin: Place[] = [];
  #last = 0;
  #chunkId = 0;

  constructor(sizes: ChunkSizes) {
    this.#sizes = sizes;
  }

  play(kind: string, index: number, priority: number): void {
    const one = this.#twin[index % Math.max(1, this.#twin.length)];
    if (kind === "push") this.#push(index, priority);
    else if (kind === "next") this.queue.next(index);
    else if (kind === "freeze") this.#freeze();
    else if (kind === "restart") this.#restart();
    else if (kind === "fail") this.#fail(index);
    else if (kind === "clear" && index < 3) {
      const gone = this.#twin.filter(({ out }) => !out);
      expect(this.queue.removeWaiting().sort((a, b) => a - b)).toEqual(ops(gone).sort((a, b) => a - b));
      this.#twin = this.#twin.filter(({ out }) => out);
    } else if (one === undefined) return;
    else if (kind === "remove") {
      expect(this.queue.remove(one.op).position).toBe(one.position);
      this.#twin.splice(this.#twin.indexOf(one), 1);
    } else if (kind === "deliver" && !one.out) {
      this.queue.deliver(one.op, "c", "s");
      one.count += 1;
      one.out = true;
    } else if (kind === "release" && one.out) {
      this.queue.release(one.op);
      one.out = false;
    }
  }

  check(): void {
    const byPosition = this.#twin.toSorted((a, b) => a.position - b.position);
    const waiting = byPosition.filter(({ out }) => !out).sort((a, b) => b.priority - a.priority);
    expect(this.queue.next(1_000).map(plain)).toEqual(waiting.map(plain));
    expect(Array.from(this.queue.inOrder(), plain)).toEqual(byPosition.map(plain));
    expect(this.queue).toMatchObject({ depth: this.#twin.length, waitingCount: waiting.length });
    expect([...this.queue.ops()].sort((a, b) => a - b)).toEqual(ops(this.#twin).sort((a, b) => a - b));
    const middle = byPosition[this.#twin.length >>> 1];
    if (middle === undefined) return;
    expect(plain(this.queue.get(middle.op)!)).toEqual(plain(middle));
    const { position, priority } = middle;
    const behind = waiting.filter((one) => one.priority === priority && one.position > position).slice(0, 3);
    expect(ops(this.queue.waitingAfter(position, priority, 3))).toEqual(ops(behind));
    expect(ops([...this.queue.inOrder(position)])).toEqual(
      ops(byPosition.filter((one) => one.position > position)),
    );
    expect(ops([...this.queue.expiring()].sort((a, b) => a.op - b.op))).toEqual(
      ops(this.#twin.filter(({ expiresAt }) => expiresAt !== null).sort((a, b) => a.op - b.op)),
    );
    for (const op of [1, middle.op, this.#last + 1].map(asOp))
      expect(this.queue.has(op)).toBe(this.#twin.some((one) => one.op === op));
  }

  /** Two by two in the wrong order, as the commits of two transactions may bring them. */
  #push(index: number, priority: number): void {
    this.#last += 1;
    const op = asOp(this.#last % 2 === 0 ? this.#last - 1 : this.#last + 1);
    const expiresAt = index === 7 ? asWallTime(this.#last) : null;
    const cause = priority < 5 ? "rejected" : "expired";
    const deadLetter: DeadLetter | null = index % 3 === 0 ? { from: `queue://${index % 9}`, cause } : null;
    const place = { op, position: this.#last, priority: priority % 3, expiresAt, deadLetter };
    this.queue.push({ ...message(op), ...place });
    this.#twin.push({ ...place, count: 0, out: false });
  }

  /** All is in somebody's hands, and comes back at once in no order, as when a broker fails. */
  #fail(seed: number): void {
    for (const [index, { out }] of this.#twin.entries()) if (!out) this.play("deliver", index, 0);
    const places = [...this.#twin.keys()].sort((a, b) => ((a * seed) % 7) - ((b * seed) % 7));
    for (const index of places) this.play("release", index, 0);
  }

  #freeze(): void {
    this.queue.freeze(this.#sizes, () => (this.#chunkId += 1));
    for (const op of this.queue.dirty) {
      const row = this.queue.rowOf(op);
      if (row === undefined) this.#stored.delete(op);
      else this.#stored.set(op, { message: row, count: row.deliveryCount });
      if (row !== undefined) row.stored = true;
    }
    this.queue.dirty.clear();
    const { made, thinned, emptied } = this.queue.takeChunkChanges();
    for (const { id, bytes, gone } of [...made, ...thinned]) this.#chunks.set(id, { bytes, gone });
    for (const { id } of emptied) this.#chunks.delete(id);
    for (const line of made) expect(line.aliveCount).toBeGreaterThanOrEqual(this.#sizes.countMin);
  }

  /** What a checkpoint has is all that the next process knows. */
  #restart(): void {
    this.#freeze();
    this.queue = new Queue("queue://q", 1);
    for (const [id, { bytes, gone }] of [...this.#chunks].sort(([one], [other]) => one - other))
      this.queue.restoreChunk(Chunk.read(id, bytes, gone)!);
    const rows = [...this.#stored.values()].sort((a, b) => a.message.position - b.message.position);
    for (const { message: row, count } of rows) this.queue.restore({ ...row, deliveryCount: count });
    for (const { op, out } of this.#twin) if (out) this.queue.restoreDelivery(op, "c", "s");
  }
}

function plain(one: QueuedMessage | Place): unknown[] {
  const { op, position, priority, expiresAt, deadLetter } = one;
  const count = "count" in one ? one.count : one.deliveryCount;
  return [op, position, priority, expiresAt, deadLetter, count];
}

describe("chunk", () => {
  const sizes = { countMin: 2, countMax: 1_000 };

  test("ten thousand waiting messages are a few kilobytes, and a checkpoint writes no row for them", () => {
    const queue = new Queue("queue://q", 1);
    for (let op = 1; op <= 10_000; op += 1) queue.push(message(op));
    queue.freeze(sizes, () => 1);
    expect(queue.dirty.size).toBe(0);
    const { made } = queue.takeChunkChanges();
    expect(made).toHaveLength(10);
    expect(made.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(100_000);
    queue.deliver(asOp(5_000), "c", "s");
    const { thinned } = queue.takeChunkChanges();
    expect(thinned).toHaveLength(1);
    expect([...queue.dirty]).toEqual([5_000]);
  });

  test("a row that becomes part of a chunk is deleted", () => {
    const queue = queueOf(4, 4);
    queue.get(asOp(1))!.stored = true;
    queue.freeze(sizes, () => 1);
    expect([...queue.dirty]).toEqual([1]);
    expect(queue.rowOf(asOp(1))).toBeUndefined();
  });

  test("fewer than are worth a chunk stay hot", () => {
    const queue = queueOf(4);
    queue.freeze(sizes, () => 1);
    expect(queue.takeChunkChanges().made).toEqual([]);
  });

  test("dead letters are told apart by a byte each, however many there are", () => {
    const queue = new Queue("queue://ActiveMQ.DLQ", 1);
    const from = (op: number): string => `queue://${"orders".repeat(20)}.${op % 10}`;
    for (let op = 1; op <= 1_000; op += 1)
      queue.push({
        ...message(op),
        deadLetter: { from: from(op), cause: op % 2 === 0 ? "expired" : "rejected" },
      });
    queue.freeze(sizes, () => 1);
    const { made } = queue.takeChunkChanges();
    expect(made).toHaveLength(1);
    expect(made[0]!.bytes.length).toBeLessThan(12_000);
    expect(queue.get(asOp(998))?.deadLetter).toEqual({ from: from(998), cause: "expired" });
    expect(queue.get(asOp(999))?.deadLetter).toEqual({ from: from(999), cause: "rejected" });
  });

  test("dead letters from more places than a byte can tell apart stay hot", () => {
    const queue = new Queue("queue://ActiveMQ.DLQ", 1);
    for (let op = 1; op <= 256; op += 1)
      queue.push({ ...message(op), deadLetter: { from: `queue://${op}`, cause: "expired" } });
    queue.freeze(sizes, () => 1);
    expect(queue.takeChunkChanges().made).toEqual([]);
    expect(queue.get(asOp(256))?.deadLetter?.from).toBe("queue://256");
  });

  test("messages whose numbers lie too far apart for one stay hot", () => {
    const queue = queueOf(4);
    queue.push(message(2 ** 40));
    queue.freeze(sizes, () => 1);
    expect(queue.takeChunkChanges().made).toEqual([]);
    expect(ops(queue.next(9))).toEqual([1, 2 ** 40]);
  });

  test("bytes that are no chunk's are not read", () => {
    const chunk = Chunk.of(1, [message(7), message(9)])!;
    expect(ops([Chunk.read(1, chunk.bytes, null)!.messageAt(1)])).toEqual([9]);
    expect(Chunk.read(1, chunk.bytes.subarray(0, 40), null)).toBeNull();
    expect(Chunk.read(1, new Uint8Array(3), null)).toBeNull();
    expect(Chunk.read(1, chunk.bytes, new Uint8Array(9))).toBeNull();
    const changed = Uint8Array.from(chunk.bytes);
    changed[4] = 200;
    expect(Chunk.read(1, changed, null)).toBeNull();
    expect(Chunk.read(1, Uint8Array.from([...chunk.bytes, 0]), null)).toBeNull();

    const dead = Chunk.of(1, [{ ...message(7), deadLetter: { from: "queue://a", cause: "expired" } }])!;
    expect(Chunk.read(1, dead.bytes, null)!.messageAt(0).deadLetter?.from).toBe("queue://a");
    expect(Chunk.read(1, dead.bytes.subarray(0, -1), null)).toBeNull();
    expect(Chunk.read(1, Uint8Array.from([...dead.bytes, 0]), null)).toBeNull();
  });
});
