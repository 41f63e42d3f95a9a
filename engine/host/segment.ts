import type { Digest } from "../base/checksum.ts";
import type { Op } from "../base/units.ts";
import type { Files, OpenFile } from "./files.ts";
import {
  isTornRecord,
  isZeros,
  recordAt,
  recordEnd,
  recordHeader,
  recordHeaderBytes,
  wasSynced,
} from "./record.ts";

/**
 * One file of the journal: a header that names its first entry, then entries one behind the other (`record.ts`).
 *
 *     "UNDSTJ3\n"  first op (8 bytes)  synced (4)  its complement (4)
 *
 * After a loss of power the file may end in a torn record, which was never confirmed to anyone. A broken record that has
 * all its sectors is none, but damage, and so is one with a whole one behind it that says its place was synced: they are
 * reported instead of being cut off in silence. The header says of the end how much was synced, a moment later
 * ({@link Segment.mark}): a file that ends before it was cut short.
 *
 * Zeros may stand behind the last record: room written ahead ({@link Segment.reserve}), since to sync what lies over
 * bytes that are on the disk already takes about half the time of a file that grows. Nothing was ever there.
 */
const magic = Buffer.from("UNDSTJ3\n", "latin1");
const markAt = magic.length + 8;
export const headerBytes = markAt + 8;
/** Bytes hashed in search of a sound record, as a multiple of the file. */
const searchFactor = 4;

export interface StoredEntry {
  readonly op: Op;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** What stands between two records' worth of bytes that is no record. */
export type SegmentEnd =
  { readonly kind: "whole" } | { readonly kind: "torn" } | { readonly kind: "damaged"; readonly at: number };

export class Segment {
  readonly path: string;
  readonly first: Op;
  readonly #file: OpenFile;
  /** Where each record begins, from `first` on; the end of the last one is `#size`. */
  readonly #starts: number[] = [];
  #size = headerBytes;
  /** Where the file ends: behind the records, and the room written ahead for more of them. */
  #fileBytes = headerBytes;
  #synced = headerBytes;
  /** What a sync of this process's has covered; what the header says of it. */
  #covered = 0;
  #marked = 0;

  private constructor(path: string, first: Op, file: OpenFile) {
    this.path = path;
    this.first = first;
    this.#file = file;
  }

  /** Begins a new file. */
  static create(files: Files, path: string, first: Op): Segment {
    const file = files.create(path);
    file.write([headerOf(first)], 0);
    return new Segment(path, first, file);
  }

