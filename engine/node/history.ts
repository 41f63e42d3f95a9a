import { assert } from "../base/assert.ts";
import { limits } from "../base/limits.ts";
import { asOp, type Epoch, type Instant, type Moment, type Op } from "../base/units.ts";
import { takeCheckpoint, type Checkpoint } from "../core/checkpoint.ts";
import type { Broker } from "../core/broker.ts";
import type { Command } from "../core/command.ts";
import { misfit, nextEntry, readEntry, type Head, type JournalEntry } from "../pair/entry.ts";
import type { StoredState, Term } from "./contract.ts";

/**
 * The pair's history as this node has it: the state, its last entry, and how far it is durable and safe. Entries are
 * applied as soon as they are ordered or received; what waits is not the state but every word about it to a client.
 */
export class History {
  readonly broker: Broker;
  head: Head;
  /** Latest epoch seen or granted; entries are made with it. */
  epoch: Epoch;
  pairId: string | null;
  isBehind: boolean;
  /** Last entry that is durable on this node. */
  durable: Op;
  /** Last entry known safe: no node will ever take it back. */
  committed: Op;
  #batch: JournalEntry[] = [];
  /** Bytes of entries that are to be journalled. */
  #batchBytes = 0;
  /** Batches taken and not durable yet. */
  #undurable: JournalEntry[] = [];
  #checkpointOp: Op;
  #checkpoint: Checkpoint | null = null;
  /** Changes since that was taken. */
  #changeCount = 0;
  #changedAt: Instant;

  constructor(stored: StoredState, now: Instant) {
    this.broker = stored.broker;
    this.head = stored.head;
    this.epoch = stored.epoch;
    this.pairId = stored.pairId;
    this.isBehind = stored.isBehind;
    this.durable = stored.head.op;
    // What was safe when the process ended is not known; the entries up to the checkpoint were.
    this.committed = stored.checkpointOp;
    this.#checkpointOp = stored.checkpointOp;
    this.#changedAt = now;
  }

  get term(): Term {
    const { epoch, pairId, isBehind } = this;
    return { epoch, pairId, isBehind };
  }

  get checkpointOp(): Op {
    return this.#checkpointOp;
  }

  /** Makes a command the next entry of this history; the caller has admitted it. */
  order(command: Command, now: Moment): JournalEntry {
    const entry = nextEntry(this.head, this.epoch, now.wall, command);
    this.#add(entry, now.monotonic);
    return entry;
  }

  /** Takes over an entry of the active node; says why when it does not fit on this history. */
  accept(bytes: Uint8Array, now: Moment): string | null {
    const entry = readEntry(asOp(this.head.op + 1), bytes);
    const why = misfit(this.head, entry);
    if (why === null) this.#add(entry, now.monotonic);
    return why;
  }

  /** Entries ordered or accepted since the last call; they are to be journalled now. */
  takeBatch(): readonly JournalEntry[] {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#undurable = this.#undurable.length === 0 ? batch : [...this.#undurable, ...batch];
    return batch;
  }

  get batchBytes(): number {
    return this.#batchBytes;
  }

  /** Entries that were taken to be journalled and are not durable yet. */
  get undurable(): readonly JournalEntry[] {
    return this.#undurable;
  }

  journalledThrough(op: Op): void {
    this.durable = op;
    this.#undurable =
      this.#undurable.at(-1)?.op === op ? [] : this.#undurable.filter((entry) => entry.op > op);
  }

  /** All through `op` is safe, as far as it is here at all. Never goes back. */
  commitThrough(op: Op): void {
    this.committed = asOp(Math.max(this.committed, Math.min(op, this.head.op)));
  }

  /** Takes a checkpoint of the present state when one is due: many changes since the last, or none for a while. */
  considerCheckpoint(now: Instant): void {
    if (this.#checkpoint !== null || this.head.op === this.#checkpointOp) return;
    const isDue =
      this.#changeCount >= limits.checkpointChangeCount || now - this.#changedAt >= limits.checkpointIdleMs;
    if (isDue) this.forceCheckpoint();
  }

  forceCheckpoint(): void {
    if (this.#checkpoint !== null || this.head.op === this.#checkpointOp) return;
    this.#checkpoint = takeCheckpoint(this.broker, this.head);
    this.#changeCount = 0;
  }

  /** The checkpoint taken last, once all it covers is safe: before that an entry in it could still be cut. */
  takeSafeCheckpoint(): Checkpoint | null {
    const checkpoint = this.#checkpoint;
    if (checkpoint === null || checkpoint.op > this.committed || checkpoint.op > this.durable) return null;
    this.#checkpoint = null;
    this.#checkpointOp = checkpoint.op;
    return checkpoint;
  }

  #add(entry: JournalEntry, now: Instant): void {
    assert(entry.op === this.head.op + 1, "history has no gaps");
    this.broker.apply(entry.op, entry.command);
    this.head = entry;
    this.#changedAt = now;
    this.#changeCount += changeCountOf(entry.command);
    this.#batch.push(entry);
    this.#batchBytes += entry.bytes.length;
  }
}

/** About how much a command changes: what it is about, counted. */
function changeCountOf(command: Command): number {
  if ("messages" in command) return command.messages.length;
  return "jobs" in command ? command.jobs.length : 1;
}
