import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import { takeSnapshot, type MessageRow } from "../core/checkpoint.ts";
import type { SnapshotContent, SnapshotHead } from "../pair/message.ts";
import type { JournalReader } from "./contract.ts";
import type { History } from "./history.ts";

/** Rows are small: so many of them make about a batch. */
const rowCountMax = 20_000;

export interface SnapshotPart {
  readonly contents: readonly SnapshotContent[];
  readonly rows: readonly MessageRow[];
  readonly isLast: boolean;
}

/**
 * The state after one entry, handed out in parts while the broker goes on. What changes with the next entry is taken
 * at once; contents are read from the store as they are sent, so nothing may be removed from it until the last part.
 */
export class SnapshotFeed {
  readonly head: SnapshotHead;
  readonly #rows: MessageRow[];
  readonly #ops: readonly Op[];
  readonly #journal: JournalReader;
  #rowAt = 0;
  #opAt = 0;

  constructor(history: History, journal: JournalReader) {
    const { op, epoch, stampedAt, digest } = history.head;
    const { summary, rows, ops } = takeSnapshot(history.broker);
    this.head = { op, epoch, stampedAt, digest, summary };
    this.#rows = rows;
    this.#ops = ops;
    this.#journal = journal;
  }

  get isDone(): boolean {
    return this.#rowAt >= this.#rows.length && this.#opAt >= this.#ops.length;
  }

  next(): SnapshotPart {
    const contents: SnapshotContent[] = [];
    let sizeBytes = 0;
    while (this.#opAt < this.#ops.length && sizeBytes < limits.batchBytesMax) {
      const op = this.#ops[this.#opAt]!;
      const bytes = this.#journal.content(op);
      this.#opAt += 1;
      // A message that was consumed meanwhile may be gone already; the entries that follow say so.
      if (bytes === null) continue;
      contents.push({ op, bytes });
      sizeBytes += bytes.length;
    }
    const rows = contents.length > 0 ? [] : this.#rows.slice(this.#rowAt, this.#rowAt + rowCountMax);
    this.#rowAt += rows.length;
    return { contents, rows, isLast: this.isDone };
  }
}
