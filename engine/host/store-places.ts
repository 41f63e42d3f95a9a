import { digestOf, digestsEqual, type Digest } from "../base/checksum.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Checkpoint, ChunkRow, MessageRow } from "../core/checkpoint.ts";
import { Chunk } from "../core/chunk.ts";
import type { Statements } from "./store-statements.ts";

/** A message's place in a queue, as stored. */
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

/** Many messages' places in a queue, as stored. */
interface StoredChunk {
  readonly id: number;
  readonly queue: number;
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly slots: Buffer | null;
}

function messageRowOf(stored: StoredMessage): MessageRow {
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

/** All messages that have a row of their own, in the order of positions. */
export function* readRows({ messages }: Statements): Generator<MessageRow> {
  for (const row of messages.iterate() as Iterable<StoredMessage>) yield messageRowOf(row);
}

/** All chunks in the order of ids, each with its queue. */
export function* readChunks(
  { chunks }: Statements,
  damaged: (detail: string) => BrokerError,
): Generator<readonly [queue: number, Chunk]> {
  for (const { id, queue, digest, bytes, slots } of chunks.iterate() as Iterable<StoredChunk>) {
    const chunk = digestsEqual(digestOf(bytes), digest) ? Chunk.read(id, bytes, slots) : null;
    if (chunk === null) throw damaged(`chunk ${id} has changed since it was written`);
    yield [queue, chunk];
  }
}

/** Writes what a checkpoint says of queues and of messages' places in them, a row or so at each step. */
export function* savePlaces(statements: Statements, checkpoint: Checkpoint): Generator<void> {
  for (const queue of checkpoint.deletedQueues) {
    yield;
    statements.deleteMessages.run(queue);
    statements.deleteQueue.run(queue);
  }
  for (const { id, key, enqueued, dequeued } of checkpoint.putQueues) {
    yield;
    statements.putQueue.run(id, key, enqueued, dequeued);
  }
  for (const { queue, op } of checkpoint.deleted) {
    yield;
    statements.deleteMessage.run(queue, op);
  }
  for (const row of checkpoint.put) {
    yield;
    putRow(statements, row);
  }
  yield* saveChunks(statements, checkpoint);
}

function* saveChunks(statements: Statements, checkpoint: Checkpoint): Generator<void> {
  for (const row of checkpoint.putChunks) {
    yield;
    putChunk(statements, row);
  }
  for (const { id, gone } of checkpoint.thinnedChunks) {
    yield;
    statements.putGone.run(id, gone);
  }
  for (const id of checkpoint.deletedChunks) {
    yield;
    statements.deleteChunk.run(id);
    statements.deleteGone.run(id);
  }
}

export function putChunk(statements: Statements, { id, queue, bytes, gone }: ChunkRow): void {
  statements.putChunk.run(id, queue, digestOf(bytes), bytes);
  if (gone !== null) statements.putGone.run(id, gone);
}

export function putRow({ putMessage }: Statements, row: MessageRow): void {
  const { queue, op, position, priority, expiresAt, persistent, deliveryCount, deadLetter } = row;
  putMessage.run(
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
