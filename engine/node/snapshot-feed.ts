import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import { takeSnapshot, type ChunkRow, type MessageRow, type Snapshot } from "../core/checkpoint.ts";
import { Chunk } from "../core/chunk.ts";
import type { Contents } from "../core/contents.ts";
import type { SnapshotContent, SnapshotHead, SnapshotPart } from "../pair/message.ts";
import type { JournalReader } from "./contract.ts";
import type { History } from "./history.ts";

/** Rows are small: so many of them make about a batch. */
const rowCountMax = 20_000;

/**
 * The state after one entry, handed out in parts while the broker goes on. What changes with the next entry is taken
 * at once; contents are read from the store as they are sent, so nothing may be removed from it until the last part.
 */
export class SnapshotFeed {
  readonly head: SnapshotHead;
  readonly #rows: readonly MessageRow[];
  readonly #pieces: Generator<Op | ChunkRow, void>;
  readonly #journal: JournalReader;
  #rowAt = 0;
  #hasPieces = true;

  constructor(history: History, journal: JournalReader) {
    const { op, epoch, stampedAt, digest } = history.head;
    const snapshot = takeSnapshot(history.broker);
    this.head = { op, epoch, stampedAt, digest, summary: snapshot.summary };
    this.#rows = snapshot.rows;
    this.#pieces = piecesOf(snapshot, history.broker.contents);
    this.#journal = journal;
  }

  get isDone(): boolean {
    return !this.#hasPieces && this.#rowAt >= this.#rows.length;
  }

  next(): SnapshotPart & { readonly isLast: boolean } {
    const contents: SnapshotContent[] = [];
    const chunks: ChunkRow[] = [];
    for (let sizeBytes = 0; this.#hasPieces && sizeBytes < limits.batchBytesMax;) {
      const piece = this.#pieces.next();
      if (piece.done === true) this.#hasPieces = false;
      else if (typeof piece.value === "number") {
        const bytes = this.#journal.content(piece.value);
        // A message that was consumed meanwhile may be gone already; the entries that follow say so.
        if (bytes === null) continue;
        contents.push({ op: piece.value, bytes });
        sizeBytes += bytes.length;
      } else {
        chunks.push(piece.value);
        sizeBytes += piece.value.bytes.length;
      }
    }
    const isFull = contents.length + chunks.length > 0;
    const rows = isFull ? [] : this.#rows.slice(this.#rowAt, this.#rowAt + rowCountMax);
    this.#rowAt += rows.length;
    return { contents, rows, chunks, isLast: this.isDone };
  }
}

/** Entries to be sent, each once, and every chunk behind those of its messages. */
function* piecesOf({ ops, chunks }: Snapshot, contents: Contents): Generator<Op | ChunkRow, void> {
  const sent = new Set<Op>(ops);
  yield* ops;
  for (const row of chunks) {
    for (const op of Chunk.read(row.id, row.bytes, row.gone)?.ops() ?? []) {
      if (sent.has(op)) continue;
      if (contents.isShared(op)) sent.add(op);
      yield op;
    }
    yield row;
  }
}
