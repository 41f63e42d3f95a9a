import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { digestOf, digestsEqual, type Digest } from "../base/checksum.ts";
import { BrokerError } from "../base/errors.ts";
import { asOp, type Op } from "../base/units.ts";
import type { JournalEntry } from "../pair/entry.ts";
import { realFiles, type Files } from "./files.ts";
import { headerBytes, Segment, type StoredEntry } from "./segment.ts";
import { SyncPace, type Pace } from "./sync-pace.ts";

const readAheadBytes = 262_144;
/** More than this takes its time to sync, and more is likely to come meanwhile. */
const quickBytesMax = 65_536;
const namePattern = /^journal-(\d{16})\.log$/;

/** What a journal is kept in, where that is not the machine's own files. */
export interface JournalSurroundings {
  readonly files: Files;
  /** A file that has grown to this is finished, and a new one begun. */
  readonly segmentBytesMax: number;
  /** Room made ahead of what is written, in steps of so much. */
  readonly reserveBytes: number;
  readonly pace: Pace;
}

export const usualSurroundings: JournalSurroundings = {
  files: realFiles,
  segmentBytesMax: 33_554_432,
  reserveBytes: 1_048_576,
  pace: new SyncPace(),
};

/** How surely an entry is kept before it counts as written: against the machine losing power, or the process dying. */
export type Durability = "power-loss" | "process-crash";

/**
 * A node's journal: files that are only ever appended to. Entries are written at once and synced a moment later, while
 * the process waits where the disk is quick ({@link SyncPace}), otherwise in the background: all that comes while such
 * a sync runs goes into the next, so that the disk's pace sets the size of the batches and does not hold up the process.
 */
export class Journal {
  readonly #directory: string;
  readonly #durability: Durability;
  readonly #segments: Segment[] = [];
  readonly #fail: (error: BrokerError) => void;
  readonly #files: Files;
  readonly #segmentBytesMax: number;
  readonly #zeros: Buffer;
  readonly #pace: Pace;
  /** Called in order of writing, once what was written before is durable. */
  #waiting: (() => void)[] = [];
  /** Grows with every cut: what was on its way to the disk before it is not to be announced. */
  #generation = 0;
  /** Written since the last sync began. */
  #unsyncedBytes = 0;
  #isSyncing = false;
  #isClosed = false;

  /**
   * Opens the files in `directory`. `next` is the first entry that is not in the database: where the journal must begin
   * at the latest. `fail` is called when the disk fails later on. Throws STORE_DAMAGED when entries that had been
   * synced are missing or not what was written.
   */
  constructor(
    directory: string,
    durability: Durability,
    next: Op,
    fail: (error: BrokerError) => void,
    { files, segmentBytesMax, reserveBytes, pace }: JournalSurroundings = usualSurroundings,
  ) {
    this.#directory = directory;
    this.#durability = durability;
    this.#fail = fail;
    this.#files = files;
    this.#segmentBytesMax = segmentBytesMax;
    this.#pace = pace;
    this.#zeros = Buffer.alloc(durability === "power-loss" ? reserveBytes : 0);
    this.#open(next);
    if (this.#segments.length === 0 && next === 1) this.#begin(next);
    if (this.completeAfter >= next || this.last < next - 1)
      throw this.#damaged(
        `the journal holds entries ${this.completeAfter + 1} to ${this.last}, and the store needs those from ${next} on`,
      );
  }

  /** The last entry in it, or the one before its first. */
  get last(): Op {
    return this.#segments.at(-1)?.last ?? asOp(0);
  }

