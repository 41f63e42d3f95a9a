import { assert } from "../../engine/base/assert.ts";
import type { Digest } from "../../engine/base/checksum.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime } from "../../engine/base/units.ts";
import type { Checkpoint, ChunkRow, MessageRow, QueueRow } from "../../engine/core/checkpoint.ts";
import { Chunk } from "../../engine/core/chunk.ts";
import type { ContentChanges } from "../../engine/host/late-contents.ts";
import type { Term } from "../../engine/node/contract.ts";
import type { Head } from "../../engine/pair/entry.ts";
import type { Random } from "./random.ts";

/** A message's content, with the digest it was stored with. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/** What the tables hold. */
export class Tables {
  contents = new Map<number, Content>();
  contentsThrough = asOp(0);
  rows = new Map<string, MessageRow>();
  queues = new Map<number, QueueRow>();
  chunks = new Map<number, ChunkRow>();
  summary: string | null = null;
  checkpoint: Head = { op: asOp(0), epoch: asEpoch(0), stampedAt: asWallTime(0), digest: emptyDigest };
  term: Term = { epoch: asEpoch(0), pairId: null, isBehind: false };

  copy(): Tables {
    const copy = new Tables();
    copy.contents = new Map(this.contents);
    copy.contentsThrough = this.contentsThrough;
    copy.rows = new Map(this.rows);
    copy.queues = new Map(this.queues);
    copy.chunks = new Map(this.chunks);
    copy.summary = this.summary;
    copy.checkpoint = this.checkpoint;
    copy.term = this.term;
    return copy;
  }
}

type Change = (tables: Tables) => void;

/**
 * The store's database as SQLite keeps it: each transaction whole or not at all, and when the power goes some of the
 * last ones that were not synced are gone, from the end on.
 */
export class SimulatedDatabase {
  #seen = new Tables();
  #kept = new Tables();
  /** Synced, and not in {@link #kept} yet: mostly nobody ever looks. */
  #settled: Change[] = [];
  #unsynced: Change[] = [];

  get tables(): Tables {
    return this.#seen;
  }

  commit(change: Change): void {
    change(this.#seen);
    this.#unsynced.push(change);
  }

  /** How many transactions were made since the last sync: those that a sync begun now covers. */
  get unsyncedCount(): number {
    return this.#unsynced.length;
  }

  sync(count = this.#unsynced.length): void {
    this.#settled.push(...this.#unsynced.splice(0, count));
  }

  losePower(random: Random): void {
    if (this.#unsynced.length === 0) return;
    this.sync(random.below(this.#unsynced.length + 1));
    this.#unsynced = [];
    for (const change of this.#settled.splice(0)) change(this.#kept);
    this.#seen = this.#kept.copy();
  }

  /** Another store's tables take the place of these, synced. */
  replace(tables: Tables): void {
    this.#seen = tables;
    this.#kept = tables.copy();
    this.#settled = [];
    this.#unsynced = [];
  }
}

/** What a checkpoint does to the tables; `contents` are those that move there with it. */
export function checkpointChange(
  checkpoint: Checkpoint,
  contents: ReadonlyMap<number, Content>,
  { dead, through }: ContentChanges,
): Change {
  const { op, epoch, stampedAt, digest } = checkpoint;
  return (tables) => {
    for (const [at, content] of contents) tables.contents.set(at, content);
    const gone = new Set(checkpoint.deletedQueues);
    if (gone.size > 0) for (const [key, row] of tables.rows) if (gone.has(row.queue)) tables.rows.delete(key);
    for (const id of gone) tables.queues.delete(id);
    for (const row of checkpoint.putQueues) tables.queues.set(row.id, row);
    for (const { queue, op: of } of checkpoint.deleted) tables.rows.delete(rowKey(queue, of));
    for (const row of checkpoint.put) tables.rows.set(rowKey(row.queue, row.op), row);
    for (const row of checkpoint.putChunks) tables.chunks.set(row.id, row);
    for (const { id, gone: slots } of checkpoint.thinnedChunks)
      tables.chunks.set(id, { ...tables.chunks.get(id)!, gone: slots });
    for (const id of checkpoint.deletedChunks) tables.chunks.delete(id);
    for (const content of dead) tables.contents.delete(content);
    tables.contentsThrough = through;
    tables.summary = checkpoint.summary;
    tables.checkpoint = { op, epoch, stampedAt, digest };
  };
}

/** The stored chunks in the order of ids, each with its queue. */
export function readChunks(chunks: ReadonlyMap<number, ChunkRow>): (readonly [number, Chunk])[] {
  return [...chunks.values()]
    .sort((one, other) => one.id - other.id)
    .map(({ id, queue, bytes, gone }) => {
      const chunk = Chunk.read(id, bytes, gone);
      assert(chunk !== null, "what was stored can be read");
      return [queue, chunk];
    });
}

export function rowKey(queue: number, op: number): string {
  return `${queue} ${op}`;
}
