import { asOp, asWallTime, type Epoch, type Op, type WallTime } from "../base/units.ts";
import type { Digest } from "../base/checksum.ts";
import { Broker } from "./broker.ts";
import type { Chunk } from "./chunk.ts";
import type { SettleOutcome } from "./command.ts";
import { durableKey } from "./durable.ts";
import { destinationKey, parseDestinationKey, type Destination, type MessageOrigin } from "./message.ts";
import { readHead, writeHead } from "./message-codec.ts";
import { restoreGroups, storedGroups, type StoredGroups } from "./groups.ts";
import { looseOps, referredOps } from "./references.ts";
import type { DeadLetter, Queue, QueuedMessage } from "./queue.ts";
import type { Retention } from "./retained.ts";
import { compiledSelector } from "./selection.ts";
import { scheduleQueueId } from "./schedule.ts";
import type { ScheduleKind } from "./timing.ts";
import type { SentMessage, Transaction } from "./transaction.ts";

/** A message's place in a queue, as a row of the store. */
export interface MessageRow {
  readonly queue: number;
  readonly op: number;
  readonly position: number;
  readonly priority: number;
  readonly expiresAt: number | null;
  readonly persistent: boolean;
  readonly deliveryCount: number;
  readonly deadLetter: DeadLetter | null;
}

/** Messages of a queue that wait behind others, together as one row of the store; see {@link Chunk}. */
export interface ChunkRow extends ThinnedChunk {
  readonly queue: number;
  readonly bytes: Uint8Array;
}

/** Which messages of a chunk left; `null`: none. */
export interface ThinnedChunk {
  readonly id: number;
  readonly gone: Uint8Array | null;
}

/** A queue, as a row of the store. */
export interface QueueRow {
  readonly id: number;
  readonly key: string;
  readonly enqueued: number;
  readonly dequeued: number;
}

/** The entry that a checkpoint follows. */
export interface CheckpointHead {
  readonly op: Op;
  readonly epoch: Epoch;
  readonly stampedAt: WallTime;
  readonly digest: Digest;
}

/**
 * The state after entry `op`, as the difference from the checkpoint before: rows for messages and queues that came,
 * changed or went, and a summary of all the rest, which is small. With the entries after `op` it is all that a restart needs.
 */
export interface Checkpoint extends CheckpointHead {
  /** JSON of a {@link Summary}. */
  readonly summary: string;
  readonly put: readonly MessageRow[];
  readonly deleted: readonly { readonly queue: number; readonly op: number }[];
  readonly putChunks: readonly ChunkRow[];
  /** Chunks of earlier checkpoints with other messages gone than before. */
  readonly thinnedChunks: readonly ThinnedChunk[];
  readonly deletedChunks: readonly number[];
  readonly putQueues: readonly QueueRow[];
  readonly deletedQueues: readonly number[];
  /** Sends since the last checkpoint that something still refers to: their contents must now be kept, ascending. */
  readonly newOps: readonly Op[];
  /** Sends of earlier checkpoints that nothing refers to any more, ascending. */
  readonly deadOps: readonly Op[];
}

interface Summary {
  readonly nextPosition: number;
  readonly nextQueueId: number;
  /** All of them in a snapshot, and in a store from before they were rows; none in a checkpoint. */
  readonly queues: readonly QueueRow[];
  readonly durables: readonly {
    readonly clientId: string;
    readonly name: string;
    readonly destination: string;
    /** Not there in stores from before selectors. */
    readonly selector?: string | null;
    /** Not there in stores from before no-local. */
    readonly withoutFrom?: string | null;
  }[];
  readonly owners: readonly {
    readonly id: string;
    /** [subscription, [queue id, ops...]...] */
    readonly held: readonly (readonly [string, readonly (readonly [number, number])[]])[];
    readonly temporaries: readonly string[];
    readonly transactions: readonly StoredTransaction[];
  }[];
  /** Not there in stores from before two-phase commits. [transaction, the owner it was prepared by] */
  readonly prepared?: readonly (readonly [string, string])[];
  /** Not there in stores from before groups had owners. */
  readonly groups?: StoredGroups;
  /** Not there in stores from before topics kept messages. [topic, op] */
  readonly retained?: readonly (readonly [string, number])[];
  readonly orphans: readonly string[];
  readonly producers: readonly (readonly [string, number])[];
}

interface StoredTransaction {
  readonly name: string;
  readonly sends: readonly {
    op: number;
    destination: string;
    priority: number;
    expiresAt: number | null;
    persistent: boolean;
    origin: MessageOrigin | null;
    /** Not there in stores from before groups had owners. */
    isGrouped?: boolean;
    /** Not there in stores from before schedules. */
    schedule?: ScheduleKind | null;
    /** Not there in stores from before topics kept messages. */
    retention?: Retention | null;
    head?: string | null;
  }[];
  readonly settlements: readonly {
    subscription: string;
    messages: readonly number[];
    outcome: SettleOutcome;
  }[];
}

