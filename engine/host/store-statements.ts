import type Database from "better-sqlite3";
import type { Digest } from "../base/checksum.ts";

/** A message's content, as stored. */
export interface ContentRow {
  readonly op: number;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

export type Statements = ReturnType<typeof prepare>;

export function prepare(database: Database.Database) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    rollback: database.prepare("ROLLBACK"),
    get: database.prepare("SELECT value FROM setting WHERE name = ?"),
    set: database.prepare("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)"),
    putContent: database.prepare("INSERT OR REPLACE INTO content (op, digest, bytes) VALUES (?, ?, ?)"),
    content: database.prepare("SELECT op, digest, bytes FROM content WHERE op = ?"),
    contents: database.prepare("SELECT op, digest, bytes FROM content"),
    deleteContents: database.prepare("DELETE FROM content WHERE op BETWEEN ? AND ?"),
    messages: database.prepare("SELECT * FROM message ORDER BY position"),
    putMessage: database.prepare("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    deleteMessage: database.prepare("DELETE FROM message WHERE queue = ? AND op = ?"),
    deleteMessages: database.prepare("DELETE FROM message WHERE queue = ?"),
    chunks: database.prepare("SELECT * FROM chunk LEFT JOIN chunk_gone ON chunk = id ORDER BY id"),
    putChunk: database.prepare("INSERT INTO chunk (id, queue, digest, bytes) VALUES (?, ?, ?, ?)"),
    putGone: database.prepare("INSERT OR REPLACE INTO chunk_gone (chunk, slots) VALUES (?, ?)"),
    deleteChunk: database.prepare("DELETE FROM chunk WHERE id = ?"),
    deleteGone: database.prepare("DELETE FROM chunk_gone WHERE chunk = ?"),
    queues: database.prepare("SELECT id, key, enqueued, dequeued FROM queue ORDER BY id"),
    putQueue: database.prepare(
      "INSERT OR REPLACE INTO queue (id, key, enqueued, dequeued) VALUES (?, ?, ?, ?)",
    ),
    deleteQueue: database.prepare("DELETE FROM queue WHERE id = ?"),
  };
}
