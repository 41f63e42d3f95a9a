import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { digestOf, digestsEqual, emptyDigest, type Digest } from "../base/checksum.ts";
import { BrokerError } from "../base/errors.ts";
import { asEpoch, asOp, asWallTime, type Epoch, type Op } from "../base/units.ts";
import { restoreCheckpoint, type Checkpoint, type MessageRow } from "../core/checkpoint.ts";
import type { Message } from "../core/message.ts";
import type { JournalReader, StoredState } from "../node/contract.ts";
import { misfit, readEntry, type Head, type JournalEntry } from "../pair/entry.ts";
import { openDatabase, translating, type Durability } from "./store-schema.ts";

export const storeFileName = "store.sqlite";

/**
 * One node's journal and message store: a SQLite database in its data directory. The contents of messages are the
 * journal's own entries, written once; a checkpoint says which places in queues refer to them, and entries that
 * nothing refers to go with it. A restart is the last checkpoint and the entries after it.
 */
export class Store implements JournalReader {
  readonly directory: string;
  readonly #database: Database.Database;
  readonly #statements: ReturnType<typeof prepare>;
  #completeAfter: Op;

  constructor(directory: string, durability: Durability) {
    this.directory = directory;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new BrokerError("STORE_UNWRITABLE", { directory, detail: (error as Error).message });
    }
    this.#database = openDatabase(join(directory, storeFileName), directory, durability);
    this.#statements = prepare(this.#database);
    this.#completeAfter = asOp(this.#number("complete_after"));
  }

  /** Everything that the last process left: the state after the last entry. STORE_DAMAGED when it does not fit together. */
  load(): StoredState {
    return translating(this.directory, () => {
      const checkpointOp = asOp(this.#number("checkpoint_op"));
      const broker = restoreCheckpoint(this.#text("summary"), this.#messageRows());
      let head: Head = {
        op: checkpointOp,
        epoch: asEpoch(this.#number("checkpoint_epoch")),
        stampedAt: asWallTime(this.#number("checkpoint_stamped_at")),
        digest: this.#blob("checkpoint_digest") ?? emptyDigest,
      };
      for (const { op, bytes } of this.#statements.entriesAfter.iterate(checkpointOp) as Iterable<EntryRow>) {
        const entry = this.#parse(asOp(op), bytes);
        const why = misfit(head, entry);
        if (why !== null) throw new BrokerError("STORE_DAMAGED", { directory: this.directory, detail: why });
        broker.apply(entry.op, entry.command);
        head = entry;
      }
      const epoch = asEpoch(Math.max(this.#number("epoch"), head.epoch));
      return { broker, head, epoch, pairId: this.#text("pair_id"), checkpointOp };
    });
  }

  /** Writes entries so that they survive what the durability setting names. */
  append(entries: readonly JournalEntry[]): void {
    this.#transaction(() => {
      for (const { op, digest, bytes } of entries) this.#statements.putEntry.run(op, digest, bytes);
    });
  }

  saveTerm(epoch: Epoch, pairId: string | null): void {
    this.#transaction(() => {
      this.#set("epoch", epoch);
      this.#set("pair_id", pairId);
    });
  }

  /** Entries up to the checkpoint must be stored already. */
  saveCheckpoint(checkpoint: Checkpoint): void {
    this.#transaction(() => {
      const last = this.#statements.entry.get(checkpoint.op) as EntryRow | undefined;
      if (last === undefined)
        throw new BrokerError("STORE_DAMAGED", {
          directory: this.directory,
          detail: `entry ${checkpoint.op} is missing`,
        });
      const head = readEntry(checkpoint.op, last.bytes);
      for (const queue of checkpoint.deletedQueues) this.#statements.deleteQueue.run(queue);
      for (const { queue, op } of checkpoint.deleted) this.#statements.deleteMessage.run(queue, op);
      for (const row of checkpoint.put) this.#putMessage(row);
      for (const [first, through] of ranges(checkpoint.deadOps))
        this.#statements.deleteEntries.run(first, through);
      this.#set("summary", checkpoint.summary);
      this.#set("checkpoint_op", checkpoint.op);
      this.#set("checkpoint_epoch", head.epoch);
      this.#set("checkpoint_stamped_at", head.stampedAt);
      this.#set("checkpoint_digest", checkpoint.digest);
      this.#set("complete_after", checkpoint.op);
    });
    this.#completeAfter = checkpoint.op;
  }

  /** Removes all entries beyond `after`. */
  cut(after: Op): void {
    this.#transaction(() => this.#statements.deleteAfter.run(after));
  }

  completeAfter(): Op {
    return this.#completeAfter;
  }

  read(first: Op, bytesMax: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    let size = 0;
    for (const row of this.#statements.entriesAfter.iterate(first - 1) as Iterable<EntryRow>) {
      if (found.length > 0 && size + row.bytes.length > bytesMax) break;
      found.push(row.bytes);
      size += row.bytes.length;
    }
    return found;
  }

  digestAt(op: Op): Digest | null {
    if (op === 0) return emptyDigest;
    const row = this.#statements.digest.get(op) as { digest: Buffer } | undefined;
    if (row !== undefined) return row.digest;
    return op === this.#number("checkpoint_op") ? this.#blob("checkpoint_digest") : null;
  }

  message(op: Op): Message | null {
    const row = this.#statements.entry.get(op) as EntryRow | undefined;
    if (row === undefined) return null;
    const { command } = this.#parse(op, row.bytes, row.digest);
    return command.kind === "send" ? command.message : null;
  }

  /** Bytes of all files of the store. */
  sizeBytes(): number {
    return readdirSync(this.directory).reduce(
      (sum, name) => sum + (name.startsWith(storeFileName) ? sizeOf(join(this.directory, name)) : 0),
      0,
    );
  }

  /** What is wrong with the file or with any stored entry, or `null`; reads everything. */
  findDamage(): string | null {
    const verdict = this.#database.pragma("integrity_check(1)", { simple: true });
    if (verdict !== "ok") return String(verdict);
    for (const { op, bytes, digest } of this.#statements.entriesAfter.iterate(0) as Iterable<EntryRow>)
      if (!digestsEqual(digestOf(bytes), digest)) return `entry ${op} has changed since it was written`;
    return null;
  }

  close(): void {
    this.#database.close();
  }

  #parse(op: Op, bytes: Uint8Array, digest?: Digest): JournalEntry {
    const damaged = (detail: string): BrokerError =>
      new BrokerError("STORE_DAMAGED", { directory: this.directory, detail });
    let entry: JournalEntry;
    try {
      entry = readEntry(op, bytes);
    } catch (error) {
      throw error instanceof BrokerError ? damaged(`entry ${op}: ${error.message}`) : error;
    }
    if (digest !== undefined && !digestsEqual(entry.digest, digest))
      throw damaged(`entry ${op} has changed since it was written`);
    return entry;
  }

  *#messageRows(): Generator<MessageRow> {
    for (const row of this.#statements.messages.iterate() as Iterable<StoredMessage>) {
      const {
        expires_at: expiresAt,
        persistent,
        delivery_count: deliveryCount,
        dead_from: from,
        dead_cause: cause,
      } = row;
      const deadLetter = from === null || cause === null ? null : { from, cause };
      yield {
        queue: row.queue,
        op: row.op,
        position: row.position,
        priority: row.priority,
        expiresAt,
        persistent: persistent === 1,
        deliveryCount,
        deadLetter,
      };
    }
  }

  #putMessage(row: MessageRow): void {
    const { queue, op, position, priority, expiresAt, persistent, deliveryCount, deadLetter } = row;
    this.#statements.putMessage.run(
      queue,
      op,
      position,
      priority,
      expiresAt,
      persistent ? 1 : 0,
      deliveryCount,
      deadLetter?.from ?? null,
      deadLetter?.cause ?? null,
    );
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

  #set(name: string, value: number | string | Uint8Array | null): void {
    this.#statements.set.run(name, value);
  }

  #number(name: string): number {
    return Number(this.#value(name) ?? 0);
  }

  #text(name: string): string | null {
    const value = this.#value(name);
    return typeof value === "string" ? value : null;
  }

  #blob(name: string): Buffer | null {
    const value = this.#value(name);
    return Buffer.isBuffer(value) ? value : null;
  }

  #value(name: string): unknown {
    return (this.#statements.get.get(name) as { value: unknown } | undefined)?.value;
  }
}

