import { assert } from "../base/assert.ts";
import type { Op, WallTime } from "../base/units.ts";
import type { Chunk, ChunkSizes } from "./chunk.ts";
import type { OwnerId } from "./command.ts";
import { Line } from "./line.ts";
import { parseDestinationKey, type Destination } from "./message.ts";

/** Why a message lies in a dead letter queue, and where it came from. */
export interface DeadLetter {
  readonly from: string;
  readonly cause: "rejected" | "expired";
}

/** A message's place in one queue. Its content is the journal entry `op`. */
export interface QueuedMessage {
  readonly op: Op;
  /** Order within the queue: given when the message became visible, kept when it is handed out and comes back. */
  readonly position: number;
  readonly priority: number;
  readonly expiresAt: WallTime | null;
  readonly persistent: boolean;
  readonly deadLetter: DeadLetter | null;
  /** Times it was handed to a consumer, the present one included. */
  deliveryCount: number;
  /** Whether the last checkpoint knows it. */
  stored: boolean;
}

/** A message in a consumer's hands. */
export interface Delivery {
  readonly message: QueuedMessage;
  readonly owner: OwnerId;
  readonly subscription: string;
}

/** What the store is to be told of a queue's chunks. */
export interface ChunkChanges {
  readonly made: readonly Chunk[];
  /** Some of their messages left. */
  readonly thinned: readonly Chunk[];
  readonly emptied: readonly Chunk[];
}

/** How many messages are put in order at a time when somebody looks through all of them. */
const lookCount = 256;

/**
 * One queue, or one durable subscription, which is a queue with a single reader. Waiting messages stand in ten lines,
 * one for each priority, each in the order of positions. New ones join at the end of their line; one that comes back
 * goes to the place it had, which is nearly always at the front, so it is kept in a short sorted list of its own.
 *
 * A message is hot, an object of its own that is found by its op, or cold, a few numbers in a {@link Chunk}. Those that
 * wait in numbers become cold at a checkpoint; one becomes hot when it is handed out. Which are cold is no part of the
 * replicated state, and nobody outside can tell.
 */
export class Queue {
  readonly key: string;
  /** `null` for a durable subscription. */
  readonly destination: Destination | null;
  /** Short name in the store. */
  readonly id: number;
  readonly delivered = new Map<Op, Delivery>();
  /** Messages whose stored row is missing or out of date. */
  readonly dirty = new Set<Op>();
  enqueuedCount = 0;
  dequeuedCount = 0;
  /** How many messages had come and gone at the last checkpoint, together; -1: it does not know the queue. */
  storedCount = -1;
  readonly #hot = new Map<Op, QueuedMessage>();
  readonly #lines: (Line | undefined)[] = [];
  #dirtyChunks = new Set<Chunk>();
  #coldCount = 0;
  /** No cold message is of a later op. */
  #coldThrough = 0;
  #waitingCount = 0;

  constructor(key: string, id: number) {
    this.key = key;
    this.destination = key.startsWith("durable://") ? null : parseDestinationKey(key);
    this.id = id;
  }