  /**
   * Opens the file that begins with entry `first` and finds its records. `foreign`: it is not a journal file, or not
   * this one; `unbegun`: it was just made when the process or the power went, and never held anything.
   */
  static open(
    files: Files,
    path: string,
    first: Op,
  ): { segment: Segment; end: SegmentEnd } | "foreign" | "unbegun" {
    const file = files.open(path);
    const wanted = headerOf(first);
    const header = Buffer.alloc(headerBytes);
    file.read(header, 0);
    const size = file.sizeBytes();
    const name = header.subarray(0, markAt);
    if (size < headerBytes || !name.equals(wanted.subarray(0, markAt))) {
      file.close();
      return size <= headerBytes && isTorn(header, wanted) ? "unbegun" : "foreign";
    }
    const segment = new Segment(path, first, file);
    return { segment, end: segment.#findRecords() };
  }

  get last(): Op {
    return (this.first + this.#starts.length - 1) as Op;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  get file(): OpenFile {
    return this.#file;
  }

  /** All that was appended before is on the disk. */
  synced(through: number): void {
    this.#synced = Math.max(this.#synced, through);
    this.#covered = Math.max(this.#covered, through);
  }

  /** Writes into the header how much is on the disk; it need not be there itself. */
  mark(): void {
    if (this.#covered <= this.#marked) return;
    this.#writeMark(this.#covered);
  }

  /** Writes entries behind the last one, into the operating system's hands; {@link file} is then to be synced. */
  append(entries: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[]): void {
    const parts: Uint8Array[] = [];
    let end = this.#size;
    for (const { digest, bytes } of entries) {
      parts.push(recordHeader(bytes, digest, end, this.#synced), bytes);
      this.#starts.push(end);
      end += recordHeaderBytes + bytes.length;
    }
    this.#file.write(parts, this.#size);
    this.#size = end;
    this.#fileBytes = Math.max(this.#fileBytes, end);
  }

  /** Writes `zeros` behind a file of which less than half of that is left, up to `fileBytesMax`; says whether it did. */
  reserve(zeros: Uint8Array, fileBytesMax: number): boolean {
    const room = Math.min(zeros.length, fileBytesMax - this.#fileBytes);
    if (room <= 0 || this.#fileBytes - this.#size >= zeros.length / 2) return false;
    this.#file.write([zeros.subarray(0, room)], this.#fileBytes);
    this.#fileBytes += room;
    return true;
  }

  has(op: Op): boolean {
    return op >= this.first && op <= this.last;
  }

  /** Entries from `from` on, at least one, else no more than `bytesMax`. */
  read(from: Op, bytesMax: number): StoredEntry[] {
    const firstIndex = from - this.first;
    let lastIndex = firstIndex;
    while (
      lastIndex + 1 < this.#starts.length &&
      this.#endOf(lastIndex + 1) - this.#startOf(firstIndex) <= bytesMax
    )
      lastIndex += 1;
    const start = this.#startOf(firstIndex);
    const block = Buffer.allocUnsafe(this.#endOf(lastIndex) - start);
    this.#file.read(block, start);
    const found: StoredEntry[] = [];
    for (let index = firstIndex; index <= lastIndex; index += 1) {
      const { digest, bytes } = recordAt(block, this.#startOf(index) - start);
      found.push({ op: (this.first + index) as Op, digest, bytes });
    }
    return found;
  }

  /** The last entry that ends at this place in the file or before; the one before {@link first} when none does. */
  lastEndingAt(place: number): Op {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#endOf(middle) <= place) low = middle + 1;
      else high = middle;
    }
    return (this.first + low - 1) as Op;
  }

  /** Takes all entries beyond `after` off the end. */
  cut(after: Op): void {
    const keep = Math.max(0, after - this.first + 1);
    if (keep >= this.#starts.length) return;
    this.#size = this.#startOf(keep);
    if (this.#marked > this.#size) {
      // On the disk before anything is taken away, or the cut would look like damage.
      this.#writeMark(this.#size);
      this.#file.sync();
    }
    this.#starts.length = keep;
    this.#synced = Math.min(this.#synced, this.#size);
    this.#covered = Math.min(this.#covered, this.#size);
    this.trim();
  }

  /** Takes off what stands behind the last sound record. */
  trim(): void {
    if (this.#fileBytes === this.#size) return;
    this.#file.truncate(this.#size);
    this.#fileBytes = this.#size;
  }

  close(): void {
    this.#file.close();
  }

  #startOf(index: number): number {
    return this.#starts[index] ?? this.#size;
  }

  #endOf(index: number): number {
    return this.#startOf(index + 1);
  }

  #writeMark(size: number): void {
    this.#file.write([markOf(size)], markAt);
    this.#marked = size;
  }

  #findRecords(): SegmentEnd {
    const size = this.#file.sizeBytes();
    const content = Buffer.allocUnsafe(size);
    this.#file.read(content, 0);
    let at = headerBytes;
    for (let end = recordEnd(content, at); end !== null; end = recordEnd(content, at)) {
      this.#starts.push(at);
      at = end;
    }
    this.#size = at;
    this.#fileBytes = size;
    this.#synced = at;
    this.#marked = markIn(content);
    if (this.#marked > at) return { kind: "damaged", at };
    if (isZeros(content.subarray(at))) return { kind: "whole" };
    const isTorn = isTornRecord(content, at) && !wasSynced(content, at, size * searchFactor);
    return isTorn ? { kind: "torn" } : { kind: "damaged", at };
  }
}

/** The header of a file that begins with entry `first`, of which `synced` bytes are on the disk. */
export function segmentHeader(first: Op, synced: number): Buffer {
  return Buffer.concat([headerOf(first).subarray(0, markAt), markOf(synced)]);
}

function headerOf(first: Op): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeDoubleBE(first, magic.length);
  return header;
}

function markOf(size: number): Buffer {
  const mark = Buffer.alloc(8);
  mark.writeUInt32BE(size, 0);
  mark.writeUInt32BE(~size >>> 0, 4);
  return mark;
}

/** Whether `found` is the beginning of `wanted` with nothing but zeros behind it. */
function isTorn(found: Buffer, wanted: Buffer): boolean {
  const end = found.findLastIndex((byte) => byte !== 0) + 1;
  return found.subarray(0, end).equals(wanted.subarray(0, end));
}

/** How much was known to be on the disk; 0 when the header does not say, or was torn while it was written. */
export function markIn(content: Buffer): number {
  if (content.length < headerBytes) return 0;
  const size = content.readUInt32BE(markAt);
  return content.readUInt32BE(markAt + 4) === ~size >>> 0 ? size : 0;
}