/** The part of a checkpoint that tells of queues. */
type QueueChanges = Writable<
  Pick<Checkpoint, "put" | "deleted" | "putChunks" | "thinnedChunks" | "deletedChunks" | "putQueues">
>;
type Writable<Lists> = { [Key in keyof Lists]: Lists[Key] extends readonly (infer Item)[] ? Item[] : never };

/** Takes what changed since the last call, when `head` is the last applied entry. */
export function takeCheckpoint(broker: Broker, head: CheckpointHead): Checkpoint {
  const changes: QueueChanges = {
    put: [],
    deleted: [],
    putChunks: [],
    thinnedChunks: [],
    deletedChunks: broker.deletedChunks.splice(0),
    putQueues: [],
  };
  for (const queue of broker.queues.values()) {
    queue.freeze(broker.chunkSizes, () => broker.nextChunkId++);
    takeQueueChanges(queue, changes);
  }
  broker.schedule.takeChanges(changes);
  const { op, epoch, stampedAt, digest } = head;
  return {
    op,
    epoch,
    stampedAt,
    digest,
    summary: JSON.stringify(summarise(broker, [])),
    ...changes,
    deletedQueues: broker.deletedQueues.splice(0),
    ...broker.contents.takeChanges(op),
  };
}

function takeQueueChanges(queue: Queue, changes: QueueChanges): void {
  const count = queue.enqueuedCount + queue.dequeuedCount;
  if (queue.storedCount !== count) {
    queue.storedCount = count;
    changes.putQueues.push(queueRow(queue));
  }
  for (const dirtyOp of queue.dirty) {
    const message = queue.rowOf(dirtyOp);
    if (message === undefined) {
      changes.deleted.push({ queue: queue.id, op: dirtyOp });
      continue;
    }
    message.stored = true;
    changes.put.push(messageRow(queue.id, message));
  }
  queue.dirty.clear();
  const { made, thinned, emptied } = queue.takeChunkChanges();
  for (const chunk of made) changes.putChunks.push(chunkRow(queue.id, chunk));
  for (const { id, gone } of thinned) changes.thinnedChunks.push({ id, gone });
  for (const { id } of emptied) changes.deletedChunks.push(id);
}

function chunkRow(queue: number, { id, bytes, gone }: Chunk): ChunkRow {
  return { id, queue, bytes, gone };
}

/** A checkpoint of an entry of which nothing is known but its summary. */
export const noChanges = {
  put: [],
  deleted: [],
  putChunks: [],
  thinnedChunks: [],
  deletedChunks: [],
  putQueues: [],
  deletedQueues: [],
  newOps: [],
  deadOps: [],
} as const satisfies Omit<Checkpoint, keyof CheckpointHead | "summary">;

/**
 * All of the state, for a node that has none of it: the summary, rows and chunks, and the entries that are needed besides
 * those of the messages in chunks. However many messages wait, it takes no longer than a checkpoint.
 */
export interface Snapshot {
  readonly summary: string;
  readonly rows: readonly MessageRow[];
  readonly chunks: readonly ChunkRow[];
  readonly ops: readonly Op[];
}

export function takeSnapshot(broker: Broker): Snapshot {
  const rows = broker.schedule.rows();
  const chunks: ChunkRow[] = [];
  for (const queue of broker.queues.values()) {
    for (const message of queue.hot()) rows.push(messageRow(queue.id, message));
    for (const chunk of queue.chunks()) chunks.push(chunkRow(queue.id, chunk));
  }
  const queues = Array.from(broker.queues.values(), queueRow);
  const ops = new Set([...rows.map(({ op }) => asOp(op)), ...looseOps(broker)]);
  return { summary: JSON.stringify(summarise(broker, queues)), rows, chunks, ops: [...ops] };
}

/**
 * Builds the state of a checkpoint; `rows` are its messages in order of position, `queueRows` its queues in that of ids,
 * and so are `chunks`, each with the queue it is of.
 */
