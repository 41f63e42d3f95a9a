import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { ReadCache } from "./cache.ts";
import type { Long } from "./kinds.ts";
import { malformed, readLatin1, readText } from "./text.ts";

/** Says that the frame goes on beyond the bytes that have come; only where frames have no size before them. */
export const moreNeeded = new Error("the frame is not complete");

const twoToThe32 = 0x1_0000_0000;

/** One frame being read: its bytes, how far one is in them, and in its bits if it is tight. */
export class FrameInput {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** How many bytes the frame has at least, when {@link moreNeeded} was thrown. */
  wantedBytes = 0;
  /** What earlier frames of the connection left to be referred to. */
  cache = new ReadCache(0);

  #bitByte = 0;
  #bitMask = 1;
  #bitEnd = 0;
  readonly #objectCountMax: number;
  #objectsLeft = 0;
  #depth = 0;
  /** Where the largest frame allowed would end, while it is not known where this one does. */
  #endMax: number | null = null;
  #start = 0;

  constructor(objectCountMax: number = limits.openwireObjectsPerFrameMax) {
    this.#objectCountMax = objectCountMax;
  }

  begin(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#endMax = null;
    this.#objectsLeft = this.#objectCountMax;
    this.#depth = 0;
    this.#bitByte = this.#bitEnd = 0;
    this.#bitMask = 1;
  }

  /** The same for a frame of which only the largest size is known: more of it may be to come. */
  beginOpen(bytes: Buffer, at: number, sizeBytesMax: number): void {
    this.begin(bytes, at, Math.min(bytes.length, at + sizeBytesMax));
    this.#start = at;
    this.#endMax = at + sizeBytesMax;
  }

  /** A frame costs memory by its objects, and thousands of them fit in few bytes. */
  countObjects(count: number): void {
    this.#objectsLeft -= count;
    if (this.#objectsLeft < 0)
      throw new BrokerError("LIMIT_REACHED", { limit: this.#objectCountMax, what: "values in a frame" });
  }

  enter(): void {
    this.#depth += 1;
    if (this.#depth > limits.openwireNestingMax)
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.openwireNestingMax,
        what: "values within values",
      });
    this.countObjects(1);
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** The bits of a tight frame, which stand before everything else. */
  beginBits(): void {
    let sizeBytes = this.u8();
    if (sizeBytes === 0xc0) sizeBytes = this.u8();
    else if (sizeBytes === 0x80) sizeBytes = this.u16();
    const start = this.take(sizeBytes);
    this.#bitByte = start;
    this.#bitEnd = start + sizeBytes;
    this.#bitMask = 1;
  }

  /** Reads what has bits of its own, and then goes on with those that were in use. */
  withOwnBits<T>(read: () => T): T {
    const [bitByte, bitEnd, bitMask] = [this.#bitByte, this.#bitEnd, this.#bitMask];
    this.beginBits();
    const value = read();
    [this.#bitByte, this.#bitEnd, this.#bitMask] = [bitByte, bitEnd, bitMask];
    return value;
  }

  bit(): boolean {
    const at = this.#bitByte;
    if (at >= this.#bitEnd) throw malformed("it has fewer bits than its fields need");
    const mask = this.#bitMask;
    if (mask === 0x80) {
      this.#bitMask = 1;
      this.#bitByte = at + 1;
    } else this.#bitMask = mask << 1;
    return (this.bytes[at]! & mask) !== 0;
  }

  boolean(): boolean {
    return this.bytes[this.take(1)]! !== 0;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  i8(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  u16(): number {
    const at = this.take(2);
    const bytes = this.bytes;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const at = this.take(4);
    const bytes = this.bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  i64(): Long {
    const high = this.i32();
    const low = this.i32() >>> 0;
    const value = high * twoToThe32 + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  }

  /** Two bits say how many bytes there are; the short forms have no sign. */
  tightI64(): Long {
    if (this.bit()) return this.bit() ? this.i64() : this.i32() >>> 0;
    return this.bit() ? this.u16() : 0;
  }

  text(): string {
    const sizeBytes = this.u16();
    const start = this.take(sizeBytes);
    return readText(this.bytes, start, start + sizeBytes);
  }

  latin1(): string {
    const sizeBytes = this.u16();
    const start = this.take(sizeBytes);
    return readLatin1(this.bytes, start, start + sizeBytes);
  }

  looseString(): string | null {
    return this.boolean() ? this.text() : null;
  }

  tightString(): string | null {
    if (!this.bit()) return null;
    return this.bit() ? this.latin1() : this.text();
  }

  /** A view into the frame, not a copy. */
  byteSequence(): Buffer {
    const sizeBytes = this.i32();
    if (sizeBytes < 0) throw malformed(`it has bytes with the size ${sizeBytes}`);
    const start = this.take(sizeBytes);
    return this.bytes.subarray(start, start + sizeBytes);
  }

  /** Goes on by so many bytes, if they are there, and returns where they begin. */
  take(sizeBytes: number): number {
    const start = this.at;
    const after = start + sizeBytes;
    if (after > this.end) this.#failAtEnd(after);
    this.at = after;
    return start;
  }

  #failAtEnd(after: number): never {
    const endMax = this.#endMax;
    if (endMax === null) throw malformed(`its fields need at least ${after - this.end} more bytes`);
    if (after > endMax)
      throw new BrokerError("FRAME_TOO_LARGE", {
        sizeBytes: after - this.#start,
        limitBytes: endMax - this.#start,
      });
    this.wantedBytes = after - this.#start;
    throw moreNeeded;
  }
}
