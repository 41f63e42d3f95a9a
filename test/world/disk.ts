import { assert } from "../../engine/base/assert.ts";
import { digestOf, digestText, emptyDigest, type Digest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime, type Epoch, type Op } from "../../engine/base/units.ts";
import { restoreCheckpoint, type Checkpoint, type MessageRow } from "../../engine/core/checkpoint.ts";
import type { Message } from "../../engine/core/message.ts";
import type { JournalReader, StoredState } from "../../engine/node/contract.ts";
import type { SnapshotContent, SnapshotHead } from "../../engine/pair/message.ts";
import { misfit, readEntry, type Head, type JournalEntry } from "../../engine/pair/entry.ts";
import type { Alarm, Clock } from "./clock.ts";

interface Stored {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

interface Write {
  readonly entries: readonly JournalEntry[];
  readonly apply: () => void;
  readonly done: () => void;
  alarm: Alarm | null;
}

/**
 * A node's store, as `engine/host/store.ts` keeps it, with a disk that takes its time: what was not finished when the
 * process dies is gone. Writes finish in the order in which they were begun.
 */
export class SimulatedDisk implements JournalReader {
  /** How long a write takes, in milliseconds; asked for each one. */
  latencyMs: () => number = () => 1;
  readonly #clock: Clock;
  /** The journal, from `completeAfter` on. */
  #entries = new Map<number, Stored>();
  /** Entries that sent messages which were still there at the last checkpoint. */
  #contents = new Map<number, Stored>();
  #rows = new Map<string, MessageRow>();
  #summary: string | null = null;
  #checkpoint: Head = { op: asOp(0), epoch: asEpoch(0), stampedAt: asWallTime(0), digest: emptyDigest };
  #term: { epoch: Epoch; pairId: string | null } = { epoch: asEpoch(0), pairId: null };
  /** For the oracle: the digest of each entry ever written, those removed since included. */
  #digests: string[] = [digestText(emptyDigest)];
  #incoming: { contents: Map<number, Stored>; rows: Map<string, MessageRow> } | null = null;
  #writes: Write[] = [];
  #lastWriteAt = 0;
  #completeAfter = asOp(0);
  /** Entries of the journal that are kept beyond what a restart needs, for a standby that is behind. */
  readonly #tailCount: number;

  constructor(clock: Clock, tailCount: number) {
    this.#clock = clock;
    this.#tailCount = tailCount;
  }

  /** Last entry that would survive a kill now. */
  get headOp(): number {
    return this.#digests.length - 1;
  }

  get epoch(): Epoch {
    return this.#term.epoch;
  }

  get isBusy(): boolean {
    return this.#writes.length > 0;
  }

  /** Digest of the stored history up to `op`, as text. */
  chainAt(op: number): string | undefined {
    return this.#digests[op];
  }

  get chain(): readonly string[] {
    return this.#digests;
  }