  /** All messages, waiting and delivered. */
  get depth(): number {
    return this.#hot.size + this.#coldCount;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Priorities of which there are messages, or were. */
  get priorities(): number[] {
    return [...this.#lines.keys()].filter((priority) => this.#lines[priority] !== undefined);
  }

  /** The message, to look at. */
  get(op: Op): QueuedMessage | undefined {
    const hot = this.#hot.get(op);
    if (hot !== undefined) return hot;
    const chunk = this.#chunkOf(op);
    return chunk?.messageAt(chunk.find(op));
  }

  has(op: Op): boolean {
    return this.#hot.has(op) || this.#chunkOf(op) !== undefined;
  }

  push(message: QueuedMessage): void {
    assert(!this.has(message.op), "a message is in a queue at most once");
    this.#hot.set(message.op, message);
    this.#line(message.priority).push(message);
    this.#waitingCount += 1;
    this.enqueuedCount += 1;
    this.dirty.add(message.op);
  }

  /** The next messages to hand out, at most `countMax`: the highest priority first, then the lowest position. */
  next(countMax: number): QueuedMessage[] {
    const found: QueuedMessage[] = [];
    for (let priority = 9; priority >= 0 && found.length < countMax; priority -= 1)
      this.#lines[priority]?.collect(found, countMax, this.#isHotAndWaiting);
    return found;
  }

  /** Waiting messages of one priority that stand behind `position`, the first ones. */
  waitingAfter(position: number, priority: number, countMax: number): QueuedMessage[] {
    const found: QueuedMessage[] = [];
    this.#lines[priority]?.collect(found, countMax, this.#isHotAndWaiting, position);
    return found;
  }

  /** All that wait or are in somebody's hands, in the order in which they are, or were, to be handed out. */
  present(): QueuedMessage[] {
    const present = this.next(this.#waitingCount);
    if (this.delivered.size === 0) return present;
    for (const { message } of this.delivered.values()) present.push(message);
    return present.sort((one, other) => other.priority - one.priority || one.position - other.position);
  }

  deliver(op: Op, owner: OwnerId, subscription: string): void {
    assert(!this.delivered.has(op), "only a waiting message is delivered");
    const message = this.#warm(op);
    this.delivered.set(op, { message, owner, subscription });
    message.deliveryCount += 1;
    this.#waitingCount -= 1;
    this.dirty.add(op);
  }

  /** A delivered message passes to somebody else's hands; that is no delivery of its own. */
  handOver(op: Op, owner: OwnerId): void {
    const delivery = this.delivered.get(op);
    assert(delivery !== undefined, "only a delivered message is in somebody's hands");
    this.delivered.set(op, { ...delivery, owner });
  }

  /** Corrects how often a delivered message was looked at. */
  countDelivery(op: Op, change: 1 | -1): void {
    const delivery = this.delivered.get(op);
    if (delivery === undefined) return;
    delivery.message.deliveryCount += change;
    this.dirty.add(op);
  }

  /** Back to its place among the waiting. */
  release(op: Op): QueuedMessage {
    const delivery = this.delivered.get(op);
    assert(delivery !== undefined, "only a delivered message comes back");
    this.delivered.delete(op);
    this.#line(delivery.message.priority).putBack(delivery.message);
    this.#waitingCount += 1;
    return delivery.message;
  }

  /** Removes it for good, waiting or delivered. */
  remove(op: Op): QueuedMessage {
    const message = this.#warm(op);
    this.#hot.delete(op);
    if (!this.delivered.delete(op)) this.#waitingCount -= 1;
    this.dequeuedCount += 1;
    if (message.stored) this.dirty.add(op);
    else this.dirty.delete(op);
    return message;
  }

  /** Removes all that wait, for good; returns their ops. */
  removeWaiting(): Op[] {
    const ops: Op[] = [];
    for (const line of this.#lines)
      for (const chunk of line?.chunks.splice(0) ?? [])
        for (let slot = chunk.from(0); slot !== -1; slot = chunk.from(slot)) {
          ops.push(chunk.opAt(slot));
          this.#dropCold(chunk, slot);
        }
    this.#waitingCount -= ops.length;
    this.dequeuedCount += ops.length;
    for (const op of [...this.#hot.keys()]) {
      if (this.delivered.has(op)) continue;
      ops.push(op);
      this.remove(op);
    }
    return ops;
  }

  /** Puts back what a checkpoint had: its chunks first, then its messages in the order of positions. */
  restoreChunk(chunk: Chunk): void {
    this.#line(chunk.priority).chunks.push(chunk);
    this.#addChunk(chunk);
    this.#waitingCount += chunk.aliveCount;
  }

  /** Puts back what a checkpoint had, in order of position; deliveries are then restored by their owners. */
  restore(message: QueuedMessage): void {
    this.#hot.set(message.op, message);
    this.#line(message.priority).restore(message);
    this.#waitingCount += 1;
  }

  /** Hands a restored message out again, without counting a delivery: the count was stored with it. */
  restoreDelivery(op: Op, owner: OwnerId, subscription: string): void {
    this.delivered.set(op, { message: this.#warm(op), owner, subscription });
    this.#waitingCount -= 1;
  }

  /** Before a checkpoint: those that wait in numbers become cold. */
  freeze(sizes: ChunkSizes, newId: () => number): void {
    for (const line of this.#lines)
      for (const chunk of line?.freeze(sizes, newId, this.#isHotAndWaiting) ?? []) {
        for (let slot = chunk.from(0); slot !== -1; slot = chunk.from(slot + 1)) this.#cool(chunk.opAt(slot));
        this.#addChunk(chunk);
        this.#dirtyChunks.add(chunk);
      }
  }

  /** What changed with its chunks since the last checkpoint, which knows it from now on. */
  takeChunkChanges(): ChunkChanges {
    const made: Chunk[] = [];
    const thinned: Chunk[] = [];
    const emptied: Chunk[] = [];
    for (const chunk of this.#dirtyChunks) {
      if (chunk.aliveCount > 0) (chunk.isStored ? thinned : made).push(chunk);
      else if (chunk.isStored) emptied.push(chunk);
      chunk.isStored = true;
    }
    if (this.#dirtyChunks.size > 0) this.#dirtyChunks = new Set();
    return { made, thinned, emptied };
  }

  /** The hot message whose row is to be stored; `undefined`: it left, or is no row any more. */
  rowOf(op: Op): QueuedMessage | undefined {
    return this.#hot.get(op);
  }

  /** Every message behind `after` in the order of positions: those that became visible first come first, whatever their priority. */
  *inOrder(after = 0): Generator<QueuedMessage> {
    const held = Array.from(this.delivered.values(), ({ message }) => message)
      .filter(({ position }) => position > after)
      .sort((one, other) => one.position - other.position);
    const sources: Iterator<QueuedMessage>[] = [held.values()];
    for (const priority of this.priorities) sources.push(this.#waitingInOrder(priority, after));
    yield* merged(sources);
  }

  /** The hot ones, in any order. */
  hot(): IterableIterator<QueuedMessage> {
    return this.#hot.values();
  }

  /** What all others stand in, line by line in the order of positions. */
  chunks(): Chunk[] {
    return this.#lines.flatMap((line) => line?.chunks ?? []);
  }

  /** Messages with a time to live. */
  *expiring(): Generator<QueuedMessage> {
    for (const message of this.#hot.values()) if (message.expiresAt !== null) yield message;
    for (const chunk of this.chunks()) {
      if (!chunk.hasExpiry) continue;
      for (let slot = chunk.from(0); slot !== -1; slot = chunk.from(slot + 1)) {
        const message = chunk.messageAt(slot);
        if (message.expiresAt !== null) yield message;
      }
    }
  }

  /** Ops of all its messages, in any order. */
  *ops(): Generator<Op> {
    yield* this.#hot.keys();
    for (const chunk of this.chunks()) yield* chunk.ops();
  }

  /** Whether a message that was seen waiting still does; it may have become cold meanwhile, or hot. */
  readonly isWaiting = (seen: QueuedMessage): boolean => {
    const hot = this.#hot.get(seen.op);
    if (hot !== undefined) return hot.position === seen.position && !this.delivered.has(seen.op);
    const chunk = this.#chunkOf(seen.op);
    return chunk?.positionAt(chunk.find(seen.op)) === seen.position;
  };

  readonly #isHotAndWaiting = (message: QueuedMessage): boolean =>
    this.#hot.get(message.op) === message && !this.delivered.has(message.op);

  *#waitingInOrder(priority: number, after: number): Generator<QueuedMessage> {
    for (let position = after; ;) {
      const found = this.waitingAfter(position, priority, lookCount);
      yield* found;
      if (found.length < lookCount) return;
      position = found.at(-1)!.position;
    }
  }

  #chunkOf(op: Op): Chunk | undefined {
    if (this.#coldCount === 0 || op > this.#coldThrough) return undefined;
    for (const line of this.#lines) {
      const chunk = line?.chunkOf(op);
      if (chunk !== undefined) return chunk;
    }
    return undefined;
  }

  /** The message as an object that the queue knows; one that was cold leaves its chunk. */
  #warm(op: Op): QueuedMessage {
    const hot = this.#hot.get(op);
    if (hot !== undefined) return hot;
    const chunk = this.#chunkOf(op);
    assert(chunk !== undefined, "only a message of the queue is handed out or removed");
    const slot = chunk.find(op);
    const message = chunk.messageAt(slot);
    this.#dropCold(chunk, slot);
    if (chunk.aliveCount === 0) this.#line(chunk.priority).removeChunk(chunk);
    this.#hot.set(op, message);
    return message;
  }

  #dropCold(chunk: Chunk, slot: number): void {
    chunk.drop(slot);
    this.#coldCount -= 1;
    this.#dirtyChunks.add(chunk);
  }

  /** It stands in a chunk from now on. */
  #cool(op: Op): void {
    const isStored = this.#hot.get(op)?.stored === true;
    this.#hot.delete(op);
    if (isStored) this.dirty.add(op);
    else this.dirty.delete(op);
  }

  #addChunk(chunk: Chunk): void {
    this.#coldCount += chunk.aliveCount;
    this.#coldThrough = Math.max(this.#coldThrough, chunk.greatestOp);
  }

  #line(priority: number): Line {
    return (this.#lines[priority] ??= new Line());
  }
}

/** Merges what is in the order of positions already. */
function* merged(sources: readonly Iterator<QueuedMessage>[]): Generator<QueuedMessage> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    let first = -1;
    let least = Infinity;
    for (const [index, head] of heads.entries())
      if (head.done !== true && head.value.position < least) {
        first = index;
        least = head.value.position;
      }
    const head = heads[first];
    if (head === undefined || head.done === true) return;
    yield head.value;
    heads[first] = sources[first]!.next();
  }
}
