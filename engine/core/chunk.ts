import { assert } from "../base/assert.ts";
import { asOp, asWallTime, type Op } from "../base/units.ts";
import { DeadLetterTable } from "./dead-letter-table.ts";
import type { QueuedMessage } from "./queue.ts";

/** How many messages a chunk holds: fewer are not worth one. */
export interface ChunkSizes {
  readonly countMin: number;
  readonly countMax: number;
}

export const usualChunkSizes: ChunkSizes = { countMin: 256, countMax: 1_024 };

const layoutVersion = 1;
const headerBytes = 32;
const withExpiry = 1;
const withCounts = 2;
const withDeadLetters = 4;
const offsetMax = 0xffff_ffff;

/** What a chunk's bytes begin with; numbers stand in the order of bytes of every machine that we run on, lowest first. */
interface Header {
  readonly count: number;
  readonly priority: number;
  readonly flags: number;
  readonly leastOp: number;
  readonly firstPosition: number;
}

/**
 * Messages that wait behind others, of one queue and one priority in the order of positions, as plain numbers in one
 * block of memory: some ten bytes each instead of the two hundred of an object that can be found by its op. The same
 * bytes are their row in the store. They never change; a message that leaves is crossed out beside them.
 *
 *     header  expiresAt (8 bytes each, where any has one)  op  position  deliveryCount (4, where any has one)  persistent (1)
 *             number of the dead letter's origin (1)  those origins (both where any is a dead letter)
 */
export class Chunk {
  readonly id: number;
  readonly priority: number;
  readonly bytes: Uint8Array;
  readonly firstPosition: number;
  readonly hasExpiry: boolean;
  /** Whether the last checkpoint knows it. */
  isStored = false;
  readonly #count: number;
  readonly #leastOp: number;
  #opOffsetMax = 0;
  #isAscending = true;
  readonly #ops: Uint32Array;
  readonly #positions: Uint32Array;
  readonly #expiries: Float64Array | null;
  readonly #counts: Uint32Array | null;
  readonly #persistent: Uint8Array;
  readonly #deadLetters: { readonly table: DeadLetterTable; readonly numbers: Uint8Array } | null;
  /** One bit for each message that left. */
  readonly #gone: Uint8Array;
  #aliveCount: number;
  /** Every message before it left. */
  #firstSlot = 0;

  private constructor(id: number, bytes: Uint8Array, header: Header, table: DeadLetterTable) {
    const { count, priority, flags, leastOp, firstPosition } = header;
    this.id = id;
    this.priority = priority;
    this.bytes = bytes;
    this.firstPosition = firstPosition;
    this.hasExpiry = (flags & withExpiry) !== 0;
    this.#count = count;
    this.#aliveCount = count;
    this.#leastOp = leastOp;
    let at = bytes.byteOffset + headerBytes;
    const { buffer } = bytes;
    const take = (width: number): number => (at += count * width) - count * width;
    this.#expiries = this.hasExpiry ? new Float64Array(buffer, take(8), count) : null;
    this.#ops = new Uint32Array(buffer, take(4), count);
    this.#positions = new Uint32Array(buffer, take(4), count);
    this.#counts = (flags & withCounts) !== 0 ? new Uint32Array(buffer, take(4), count) : null;
    this.#persistent = new Uint8Array(buffer, take(1), count);
    this.#deadLetters = table.isEmpty ? null : { table, numbers: new Uint8Array(buffer, take(1), count) };
    this.#gone = new Uint8Array((count + 7) >>> 3);
  }