export function restoreCheckpoint(
  summaryText: string | null,
  rows: Iterable<MessageRow>,
  through: Op,
  queueRows: Iterable<QueueRow> = [],
  chunks: Iterable<readonly [queue: number, Chunk]> = [],
): Broker {
  const broker = new Broker(through);
  if (summaryText === null) return broker;
  const summary = JSON.parse(summaryText) as Summary;
  broker.nextPosition = summary.nextPosition;
  broker.nextQueueId = summary.nextQueueId;
  // What a summary brings is no row yet, and becomes one with the next checkpoint.
  for (const row of summary.queues) restoreQueue(broker, row);
  for (const row of queueRows) restoreQueue(broker, row).storedCount = row.enqueued + row.dequeued;
  const queuesById = new Map([...broker.queues.values()].map((queue) => [queue.id, queue]));
  for (const [queue, chunk] of chunks) {
    broker.nextChunkId = chunk.id + 1;
    queuesById.get(queue)?.restoreChunk(chunk);
  }
  for (const row of rows) {
    const { queue, ...message } = row;
    if (queue === scheduleQueueId) broker.schedule.restore(row);
    queuesById
      .get(queue)
      ?.restore({ ...message, op: asOp(row.op), expiresAt: wall(row.expiresAt), stored: true });
  }
  for (const { clientId, name, destination, selector, withoutFrom } of summary.durables) {
    const key = durableKey(clientId, name);
    const queue = broker.queues.get(key);
    if (queue !== undefined)
      broker.durables.set(key, {
        clientId,
        name,
        destination: readDestination(destination),
        selector: compiledSelector(selector ?? null),
        queue,
        withoutFrom: withoutFrom ?? null,
      });
  }
  for (const { id, held, temporaries, transactions } of summary.owners) {
    const owner = broker.owners.of(id);
    for (const key of temporaries) owner.temporaries.add(key);
    for (const [subscription, deliveries] of held) {
      const ops = new Map<Op, NonNullable<ReturnType<typeof queuesById.get>>>();
      for (const [queueId, op] of deliveries) {
        const queue = queuesById.get(queueId);
        if (queue === undefined) continue;
        queue.restoreDelivery(asOp(op), id, subscription);
        ops.set(asOp(op), queue);
      }
      owner.held.set(subscription, ops);
    }
    for (const stored of transactions) owner.transactions.set(stored.name, restoreTransaction(stored));
  }
  for (const [name, from] of summary.prepared ?? []) broker.prepared.set(name, from);
  restoreGroups(broker.groups, summary.groups, queuesById, (id) => broker.owners.of(id));
  for (const [topic, op] of summary.retained ?? []) broker.retained.restore(topic, asOp(op));
  for (const key of summary.orphans) broker.orphans.add(key);
  for (const [producer, sequence] of summary.producers) broker.producers.note({ producer, sequence });
  broker.contents.restore(referredOps(broker));
  return broker;
}

function restoreQueue(broker: Broker, { key, id, enqueued, dequeued }: QueueRow): Queue {
  const queue = broker.restoreQueue(key, id);
  queue.enqueuedCount = enqueued;
  queue.dequeuedCount = dequeued;
  return queue;
}

function summarise(broker: Broker, queues: readonly QueueRow[]): Summary {
  return {
    nextPosition: broker.nextPosition,
    nextQueueId: broker.nextQueueId,
    queues,
    durables: [...broker.durables.values()].map(({ clientId, name, destination, selector, withoutFrom }) => ({
      clientId,
      name,
      destination: destinationKey(destination),
      selector: selector?.text ?? null,
      withoutFrom,
    })),
    owners: [...broker.owners].map(([id, owner]) => ({
      id,
      held: [...owner.held].map(
        ([subscription, ops]) =>
          [subscription, [...ops].map(([op, queue]) => [queue.id, op] as const)] as const,
      ),
      temporaries: [...owner.temporaries],
      transactions: [...owner.transactions].map(([name, transaction]) =>
        storedTransaction(name, transaction),
      ),
    })),
    prepared: [...broker.prepared],
    groups: storedGroups(broker.groups, broker.owners.values()),
    retained: [...broker.retained.entries()],
    orphans: [...broker.orphans],
    producers: broker.producers.entries(),
  };
}

function queueRow({ id, key, enqueuedCount, dequeuedCount }: Queue): QueueRow {
  return { id, key, enqueued: enqueuedCount, dequeued: dequeuedCount };
}

function messageRow(queue: number, message: QueuedMessage): MessageRow {
  const { op, position, priority, expiresAt, persistent, deliveryCount, deadLetter } = message;
  return { queue, op, position, priority, expiresAt, persistent, deliveryCount, deadLetter };
}

function storedTransaction(name: string, { sends, settlements }: Transaction): StoredTransaction {
  return {
    name,
    sends: sends.map((sent) => ({
      ...sent,
      destination: destinationKey(sent.destination),
      head: sent.head === null ? null : writeHead(sent.head),
    })),
    settlements,
  };
}

function restoreTransaction({ sends, settlements }: StoredTransaction): Transaction {
  return {
    sends: sends.map((sent): SentMessage => {
      const op = asOp(sent.op);
      return {
        ...sent,
        op,
        expiresAt: wall(sent.expiresAt),
        destination: readDestination(sent.destination),
        isGrouped: sent.isGrouped ?? true,
        schedule: sent.schedule ?? null,
        retention: sent.retention ?? null,
        head: typeof sent.head === "string" ? readHead(sent.head) : null,
      };
    }),
    settlements: settlements.map((settlement) => ({
      ...settlement,
      messages: settlement.messages.map(asOp),
    })),
  };
}

function wall(time: number | null): ReturnType<typeof asWallTime> | null {
  return time === null ? null : asWallTime(time);
}

function readDestination(key: string): Destination {
  return parseDestinationKey(key) ?? { kind: "queue", name: key };
}