  append(entries: readonly JournalEntry[], done: () => void): void {
    const apply = (): void => {
      for (const { op, bytes, digest } of entries) {
        assert(op === this.#digests.length, `the disk gets entry ${op} after ${this.headOp}`);
        this.#entries.set(op, { bytes, digest });
        this.#digests.push(digestText(digest));
      }
    };
    this.#write(entries, apply, done);
  }

  /** At once, as the database does it: all that it covers is durable already. */
  saveCheckpoint(checkpoint: Checkpoint): void {
    this.#applyCheckpoint(checkpoint);
  }

  /** At once: nothing else leaves before it is durable. */
  saveTerm(epoch: Epoch, pairId: string | null): void {
    this.#term = { epoch, pairId };
  }

  /** Waits for nothing: the process stands still until all that was begun is done and the rest is cut off. */
  cut(after: Op): void {
    this.finishWrites();
    for (let op = this.headOp; op > after; op -= 1) this.#entries.delete(op);
    this.#digests = this.#digests.slice(0, after + 1);
  }

  finishWrites(): void {
    for (const write of this.#writes.splice(0)) {
      write.alarm?.cancel();
      write.apply();
      write.done();
    }
  }

  /** The process is gone, and with it all that it had not finished writing; the last `lost` entries too. */
  lose(lost = 0): void {
    for (const write of this.#writes.splice(0)) write.alarm?.cancel();
    if (lost > 0) this.cut(asOp(Math.max(this.#checkpoint.op, this.headOp - lost)));
  }

  /** Becomes what `other` is: the recovery copy. */
  copyFrom(other: SimulatedDisk): void {
    this.#entries = new Map(other.#entries);
    this.#contents = new Map(other.#contents);
    this.#completeAfter = other.#completeAfter;
    this.#rows = new Map(other.#rows);
    this.#summary = other.#summary;
    this.#checkpoint = other.#checkpoint;
    this.#term = { ...other.#term };
    this.#digests = [...other.#digests];
  }

  load(): StoredState {
    const rows = [...this.#rows.values()].sort((one, other) => one.position - other.position);
    const broker = restoreCheckpoint(this.#summary, rows, this.#checkpoint.op);
    let head = this.#checkpoint;
    for (let op = head.op + 1; op <= this.headOp; op += 1) {
      const entry = readEntry(asOp(op), this.#entries.get(op)!.bytes);
      const why = misfit(head, entry);
      assert(why === null, `the store does not fit together: ${why ?? ""}`);
      broker.apply(entry.op, entry.command);
      head = entry;
    }
    assert(head.op === this.headOp, "the journal ends where the history does");
    const epoch = asEpoch(Math.max(this.#term.epoch, head.epoch));
    return { broker, head, epoch, pairId: this.#term.pairId, checkpointOp: this.#checkpoint.op };
  }

  completeAfter(): Op {
    return this.#completeAfter;
  }

  read(first: Op, bytesMax: number): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    let size = 0;
    for (let op: number = first; op <= this.headOp; op += 1) {
      const bytes = this.#entries.get(op)?.bytes;
      assert(
        bytes !== undefined,
        `entry ${op} is read, and the journal begins behind ${this.#completeAfter}`,
      );
      if (found.length > 0 && size + bytes.length > bytesMax) break;
      found.push(bytes);
      size += bytes.length;
    }
    return found;
  }

  digestAt(op: Op): Digest | null {
    if (op === 0) return emptyDigest;
    return this.#entries.get(op)?.digest ?? (op === this.#checkpoint.op ? this.#checkpoint.digest : null);
  }

  content(op: Op): Uint8Array | null {
    const stored = this.#entries.get(op) ?? this.#contents.get(op);
    if (stored !== undefined) return stored.bytes;
    return this.#begun().find((entry) => entry.op === op)?.bytes ?? null;
  }

  /** Digests of the history with the entries that are just being written. */
  get chainBegun(): readonly string[] {
    return [...this.#digests, ...this.#begun().map(({ digest }) => digestText(digest))];
  }

  #begun(): readonly JournalEntry[] {
    return this.#writes.flatMap(({ entries }) => entries);
  }

  /** Begins to receive another node's state. */
  beginSnapshot(): void {
    this.#incoming = { contents: new Map(), rows: new Map() };
  }

  takeSnapshotPart(contents: readonly SnapshotContent[], rows: readonly MessageRow[]): void {
    for (const { op, bytes } of contents)
      this.#incoming?.contents.set(op, { bytes, digest: digestOf(bytes) });
    for (const row of rows) this.#incoming?.rows.set(`${row.queue} ${row.op}`, row);
  }

  /** Puts what was received in this store's place; `chain` are the digests of the history it is of, for the oracle. */
  installSnapshot(head: SnapshotHead, pairId: string, chain: readonly string[]): void {
    assert(this.#incoming !== null, "a snapshot ends that had begun");
    this.finishWrites();
    const { op, epoch, stampedAt, digest, summary } = head;
    this.#entries = new Map();
    this.#contents = this.#incoming.contents;
    this.#rows = this.#incoming.rows;
    this.#incoming = null;
    this.#summary = summary;
    this.#checkpoint = { op, epoch, stampedAt, digest };
    this.#completeAfter = op;
    this.#term = { epoch, pairId };
    this.#digests = chain.slice(0, op + 1);
  }

  message(op: Op): Message | null {
    const stored = this.#entries.get(op) ?? this.#contents.get(op);
    if (stored === undefined) return null;
    const { command } = readEntry(op, stored.bytes);
    return command.kind === "send" ? command.message : null;
  }

  #applyCheckpoint(checkpoint: Checkpoint): void {
    assert(checkpoint.op <= this.headOp, "a checkpoint is of stored entries");
    for (const op of checkpoint.newOps) {
      const entry = this.#entries.get(op);
      assert(entry !== undefined, "the content of a message is in the journal at its first checkpoint");
      this.#contents.set(op, entry);
    }
    const gone = new Set(checkpoint.deletedQueues);
    for (const [key, row] of this.#rows) if (gone.has(row.queue)) this.#rows.delete(key);
    for (const { queue, op } of checkpoint.deleted) this.#rows.delete(`${queue} ${op}`);
    for (const row of checkpoint.put) this.#rows.set(`${row.queue} ${row.op}`, row);
    for (const op of checkpoint.deadOps) this.#contents.delete(op);
    this.#summary = checkpoint.summary;
    const { op, epoch, stampedAt, digest } = checkpoint;
    this.#checkpoint = { op, epoch, stampedAt, digest };
    while (this.#completeAfter < op - this.#tailCount) {
      this.#completeAfter = asOp(this.#completeAfter + 1);
      this.#entries.delete(this.#completeAfter);
    }
  }

  #write(entries: readonly JournalEntry[], apply: () => void, done: () => void): void {
    const write: Write = { entries, apply, done, alarm: null };
    this.#writes.push(write);
    this.#lastWriteAt = Math.max(this.#lastWriteAt, this.#clock.now) + this.latencyMs();
    write.alarm = this.#clock.at(this.#lastWriteAt, () => {
      assert(this.#writes.shift() === write, "writes finish in order");
      write.apply();
      write.done();
    });
  }
}