  /**
   * Takes down messages of one priority in the order of positions; `null` when their numbers lie too far apart, or they
   * are dead letters from too many places.
   */
  static of(id: number, messages: readonly QueuedMessage[]): Chunk | null {
    const first = messages[0];
    assert(first !== undefined, "a chunk holds a message");
    const table = DeadLetterTable.of(messages.map(({ deadLetter }) => deadLetter));
    if (table === null) return null;
    const leastOp = messages.reduce((least, { op }) => Math.min(least, op), Infinity);
    const flags =
      (messages.some(({ expiresAt }) => expiresAt !== null) ? withExpiry : 0) |
      (messages.some(({ deliveryCount }) => deliveryCount > 0) ? withCounts : 0) |
      (table.isEmpty ? 0 : withDeadLetters);
    const { priority, position: firstPosition } = first;
    const header: Header = { count: messages.length, priority, flags, leastOp, firstPosition };
    const told = table.isEmpty ? new Uint8Array() : table.encode();
    const bytes = new Uint8Array(sizeOf(header) + told.length);
    writeHeader(bytes, header);
    bytes.set(told, sizeOf(header));
    const chunk = new Chunk(id, bytes, header, table);
    for (const [slot, message] of messages.entries()) if (!chunk.#put(slot, message)) return null;
    chunk.#index();
    return chunk;
  }

  /** Reads what {@link bytes} and {@link gone} were; `null` when they are nothing of the kind. */
  static read(id: number, stored: Uint8Array, gone: Uint8Array | null): Chunk | null {
    // A copy of its own begins where numbers of eight bytes may begin.
    const bytes = Uint8Array.from(stored);
    const header = readHeader(bytes);
    if (header === null || (gone !== null && gone.length !== (header.count + 7) >>> 3)) return null;
    const table = readTable(bytes, header);
    if (table === null) return null;
    const chunk = new Chunk(id, bytes, header, table);
    chunk.#index();
    for (let slot = 0; gone !== null && slot < header.count; slot += 1)
      if (hasBit(gone, slot)) chunk.drop(slot);
    chunk.isStored = true;
    return chunk;
  }

  get aliveCount(): number {
    return this.#aliveCount;
  }

  get lastPosition(): number {
    return this.positionAt(this.#count - 1);
  }

  get greatestOp(): number {
    return this.#leastOp + this.#opOffsetMax;
  }

  /** What is crossed out, as it is now; `null` when nothing is. */
  get gone(): Uint8Array | null {
    return this.#aliveCount === this.#count ? null : this.#gone.slice();
  }

  /** The place of a message that is still here, or -1. */
  find(op: Op): number {
    const offset = op - this.#leastOp;
    if (offset < 0 || offset > this.#opOffsetMax) return -1;
    const slot = this.#isAscending ? firstNotBelow(this.#ops, offset) : this.#ops.indexOf(offset);
    return this.#ops[slot] === offset && !hasBit(this.#gone, slot) ? slot : -1;
  }

  /** The first message at or behind `slot` that is still here, or -1. */
  from(slot: number): number {
    for (let at = Math.max(slot, this.#firstSlot); at < this.#count; at += 1)
      if (!hasBit(this.#gone, at)) return at;
    return -1;
  }

  /** The first one that stands behind `position`, or -1. */
  after(position: number): number {
    if (position < this.firstPosition) return this.from(0);
    return this.from(firstNotBelow(this.#positions, position - this.firstPosition + 1));
  }

  /** Ops of all that are still here. */
  *ops(): Generator<Op> {
    for (let slot = this.from(0); slot !== -1; slot = this.from(slot + 1)) yield this.opAt(slot);
  }

  opAt(slot: number): Op {
    return asOp(this.#leastOp + this.#ops[slot]!);
  }

  positionAt(slot: number): number {
    return this.firstPosition + this.#positions[slot]!;
  }

  messageAt(slot: number): QueuedMessage {
    const expiresAt = this.#expiries?.[slot] ?? Infinity;
    return {
      op: this.opAt(slot),
      position: this.positionAt(slot),
      priority: this.priority,
      expiresAt: expiresAt === Infinity ? null : asWallTime(expiresAt),
      persistent: this.#persistent[slot] === 1,
      deadLetter: this.#deadLetters?.table.at(this.#deadLetters.numbers[slot]!) ?? null,
      deliveryCount: this.#counts?.[slot] ?? 0,
      stored: false,
    };
  }

  drop(slot: number): void {
    this.#gone[slot >>> 3]! |= 1 << (slot & 7);
    this.#aliveCount -= 1;
    if (slot === this.#firstSlot) this.#firstSlot += 1;
  }

  #put(slot: number, message: QueuedMessage): boolean {
    const opOffset = message.op - this.#leastOp;
    const positionOffset = message.position - this.firstPosition;
    this.#ops[slot] = opOffset;
    this.#positions[slot] = positionOffset;
    if (this.#expiries !== null) this.#expiries[slot] = message.expiresAt ?? Infinity;
    if (this.#counts !== null) this.#counts[slot] = message.deliveryCount;
    this.#persistent[slot] = message.persistent ? 1 : 0;
    if (this.#deadLetters !== null)
      this.#deadLetters.numbers[slot] = this.#deadLetters.table.numberOf(message.deadLetter);
    return opOffset <= offsetMax && positionOffset <= offsetMax;
  }

  #index(): void {
    for (let slot = 0; slot < this.#count; slot += 1) {
      const offset = this.#ops[slot]!;
      if (slot > 0 && offset <= this.#opOffsetMax) this.#isAscending = false;
      else this.#opOffsetMax = offset;
    }
  }
}

/** Without the table of dead letters. */
function sizeOf({ count, flags }: Header): number {
  const each =
    (flags & withExpiry ? 8 : 0) + 8 + (flags & withCounts ? 4 : 0) + 1 + (flags & withDeadLetters ? 1 : 0);
  return headerBytes + count * each;
}

function readTable(bytes: Uint8Array, header: Header): DeadLetterTable | null {
  const told = bytes.subarray(sizeOf(header));
  if ((header.flags & withDeadLetters) !== 0) return DeadLetterTable.read(told);
  return told.length === 0 ? DeadLetterTable.of([]) : null;
}

function writeHeader(bytes: Uint8Array, header: Header): void {
  const view = new DataView(bytes.buffer);
  view.setUint32(0, layoutVersion, true);
  view.setUint32(4, header.count, true);
  view.setUint32(8, header.priority, true);
  view.setUint32(12, header.flags, true);
  view.setFloat64(16, header.leastOp, true);
  view.setFloat64(24, header.firstPosition, true);
}

function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < headerBytes) return null;
  const view = new DataView(bytes.buffer);
  const header: Header = {
    count: view.getUint32(4, true),
    priority: view.getUint32(8, true),
    flags: view.getUint32(12, true),
    leastOp: view.getFloat64(16, true),
    firstPosition: view.getFloat64(24, true),
  };
  const isSound =
    view.getUint32(0, true) === layoutVersion &&
    header.count > 0 &&
    header.priority <= 9 &&
    Number.isSafeInteger(header.leastOp) &&
    Number.isSafeInteger(header.firstPosition) &&
    bytes.length >= sizeOf(header);
  return isSound ? header : null;
}

function hasBit(bits: Uint8Array, at: number): boolean {
  return (bits[at >>> 3]! & (1 << (at & 7))) !== 0;
}

/** Where the first number that is not less than `wanted` stands among ascending ones. */
function firstNotBelow(numbers: Uint32Array, wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
