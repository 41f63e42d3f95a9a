import type Database from "better-sqlite3";
import type { Digest } from "../base/checksum.ts";
import type { MessageRow } from "../core/checkpoint.ts";

/** A message's content, as stored. */
export interface ContentRow {
  readonly op: number;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** A message's place in a queue, as stored. */
export interface StoredMessage {
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

export function messageRowOf(stored: StoredMessage): MessageRow {
  const { queue, op, position, priority, dead_from: from, dead_cause: cause } = stored;
  return {
    queue,
    op,
    position,
    priority,
    expiresAt: stored.expires_at,
    persistent: stored.persistent === 1,
    deliveryCount: stored.delivery_count,
    deadLetter: from === null || cause === null ? null : { from, cause },
  };
}

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
    queues: database.prepare("SELECT id, key, enqueued, dequeued FROM queue ORDER BY id"),
    putQueue: database.prepare(
      "INSERT OR REPLACE INTO queue (id, key, enqueued, dequeued) VALUES (?, ?, ?, ?)",
    ),
    deleteQueue: database.prepare("DELETE FROM queue WHERE id = ?"),
  };
}
