import { chmodSync } from "node:fs";
import Database from "better-sqlite3";
import { BrokerError } from "../base/errors.ts";

/** Version of the tables below; a store with a later one is refused, as nothing is known of it. */
export const storeFormat = 4;
/** A process that was killed may hold its lock until a write that the disk is at is over. */
const lockWaitMs = 1_000;
/** Marks the file as a store of this program, so that another SQLite file is never taken for one. */
const applicationId = 0x554e4459;

/** Since format 2; before, the summary held all queues, and does until the first checkpoint after. */
const queueTable = `
  -- Queues as of the last checkpoint.
  CREATE TABLE queue (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, enqueued INTEGER NOT NULL, dequeued INTEGER NOT NULL
  );
`;

/**
 * Since format 3; before, each message was a row, and becomes a part of one with the checkpoints to come. Since format 4
 * contents are in the journal alone for a while: a program that does not know it would let go of them.
 */
const chunkTables = `
  -- Messages that wait behind others, many in a row; which of them left stands apart, as it changes and they do not.
  CREATE TABLE chunk (id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE chunk_gone (chunk INTEGER PRIMARY KEY, slots BLOB NOT NULL);
`;

const tables = `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  -- Journal entries that sent messages which are still there, some time later; \`digest\` is that of \`bytes\`.
  CREATE TABLE content (op INTEGER PRIMARY KEY, digest BLOB NOT NULL, bytes BLOB NOT NULL);
  -- Places of messages in queues, as of the last checkpoint.
  CREATE TABLE message (
    queue INTEGER NOT NULL, op INTEGER NOT NULL, position INTEGER NOT NULL, priority INTEGER NOT NULL,
    expires_at REAL, persistent INTEGER NOT NULL, delivery_count INTEGER NOT NULL, dead_from TEXT, dead_cause TEXT,
    PRIMARY KEY (queue, op)
  ) WITHOUT ROWID;
  ${queueTable}
  ${chunkTables}
`;

/**
 * Opens a store's database, making its tables when it is new. The process then holds its lock until it ends.
 * Throws STORE_LOCKED, STORE_NEWER, STORE_DAMAGED or STORE_UNWRITABLE.
 */
export function openDatabase(file: string, directory: string): Database.Database {
  const database = translating(directory, () => new Database(file, { timeout: lockWaitMs }));
  closeToOthers(file);
  try {
    translating(directory, () => {
      // Entries of common sizes fill larger pages better, and each commit writes whole pages.
      database.pragma("page_size = 8192");
      // One process owns a store; the lock is the operating system's and goes with the process, however it ends.
      database.pragma("locking_mode = EXCLUSIVE");
      database.pragma("journal_mode = WAL");
      // A checkpoint that the power takes is made good by the journal, which is kept until the checkpoint is synced.
      database.pragma("synchronous = NORMAL");
      database.pragma("wal_autocheckpoint = 4000");
      database.exec("BEGIN IMMEDIATE; COMMIT");
      checkFormat(database, directory);
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Its directory may be one that others may enter. The files that SQLite makes beside it take over its mode. */
function closeToOthers(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch {
    // Somebody else's file, or a file system without modes: then the directory decides.
  }
}

function checkFormat(database: Database.Database, directory: string): void {
  const id = database.pragma("application_id", { simple: true });
  const found = Number(database.pragma("user_version", { simple: true }));
  if (id === 0 && found === 0) {
    database.exec(
      `BEGIN; ${tables} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${storeFormat}; COMMIT`,
    );
    return;
  }
  if (id !== applicationId)
    throw new BrokerError("STORE_DAMAGED", {
      directory,
      detail: "the file is a database of another program",
    });
  if (found > storeFormat) throw new BrokerError("STORE_NEWER", { directory, found, supported: storeFormat });
  if (found === storeFormat) return;
  const missing = [found < 2 ? queueTable : "", found < 3 ? chunkTables : ""].join("");
  database.exec(`BEGIN; ${missing} PRAGMA user_version = ${storeFormat}; COMMIT`);
}

/** Runs `work`; what SQLite says about the file becomes an error that people can act on. */
export function translating<Result>(directory: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof Database.SqliteError ? translated(error, directory) : error;
  }
}

function translated(error: InstanceType<typeof Database.SqliteError>, directory: string): BrokerError {
  const { code, message: detail } = error;
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new BrokerError("STORE_LOCKED", { directory });
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB"))
    return new BrokerError("STORE_DAMAGED", { directory, detail });
  return new BrokerError("STORE_UNWRITABLE", { directory, detail });
}
