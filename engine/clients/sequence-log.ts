import { assert } from "../base/assert.ts";

/**
 * What is known of each message of one producer, by its sequence number: some bits a message, in blocks. A block in
 * which every message was confirmed and received once needs no bits any more, so hours of traffic cost next to nothing;
 * only blocks with something open or remarkable in them are kept whole.
 */
export const fact = {
  /** The broker confirmed it to its producer. */
  confirmed: 1,
  /** A consumer received it. */
  received: 2,
  /** A consumer received it again. */
  again: 4,
  /** A repetition came without any sign that it is one. */
  unflagged: 8,
  /** A copy was received that its producer had marked as sent before. */
  resentSeen: 16,
  /** It was deleted on purpose before it was received. */
  removed: 32,
} as const;

/** What a message counts as: exactly one of these. */
export type Fate = "unconfirmed" | "outstanding" | "once" | "again" | "removed";

export function fateOf(facts: number): Fate {
  if ((facts & fact.confirmed) === 0) return "unconfirmed";
  if ((facts & fact.again) !== 0) return "again";
  if ((facts & fact.received) !== 0) return "once";
  return (facts & fact.removed) !== 0 ? "removed" : "outstanding";
}

const complete = fact.confirmed | fact.received;

/** `done`: all of it confirmed and received once. `closed`: forgotten for want of memory, but for a count. */
type Block =
  | { readonly kind: "open"; readonly facts: Uint8Array; completeCount: number; outstandingCount: number }
  | { readonly kind: "done" }
  | { readonly kind: "closed"; outstandingCount: number };

const done: Block = { kind: "done" };

export class SequenceLog {
  readonly #blockSize: number;
  readonly #blocks = new Map<number, Block>();
  /** Messages up to here are not counted: they were before the ledger began. */
  readonly ignoredThrough: number;
  /** All messages up to here are confirmed. */
  #confirmedThrough: number;
  #highest: number;
  #openCount = 0;

  constructor(blockSize: number, ignoredThrough = 0) {
    assert(Number.isInteger(blockSize) && blockSize > 0, "a block holds at least one message");
    this.#blockSize = blockSize;
    this.ignoredThrough = ignoredThrough;
    this.#confirmedThrough = ignoredThrough;
    this.#highest = ignoredThrough;
  }

  get confirmedThrough(): number {
    return this.#confirmedThrough;
  }

  /** Highest sequence number heard of. */
  get highest(): number {
    return this.#highest;
  }

  /** Blocks that take memory. */
  get openCount(): number {
    return this.#openCount;
  }

  /** The facts of a message; `null` when its block was closed. */
  get(sequence: number): number | null {
    const block = this.#blocks.get(this.#blockOf(sequence));
    if (block === undefined) return sequence <= this.ignoredThrough ? complete : 0;
    if (block.kind === "done") return complete;
    return block.kind === "closed" ? null : (block.facts[this.#placeOf(sequence)] ?? 0);
  }

  /** Replaces the facts of a message; its block must not be closed. */
  set(sequence: number, facts: number): void {
    const index = this.#blockOf(sequence);
    const block = this.#open(index);
    const place = this.#placeOf(sequence);
    const before = block.facts[place] ?? 0;
    block.facts[place] = facts;
    block.completeCount += Number(facts === complete) - Number(before === complete);
    block.outstandingCount +=
      Number(fateOf(facts) === "outstanding") - Number(fateOf(before) === "outstanding");
    this.#highest = Math.max(this.#highest, sequence);
    if (block.completeCount === this.#blockSize) {
      this.#blocks.set(index, done);
      this.#openCount -= 1;
    }
    while (this.#isConfirmed(this.#confirmedThrough + 1)) this.#confirmedThrough += 1;
  }

  /** For a message of a closed block: changes how many of the block are outstanding; `false` when none is left. */
  adjustClosed(sequence: number, change: 1 | -1): boolean {
    const block = this.#blocks.get(this.#blockOf(sequence));
    assert(block?.kind === "closed", "only messages of closed blocks are counted without their numbers");
    if (block.outstandingCount + change < 0) return false;
    block.outstandingCount += change;
    return true;
  }

  /** Forgets the oldest block that takes memory, except the newest one; `false` when there is none. */
  closeOldest(): boolean {
    const newest = this.#blockOf(this.#highest);
    for (const [index, block] of this.#blocks) {
      if (block.kind !== "open" || index === newest) continue;
      this.#blocks.set(index, { kind: "closed", outstandingCount: block.outstandingCount });
      this.#openCount -= 1;
      this.#confirmedThrough = Math.max(this.#confirmedThrough, (index + 1) * this.#blockSize);
      return true;
    }
    return false;
  }

  /** How many messages up to `through` are outstanding. */
  outstandingThrough(through: number): number {
    let count = 0;
    for (const [index, block] of this.#blocks) {
      if (block.kind === "done" || index * this.#blockSize >= through) continue;
      if (block.kind === "closed" || (index + 1) * this.#blockSize <= through)
        count += block.outstandingCount;
      else count += this.#outstandingIn(block.facts, through - index * this.#blockSize);
    }
    return count;
  }

  /** Sequence numbers of outstanding messages, oldest first; those of closed blocks are no longer known. */
  *outstanding(): Generator<number> {
    const indexes = [...this.#blocks.keys()].sort((one, other) => one - other);
    for (const index of indexes) {
      const block = this.#blocks.get(index);
      if (block?.kind !== "open" || block.outstandingCount === 0) continue;
      for (const [place, facts] of block.facts.entries()) {
        if (fateOf(facts) === "outstanding") yield index * this.#blockSize + place + 1;
      }
    }
  }

  #outstandingIn(facts: Uint8Array, count: number): number {
    return facts.subarray(0, count).reduce((sum, one) => sum + Number(fateOf(one) === "outstanding"), 0);
  }

  #isConfirmed(sequence: number): boolean {
    return sequence <= this.#highest && ((this.get(sequence) ?? fact.confirmed) & fact.confirmed) !== 0;
  }

  #open(index: number): Extract<Block, { kind: "open" }> {
    const block = this.#blocks.get(index);
    if (block?.kind === "open") return block;
    assert(block?.kind !== "closed", "a closed block has no places to write to");
    const facts = new Uint8Array(this.#blockSize);
    const completeCount =
      block === undefined
        ? Math.min(this.#blockSize, Math.max(0, this.ignoredThrough - index * this.#blockSize))
        : this.#blockSize;
    facts.fill(complete, 0, completeCount);
    const opened: Block = { kind: "open", facts, completeCount, outstandingCount: 0 };
    this.#blocks.set(index, opened);
    this.#openCount += 1;
    return opened;
  }

  #blockOf(sequence: number): number {
    return Math.floor((sequence - 1) / this.#blockSize);
  }

  #placeOf(sequence: number): number {
    return (sequence - 1) % this.#blockSize;
  }
}
