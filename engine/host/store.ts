import { accessSync, constants, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { digestOf, digestsEqual, emptyDigest, type Digest } from "../base/checksum.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asEpoch, asOp, asWallTime, type Op } from "../base/units.ts";
import { noChanges, restoreCheckpoint, type Checkpoint, type QueueRow } from "../core/checkpoint.ts";
import { contentOf } from "../core/command.ts";
import type { Message } from "../core/message.ts";
import { referredAfter } from "../core/references.ts";
import type { JournalReader, StoredState, Term } from "../node/contract.ts";
import type { SnapshotHead, SnapshotPart } from "../pair/message.ts";
import { misfit, readEntry, type Head, type JournalEntry } from "../pair/entry.ts";
import { CheckpointWriter } from "./checkpoint-writer.ts";
import { incomingDirectory, replaceDirectory, settleSnapshot } from "./snapshot-directory.ts";
import { putChunk, putRow, readChunks, readRows } from "./store-places.ts";
import { Settings } from "./store-settings.ts";
import { prepare, type ContentRow, type Statements } from "./store-statements.ts";
import { deleteJournal, hasJournal, Journal, usualSurroundings, type Durability } from "./journal.ts";
import { upgradeJournal } from "./journal-upgrade.ts";
import { LateContents } from "./late-contents.ts";
import { makeDirectory } from "./make-directory.ts";
import { openDatabase, translating } from "./store-schema.ts";
import { syncFile } from "./sync-file.ts";

export const storeFileName = "store.sqlite";

export interface StoreSizes {
  /** Bytes of journal kept for replicas to catch up from, beyond what a restart needs. */
  readonly tailBytes: number;
  /** Bytes of journal behind a message until its content is copied from there into the database. */
  readonly lateBytes: number;
  /** A file of the journal is finished at this size. */
  readonly segmentBytes: number;
}

const usualSizes: StoreSizes = {
  tailBytes: 0,
  lateBytes: limits.lateContentBytes,
  segmentBytes: usualSurroundings.segmentBytesMax,
};

/**
 * One node's data: the journal, which takes every entry at once, and a SQLite database, which takes what is still there
 * at a checkpoint, and contents of messages much later. Most messages come and go in between and are written once, to
 * the end of a file. A restart is the last checkpoint and the journal's entries after it.
 */
export class Store implements JournalReader {
  readonly directory: string;
  readonly #durability: Durability;
  readonly #sizes: StoreSizes;
  #database: Database.Database;
  #journal: Journal;
  #statements: Statements;
  #settings: Settings;
  #writer: CheckpointWriter;
  /** The store that a snapshot is being received into. */
  #incoming: Store | null = null;
  #late = new LateContents();
  /** What the journal need not keep up to, by the last checkpoint that would survive a loss of power. */
  #syncedThrough = asOp(0);
  /** Called when the disk fails while entries are being written. */
  onFailure: (error: BrokerError) => void = (error) => {
    throw error;
  };

  /** Throws what is wrong with the files. Default sizes: no tail, {@link limits.lateContentBytes}, 32 MiB a file. */
  constructor(directory: string, durability: Durability, sizes: Partial<StoreSizes> = {}) {
    this.directory = directory;
    this.#durability = durability;
    this.#sizes = { ...usualSizes, ...sizes };
    settleSnapshot(directory);
    ({
      database: this.#database,
      statements: this.#statements,
      settings: this.#settings,
      journal: this.#journal,
      writer: this.#writer,
    } = this.#open());
  }

  #open(): {
    database: Database.Database;
    statements: Statements;
    settings: Settings;
    journal: Journal;
    writer: CheckpointWriter;
  } {
    this.#writing(() => {
      makeDirectory(this.directory, 0o700);
      // The database would say no more than that something is wrong.
      accessSync(this.directory, constants.W_OK);
    });
    const database = openDatabase(join(this.directory, storeFileName), this.directory);
    try {
      const statements = prepare(database);
      const settings = new Settings(statements);
      const next = asOp(settings.contentsThrough + 1);
      // A database that was ever at work had a journal beside it from its first moment on.
      if (settings.number("epoch") > 0 && !this.#writing(() => hasJournal(this.directory)))
        throw this.#damaged("its journal is missing");
      this.#writing(() => {
        upgradeJournal(this.directory, (detail) => this.#damaged(detail));
      });
      const journal = this.#writing(
        () =>
          new Journal(this.directory, this.#durability, next, (error) => this.onFailure(error), {
            ...usualSurroundings,
            segmentBytesMax: this.#sizes.segmentBytes,
          }),
      );
      const writer = new CheckpointWriter(
        database,
        statements,
        journal,
        (through) => void this.#syncCheckpoint(through),
      );
      return { database, statements, settings, journal, writer };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Everything that the last process left: the state after the last entry. STORE_DAMAGED when it does not fit together. */
  load(): StoredState {
    return translating(this.directory, () => {
      const checkpointOp = asOp(this.#settings.number("checkpoint_op"));
      const { last } = this.#journal;
      if (last < checkpointOp)
        throw this.#damaged(`the journal ends at entry ${last}, and the store was at entry ${checkpointOp}`);
      const broker = restoreCheckpoint(
        this.#settings.text("summary"),
        readRows(this.#statements),
        checkpointOp,
        this.#statements.queues.all() as QueueRow[],
        readChunks(this.#statements, (detail) => this.#damaged(detail)),
      );
      this.#late = new LateContents(referredAfter(broker, this.#settings.contentsThrough));
      let head: Head = {
        op: checkpointOp,
        epoch: asEpoch(this.#settings.number("checkpoint_epoch")),
        stampedAt: asWallTime(this.#settings.number("checkpoint_stamped_at")),
        digest: this.#settings.blob("checkpoint_digest") ?? emptyDigest,
      };
      for (let stored = this.#next(head); stored.length > 0; stored = this.#next(head)) {
        for (const { op, bytes, digest } of stored) {
          const entry = this.#parse(op, bytes, digest);
          const why = misfit(head, entry);
          if (why !== null) throw this.#damaged(why);
          broker.apply(entry.op, entry.command);
          head = entry;
        }
      }
      const epoch = asEpoch(Math.max(this.#settings.number("epoch"), head.epoch));
      const term = {
        epoch,
        pairId: this.#settings.text("pair_id"),
        isBehind: this.#settings.number("is_behind") === 1,
      };
      return { broker, head, ...term, checkpointOp };
    });
  }

  /** Writes entries; `done` is called once they survive what the durability setting names, some time after {@link sync}. */
  append(entries: readonly JournalEntry[], done: () => void): void {
    this.#writing(() => {
      this.#journal.append(entries, done);
    });
  }

  /** To be called when there is nothing to do that is more urgent than to wait for the disk. */
  sync(): void {
    this.#journal.sync();
  }

  /** Durable when it returns. */
  saveTerm({ epoch, pairId, isBehind }: Term): void {
    this.#finishSaving();
    const isSynced = this.#durability === "power-loss";
    if (isSynced) this.#database.pragma("synchronous = FULL");
    this.#transaction(() => {
      this.#settings.set("epoch", epoch);
      this.#settings.set("pair_id", pairId);
      this.#settings.set("is_behind", isBehind ? 1 : 0);
    });
    if (isSynced) this.#database.pragma("synchronous = NORMAL");
  }

  /**
   * Begins to save a checkpoint; {@link goOnSaving} goes on with it, and one that is not done by then is finished first.
   * Entries up to the checkpoint must be durable already. It is synced in the background, so that a slow disk does not
   * hold up the process, and the journal keeps what it covers until then; contents of messages it keeps longer.
   */
  beginCheckpoint(checkpoint: Checkpoint): void {
    this.#finishSaving();
    // Only now, when the node gives a checkpoint: it gives none while a standby is being fed from the journal.
    this.#journal.dropThrough(this.#syncedThrough, this.#sizes.tailBytes);
    const due = this.#journal.lastBehind(this.#sizes.lateBytes);
    this.#writer.begin(checkpoint, this.#late.take(checkpoint, due));
  }

  /** Goes on with the checkpoint that was begun, for about so long; says whether there is more to do. */
  goOnSaving(ms: number): boolean {
    return translating(this.directory, () => this.#writer.goOn(ms));
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    this.beginCheckpoint(checkpoint);
    this.#finishSaving();
  }

  #finishSaving(): void {
    translating(this.directory, () => this.#writer.finish());
  }

  async #syncCheckpoint(contentsThrough: Op): Promise<void> {
    const journal = this.#journal;
    try {
      if (this.#durability === "power-loss") await syncFile(join(this.directory, `${storeFileName}-wal`));
    } catch (error) {
      // The store was closed meanwhile, and its closing has synced everything; or the disk fails.
      if (this.#journal === journal && this.#database.open) this.onFailure(this.#unwritable(error as Error));
      return;
    }
    if (this.#journal === journal) this.#syncedThrough = contentsThrough;
  }

  /** Removes all entries beyond `after`. */
  cut(after: Op): void {
    this.#finishSaving();
    this.#writing(() => {
      this.#journal.cut(after);
    });
  }

  /** Begins to receive another node's state; what was received before of one is dropped. */
  beginSnapshot(): void {
    this.#incoming?.close();
    const directory = incomingDirectory(this.directory);
    this.#writing(() => rmSync(directory, { recursive: true, force: true }));
    this.#incoming = new Store(directory, this.#durability);
  }

  takeSnapshotPart(part: SnapshotPart): void {
    if (this.#incoming !== null) this.#incoming.#import(part);
  }

  /** Puts what was received in this store's place, and returns where the former files are kept, until the next time. */
  installSnapshot(head: SnapshotHead, pairId: string): string {
    const incoming = this.#incoming;
    if (incoming === null) throw this.#damaged("a snapshot ended that had not begun");
    this.#incoming = null;
    incoming.saveCheckpoint({ ...head, ...noChanges });
    incoming.saveTerm({ epoch: head.epoch, pairId, isBehind: true });
    this.#writing(() => {
      incoming.#journal.restart(asOp(head.op + 1));
    });
    incoming.close();
    this.close();
    const kept = this.#writing(() => replaceDirectory(this.directory));
    this.#syncedThrough = asOp(0);
    ({
      database: this.#database,
      statements: this.#statements,
      settings: this.#settings,
      journal: this.#journal,
      writer: this.#writer,
    } = this.#open());
    return kept;
  }

  /** To be called now and then: see {@link Journal.markSynced}. */
  markSynced(): void {
    this.#journal.markSynced();
  }

  completeAfter(): Op {
    return this.#journal.completeAfter;
  }

  read(first: Op, bytesMax: number): Uint8Array[] {
    return this.#journal.read(first, bytesMax).map((entry) => entry.bytes);
  }

  digestAt(op: Op): Digest | null {
    if (op === 0) return emptyDigest;
    return (
      this.#journal.digestAt(op) ??
      (op === this.#settings.number("checkpoint_op") ? this.#settings.blob("checkpoint_digest") : null)
    );
  }

  content(op: Op): Uint8Array | null {
    return this.#stored(op)?.bytes ?? null;
  }

  message(op: Op): Message | null {
    const stored = this.#stored(op);
    if (stored === null) return null;
    const { command } = this.#parse(op, stored.bytes, stored.digest);
    return contentOf(command);
  }

  /** Bytes of all files of the store. */
  sizeBytes(): number {
    return readdirSync(this.directory).reduce((sum, name) => sum + sizeOf(join(this.directory, name)), 0);
  }

  /** What is wrong with the files or with any stored entry, or `null`; reads everything. */
  findDamage(): string | null {
    const verdict = this.#database.pragma("integrity_check(1)", { simple: true });
    if (verdict !== "ok") return String(verdict);
    for (const { op, bytes, digest } of this.#statements.contents.iterate() as Iterable<ContentRow>)
      if (!digestsEqual(digestOf(bytes), digest)) return `entry ${op} has changed since it was written`;
    return this.#journal.findDamage();
  }

  close(): void {
    this.#writer.end();
    this.#journal.close();
    this.#database.close();
  }

  /** An entry's bytes, checked against its digest. */
  #stored(op: Op): ContentRow | null {
    const journalled = this.#journal.find(op);
    if (journalled !== null) return journalled;
    const row = this.#statements.content.get(op) as ContentRow | undefined;
    if (row !== undefined && !digestsEqual(digestOf(row.bytes), row.digest)) throw this.#changed(op);
    return row ?? null;
  }

  #import({ contents, rows, chunks }: SnapshotPart): void {
    this.#transaction(() => {
      for (const { op, bytes } of contents) this.#statements.putContent.run(op, digestOf(bytes), bytes);
      for (const row of rows) putRow(this.#statements, row);
      for (const row of chunks) putChunk(this.#statements, row);
    });
  }

  #next(head: Head): ReturnType<Journal["read"]> {
    return this.#journal.read(asOp(head.op + 1), limits.batchBytesMax);
  }

  /** `digest` has been checked. */
  #parse(op: Op, bytes: Uint8Array, digest: Digest): JournalEntry {
    try {
      return readEntry(op, bytes, digest);
    } catch (error) {
      throw error instanceof BrokerError ? this.#damaged(`entry ${op}: ${error.message}`) : error;
    }
  }

  /** Runs `work`; what the operating system says about files becomes an error that people can act on. */
  #writing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw (error as NodeJS.ErrnoException).syscall === undefined ? error : this.#unwritable(error as Error);
    }
  }

  #changed(op: Op): BrokerError {
    return this.#damaged(`entry ${op} has changed since it was written`);
  }

  #damaged(detail: string): BrokerError {
    return new BrokerError("STORE_DAMAGED", { directory: this.directory, detail });
  }

  #unwritable(error: Error): BrokerError {
    return new BrokerError("STORE_UNWRITABLE", { directory: this.directory, detail: error.message });
  }

  #transaction(work: () => void): void {
    translating(this.directory, () => {
      this.#statements.begin.run();
      try {
        work();
        this.#statements.commit.run();
      } catch (error) {
        if (this.#database.inTransaction) this.#statements.rollback.run();
        throw error;
      }
    });
  }
}

/** Removes the files of a store; for `deleteAllMessagesOnStartup`. */
export function deleteStore(directory: string): void {
  if (!existsSync(directory)) return;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(directory, storeFileName + suffix), { force: true });
  deleteJournal(directory);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