/** Removes the files of a store; for `deleteAllMessagesOnStartup`. */
export function deleteStore(directory: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(directory, storeFileName + suffix), { force: true });
}

interface EntryRow {
  readonly op: number;
  readonly digest: Buffer;
  readonly bytes: Buffer;
}

interface StoredMessage {
  readonly queue: number;
  readonly op: number;
  readonly position: number;
  readonly priority: number;
  readonly expires_at: number | null;
  readonly persistent: number;
  readonly delivery_count: number;
  readonly dead_from: string | null;
  readonly dead_cause: "rejected" | "expired" | null;
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- The type is the list of statements itself.
function prepare(database: Database.Database) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    rollback: database.prepare("ROLLBACK"),
    get: database.prepare("SELECT value FROM setting WHERE name = ?"),
    set: database.prepare("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)"),
    putEntry: database.prepare("INSERT INTO entry (op, digest, bytes) VALUES (?, ?, ?)"),
    entry: database.prepare("SELECT op, digest, bytes FROM entry WHERE op = ?"),
    digest: database.prepare("SELECT digest FROM entry WHERE op = ?"),
    entriesAfter: database.prepare("SELECT op, digest, bytes FROM entry WHERE op > ? ORDER BY op"),
    deleteEntries: database.prepare("DELETE FROM entry WHERE op BETWEEN ? AND ?"),
    deleteAfter: database.prepare("DELETE FROM entry WHERE op > ?"),
    messages: database.prepare("SELECT * FROM message ORDER BY position"),
    putMessage: database.prepare("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    deleteMessage: database.prepare("DELETE FROM message WHERE queue = ? AND op = ?"),
    deleteQueue: database.prepare("DELETE FROM message WHERE queue = ?"),
  };
}

/** Runs of consecutive numbers in an ascending list. */
function* ranges(ops: readonly Op[]): Generator<[number, number]> {
  let first = ops[0];
  let through = first;
  if (first === undefined || through === undefined) return;
  for (const op of ops) {
    if (op > through + 1) {
      yield [first, through];
      first = op;
    }
    through = op;
  }
  yield [first, through];
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