  /** Every entry beyond this one is in the journal. */
  get completeAfter(): Op {
    return asOp((this.#oldest?.first ?? asOp(1)) - 1);
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Appends entries that follow {@link last}; `done` is called once they are durable, which {@link sync} sees to. */
  append(entries: readonly JournalEntry[], done: () => void): void {
    if (entries.length === 0) return;
    if ((this.#newest?.sizeBytes ?? this.#segmentBytesMax) >= this.#segmentBytesMax)
      this.#begin(asOp(this.last + 1));
    const before = this.#newest?.sizeBytes ?? 0;
    this.#newest?.append(entries);
    this.#unsyncedBytes += (this.#newest?.sizeBytes ?? 0) - before;
    this.#waiting.push(done);
  }

  /** Makes what was appended durable: when it returns, or a while later. */
  sync(): void {
    const segment = this.#newest;
    if (this.#isSyncing || this.#isClosed || this.#waiting.length === 0 || segment === undefined) return;
    const finish = this.#beginSync(segment);
    if (this.#durability === "process-crash") return finish(null);
    const isQuick = this.#unsyncedBytes <= quickBytesMax && this.#pace.isQuick();
    this.#unsyncedBytes = 0;
    if (isQuick) return finish(this.#wait(segment));
    segment.file.syncContentLater((error) => {
      finish(error);
      this.sync();
    });
  }

  /**
   * Stored entries from `from` on, at least one if there is one, else no more than `bytesMax`. All that is read is
   * checked against its digest, as the disk may have changed it since the journal was opened: STORE_DAMAGED.
   */
  read(from: Op, bytesMax: number): StoredEntry[] {
    return this.#unchecked(from, bytesMax).map((entry) => this.#checked(entry));
  }

  /** One entry; `null` when it is not here. */
  find(op: Op): StoredEntry | null {
    return this.read(op, 1)[0] ?? null;
  }

  /** Several entries, ascending; read in blocks, as they mostly stand together. */
  *findAll(ops: readonly Op[]): Generator<StoredEntry> {
    let block: StoredEntry[] = [];
    for (const op of ops) {
      const first = block[0]?.op ?? op;
      if (op < first || op > first + block.length - 1) block = this.#unchecked(op, readAheadBytes);
      const entry = block[op - (block[0]?.op ?? op)];
      if (entry === undefined) throw this.#damaged(`entry ${op} is missing`);
      yield this.#checked(entry);
    }
  }

  /** The last entry with `bytes` or more behind it. */
  lastBehind(bytes: number): Op {
    let left = bytes;
    for (const segment of this.#segments.toReversed()) {
      if (segment.sizeBytes > left) return segment.lastEndingAt(segment.sizeBytes - left);
      left -= segment.sizeBytes;
    }
    return this.completeAfter;
  }

  digestAt(op: Op): Digest | null {
    return this.#unchecked(op, 1)[0]?.digest ?? null;
  }

  /** Takes all entries beyond `after` off, for good; nobody was ever told of them. */
  cut(after: Op): void {
    const count = this.#segments.length;
    while (this.#segments.length > 1 && (this.#newest?.first ?? 0) > after)
      this.#remove(this.#segments.pop());
    // Files behind one that was cut short would look like a loss, should the power bring them back.
    if (this.#segments.length < count) this.#secureNames();
    this.#newest?.cut(after);
    // What follows is written over their place: should the power go they must not come back behind it.
    this.#secure(this.#newest);
    this.#waiting = [];
    this.#generation += 1;
  }

  /** Drops whole files whose entries are all at or before `through` and not among the last `keepBytes`. */
  dropThrough(through: Op, keepBytes: number): void {
    while (
      this.#segments.length > 1 &&
      (this.#oldest?.last ?? through) <= through &&
      this.sizeBytes - (this.#oldest?.sizeBytes ?? 0) >= keepBytes
    )
      this.#remove(this.#segments.shift());
  }

  /** Empties it, to go on at `next`: all before is in the store. */
  restart(next: Op): void {
    for (const segment of this.#segments.splice(0)) this.#remove(segment);
    this.#waiting = [];
    this.#generation += 1;
    this.#begin(next);
  }

  /** Notes how far the disk has come, so that a loss before that is told from a torn end; now and then is enough. */
  markSynced(): void {
    if (this.#durability !== "power-loss" || this.#isClosed) return;
    try {
      this.#newest?.mark();
    } catch {
      // It only serves to find damage; what is wrong with the disk shows at the next entry.
    }
  }

  /** What is wrong with any entry, or `null`; reads everything. */
  findDamage(): string | null {
    try {
      for (const segment of this.#segments)
        for (let op = segment.first; op <= segment.last; op = asOp(op + 1)) this.find(op);
      return null;
    } catch (error) {
      if (error instanceof BrokerError) return error.message;
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    for (const segment of this.#segments) {
      try {
        segment.trim();
        this.#secure(segment);
      } catch {
        // Whoever waits for an entry was not told that it is safe, and will not be.
      }
      segment.close();
    }
  }

  get #oldest(): Segment | undefined {
    return this.#segments[0];
  }

  get #newest(): Segment | undefined {
    return this.#segments.at(-1);
  }

  /** What is to be done when all that was written so far is on the disk, or will never be. */
  #beginSync(segment: Segment): (error: Error | null) => void {
    this.#isSyncing = true;
    const batch = this.#waiting;
    const generation = this.#generation;
    const size = segment.sizeBytes;
    this.#waiting = [];
    return (error) => {
      if (this.#isClosed) return;
      if (error !== null)
        return this.#fail(
          new BrokerError("STORE_UNWRITABLE", { directory: this.#directory, detail: error.message }),
        );
      if (generation === this.#generation) {
        segment.synced(size);
        // Whoever is told may write and wish to sync in turn: not before all have been told.
        for (const done of batch) done();
      }
      this.#isSyncing = false;
      this.#reserve();
    };
  }

  /** Waits until all that was written is on the disk. */
  #wait(segment: Segment): Error | null {
    try {
      this.#pace.timed(() => segment.file.syncContent());
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  /** Makes room for what comes next; it is synced together with that, in the background, as it takes longer. */
  #reserve(): void {
    try {
      if (!this.#isClosed && this.#newest?.reserve(this.#zeros, this.#segmentBytesMax) === true)
        this.#unsyncedBytes += this.#zeros.length;
    } catch {
      // It only saves time; whether there is no room for an entry either shows when one comes.
    }
  }

  #open(next: Op): void {
    const names = this.#files
      .list(this.#directory)
      .filter((name) => namePattern.test(name))
      .sort();
    for (const [index, name] of names.entries()) {
      const first = asOp(Number(namePattern.exec(name)?.[1]));
      const opened = Segment.open(this.#files, join(this.#directory, name), first);
      const isLast = index === names.length - 1;
      if (opened === "unbegun" && isLast) {
        this.#files.remove(join(this.#directory, name));
        break;
      }
      if (typeof opened === "string") throw this.#damaged(`${name} is not a journal file of this version`);
      const { segment, end } = opened;
      // A new file is begun only when the one before it is whole.
      if (end.kind === "damaged" || (end.kind === "torn" && !isLast))
        throw this.#damaged(`${name} is broken behind entry ${segment.last}`);
      const expected = this.#segments.length === 0 ? first : this.last + 1;
      // Files were dropped, and the loss of power has brought some of them back; nobody needs what they hold.
      if (first > expected && first <= next) for (const old of this.#segments.splice(0)) this.#remove(old);
      else if (first !== expected) throw this.#damaged(`entries ${expected} to ${first - 1} are missing`);
      this.#segments.push(segment);
      if (end.kind === "torn") segment.trim();
    }
    // Whoever wrote these may have died before they were synced; from here on they count as durable.
    this.#secure(this.#newest);
  }

  #begin(first: Op): void {
    // The file before is finished, so all of it must be safe before anything behind it can be.
    this.#secure(this.#newest);
    this.#newest?.synced(this.#newest.sizeBytes);
    this.#segments.push(
      Segment.create(
        this.#files,
        join(this.#directory, `journal-${String(first).padStart(16, "0")}.log`),
        first,
      ),
    );
    // The file must be one before its name can be found.
    this.#secure(this.#newest);
    this.#secureNames();
  }

  #secure(segment: Segment | undefined): void {
    if (this.#durability === "power-loss") segment?.file.sync();
  }

  #secureNames(): void {
    if (this.#durability === "power-loss") this.#files.syncDirectory(this.#directory);
  }

  #unchecked(from: Op, bytesMax: number): StoredEntry[] {
    const segment = this.#segments.find((one) => one.has(from));
    return segment === undefined ? [] : segment.read(from, bytesMax);
  }

  #checked(entry: StoredEntry): StoredEntry {
    if (digestsEqual(digestOf(entry.bytes), entry.digest)) return entry;
    throw this.#damaged(`entry ${entry.op} has changed since it was written`);
  }

  #remove(segment: Segment | undefined): void {
    if (segment === undefined) return;
    segment.close();
    this.#files.remove(segment.path);
  }

  #damaged(detail: string): BrokerError {
    return new BrokerError("STORE_DAMAGED", { directory: this.#directory, detail });
  }
}

/** Whether there is any file of a journal that was begun. */
export function hasJournal(directory: string): boolean {
  const names = readdirSync(directory).filter((name) => namePattern.test(name));
  return names.some((name) => statSync(join(directory, name)).size >= headerBytes);
}

/** Removes all files of a journal. */
export function deleteJournal(directory: string): void {
  for (const name of readdirSync(directory)) if (namePattern.test(name)) rmSync(join(directory, name));
}
