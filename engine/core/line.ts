import type { Op } from "../base/units.ts";
import { Chunk, type ChunkSizes } from "./chunk.ts";
import type { QueuedMessage } from "./queue.ts";

type IsWaiting = (message: QueuedMessage) => boolean;

/** Chunks made at a time: a long queue from a store of before there were any holds nobody up. */
const madeMax = 16;
/** More than these are sorted in together, rather than each put in its place. */
const insertedMax = 8;

/**
 * Waiting messages of one priority, in the order of positions. Messages that were delivered or removed meanwhile are
 * skipped when they reach the front, so that taking one from the middle costs nothing. The oldest of a long line stand
 * in chunks; behind them come those that joined last, and one that comes back goes to a sorted list of its own.
 */
export class Line {
  readonly chunks: Chunk[] = [];
  #fifo: QueuedMessage[] = [];
  #start = 0;
  /** Sorted by position, lowest last, so that the front is taken with `pop`. */
  readonly #returned: QueuedMessage[] = [];
  /** Put back since somebody looked, in any order: very many may come at once, as when a broker fails. */
  #comingBack: QueuedMessage[] = [];

  push(message: QueuedMessage): void {
    this.#fifo.push(message);
  }

  putBack(message: QueuedMessage): void {
    this.#comingBack.push(message);
  }

  /** Puts back what a checkpoint had, in the order of positions and after its chunks. */
  restore(message: QueuedMessage): void {
    if (message.position > (this.chunks.at(-1)?.lastPosition ?? 0)) this.push(message);
    else this.putBack(message);
  }

  /** The chunk in which the message stands. */
  chunkOf(op: Op): Chunk | undefined {
    return this.chunks.find((chunk) => chunk.find(op) !== -1);
  }

  removeChunk(chunk: Chunk): void {
    this.chunks.splice(this.chunks.indexOf(chunk), 1);
  }

  /** Adds the first waiting messages behind position `after` to `found` until it holds `countMax`. */
  collect(found: QueuedMessage[], countMax: number, isWaiting: IsWaiting, after = 0): void {
    this.#sortReturned();
    this.#dropGone(isWaiting);
    const cold = new ColdWalk(this.chunks, after);
    let freshAt = after === 0 ? this.#start : this.#freshAfter(after);
    let returnedAt = (after === 0 ? this.#returned.length : this.#returnedAfter(after)) - 1;
    let last: QueuedMessage | undefined;
    while (found.length < countMax) {
      const fresh = cold.isOver ? this.#fifo[freshAt] : undefined;
      const returned = this.#returned[returnedAt];
      const position = cold.isOver ? (fresh?.position ?? Infinity) : cold.position;
      if (returned !== undefined && returned.position <= position) {
        returnedAt -= 1;
        // One that came back before the front had passed it stands in both lists.
        if (returned !== last && isWaiting(returned)) found.push((last = returned));
      } else if (!cold.isOver) found.push(cold.take());
      else if (fresh === undefined) return;
      else {
        freshAt += 1;
        if (fresh !== last && isWaiting(fresh)) found.push((last = fresh));
      }
    }
  }

  /** Takes messages that wait into new chunks, oldest first, as many as make whole ones, and returns these. */
  freeze({ countMin, countMax }: ChunkSizes, newId: () => number, isWaiting: IsWaiting): Chunk[] {
    if (this.#fifo.length - this.#start < countMin) return [];
    const waiting: QueuedMessage[] = [];
    let at = this.#start;
    for (; at < this.#fifo.length && waiting.length < countMax * madeMax; at += 1) {
      const message = this.#fifo[at]!;
      if (isWaiting(message)) waiting.push(message);
    }
    const made: Chunk[] = [];
    let frozenCount = 0;
    while (waiting.length - frozenCount >= countMin) {
      const messages = waiting.slice(frozenCount, frozenCount + countMax);
      const chunk = Chunk.of(newId(), messages);
      if (chunk === null) break;
      made.push(chunk);
      frozenCount += messages.length;
    }
    if (made.length === 0) return made;
    this.#fifo = [...waiting.slice(frozenCount), ...this.#fifo.slice(at)];
    this.#start = 0;
    for (const chunk of made) this.chunks.push(chunk);
    return made;
  }

  #sortReturned(): void {
    const comingBack = this.#comingBack;
    if (comingBack.length === 0) return;
    this.#comingBack = [];
    if (comingBack.length <= insertedMax) {
      for (const message of comingBack)
        this.#returned.splice(this.#returnedAfter(message.position), 0, message);
      return;
    }
    for (const message of comingBack) this.#returned.push(message);
    this.#returned.sort((one, other) => other.position - one.position);
  }

  #dropGone(isWaiting: IsWaiting): void {
    for (
      let last = this.#returned.at(-1);
      last !== undefined && !isWaiting(last);
      last = this.#returned.at(-1)
    )
      this.#returned.pop();
    for (
      let first = this.#fifo[this.#start];
      first !== undefined && !isWaiting(first);
      first = this.#fifo[this.#start]
    )
      this.#start += 1;
    this.#compact();
  }

  #compact(): void {
    if (this.#start < 1_024 || this.#start * 2 < this.#fifo.length) return;
    this.#fifo = this.#fifo.slice(this.#start);
    this.#start = 0;
  }

  #freshAfter(position: number): number {
    return lowestIndex(this.#start, this.#fifo.length, (at) => this.#fifo[at]!.position > position);
  }

  /** How many of the returned ones stand behind the position; they are the first in the list. */
  #returnedAfter(position: number): number {
    return lowestIndex(0, this.#returned.length, (at) => this.#returned[at]!.position <= position);
  }
}

/** Walks over what is still there in chunks, from behind a position on. */
class ColdWalk {
  readonly #chunks: readonly Chunk[];
  #index = 0;
  #slot = -1;

  constructor(chunks: readonly Chunk[], after: number) {
    this.#chunks = chunks;
    if (after > 0) this.#index = lowestIndex(0, chunks.length, (at) => chunks[at]!.lastPosition > after);
    this.#slot = this.#chunks[this.#index]?.after(after) ?? -1;
    this.#skipEmpty();
  }

  get isOver(): boolean {
    return this.#index >= this.#chunks.length;
  }

  get position(): number {
    return this.#chunks[this.#index]!.positionAt(this.#slot);
  }

  take(): QueuedMessage {
    const chunk = this.#chunks[this.#index]!;
    const message = chunk.messageAt(this.#slot);
    this.#slot = chunk.from(this.#slot + 1);
    this.#skipEmpty();
    return message;
  }

  #skipEmpty(): void {
    while (this.#slot === -1 && this.#index < this.#chunks.length) {
      this.#index += 1;
      this.#slot = this.#chunks[this.#index]?.from(0) ?? -1;
    }
  }
}

/** The lowest index in a range from which on `holds` does. */
function lowestIndex(from: number, end: number, holds: (at: number) => boolean): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
