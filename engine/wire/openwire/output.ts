import { BrokerError } from "../../base/errors.ts";
import { WriteCache } from "./cache.ts";
import type { Long } from "./kinds.ts";
import { sizeOfText, writeText } from "./text.ts";

const twoToThe32 = 0x1_0000_0000;
/** Java reads the size of a text of ASCII as a number with a sign, and its writer stops one short of that. */
const tightTextBytesMax = 32_766;
const looseTextBytesMax = 65_535;
/** Room is got in pieces, small ones first: most connections have little to say. */
const slabBytesMin = 1_024;
const slabBytesMax = 65_536;
/** Larger byte sequences are not copied into the frame. */
const sharedBytesMin = 65_536;

/** A byte sequence that stands in a frame without having been copied into it. */
interface Shared {
  /** Before the byte of the output with that number. */
  at: number;
  readonly value: Uint8Array;
}

/**
 * Frames being written, one behind the other. The bits of a tight frame stand before its bytes, yet how many there are
 * is known only at its end: room is left for as many as last time, and if that was wrong the bytes are moved.
 */
export class FrameOutput {
  /** What earlier frames of the connection left to be referred to. */
  cache = new WriteCache(0);

  #bytes: Buffer = Buffer.alloc(0);
  #slabBytes = slabBytesMin;
  #start = 0;
  #at = 0;
  #bits = Buffer.alloc(64);
  #bitCount = 0;
  /** Those of the frames not taken yet. */
  #shared: Shared[] = [];
  #sharedBytes = 0;

  /** Where the next byte goes, counted from the first that was not taken, without those that are shared. */
  get at(): number {
    return this.#at - this.#start;
  }

  /** How many bytes all frames not taken yet have. */
  get sizeBytes(): number {
    return this.at + this.#sharedBytes;
  }

  /** All frames since the last call. The bytes are handed over: nothing is written into them any more. */
  take(): Buffer {
    if (this.#shared.length > 0) return Buffer.concat(this.takePieces());
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  /** The same in pieces to be put one behind the other, where large byte sequences are not copied. */
  takePieces(): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const origin = this.#start;
    for (const { at, value } of this.#shared) {
      pieces.push(this.#bytes.subarray(this.#start, origin + at), value);
      this.#start = origin + at;
    }
    pieces.push(this.#bytes.subarray(this.#start, this.#at));
    this.#start = this.#at;
    if (this.#shared.length > 0) this.#shared = [];
    this.#sharedBytes = 0;
    return pieces;
  }

  /** Forgets what was written from there on. */
  rewind(at: number): void {
    this.#at = this.#start + at;
    this.#bitCount = 0;
    this.#shared = this.#shared.filter((shared) => shared.at <= at);
    this.#sharedBytes = this.#shared.reduce((sum, { value }) => sum + value.length, 0);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    const bytes = this.#bytes;
    bytes[this.#at++] = value >> 8;
    bytes[this.#at++] = value;
  }

  i32(value: number): void {
    this.#reserve(4);
    this.#put32(value);
  }

  i64(value: Long): void {
    this.#reserve(8);
    if (typeof value === "bigint") {
      this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
      return;
    }
    const high = Math.floor(value / twoToThe32);
    this.#put32(high);
    this.#put32(value - high * twoToThe32);
  }

  f32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeFloatBE(value, this.#at);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  bit(value: boolean): void {
    const at = this.#bitCount >> 3;
    const bit = this.#bitCount & 7;
    if (at === this.#bits.length) this.#bits = Buffer.concat([this.#bits], at * 2);
    this.#bits[at] = (bit === 0 ? 0 : this.#bits[at]!) | (value ? 1 << bit : 0);
    this.#bitCount += 1;
  }

  tightI64(value: Long): void {
    const isUnsigned32 = typeof value === "number" && value >= 0 && value < twoToThe32;
    const isLong = !isUnsigned32 || value >= 0x1_0000;
    this.bit(isLong);
    if (!isUnsigned32) {
      this.bit(true);
      this.i64(value);
    } else if (isLong) {
      this.bit(false);
      this.i32(value);
    } else {
      this.bit(value > 0);
      if (value > 0) this.u16(value);
    }
  }

  looseString(text: string | null): void {
    this.u8(text === null ? 0 : 1);
    if (text !== null) this.shortText(text);
  }

  shortText(text: string): void {
    this.#text(text, sizeOfText(text), looseTextBytesMax);
  }

  longText(text: string): void {
    const sizeBytes = sizeOfText(text);
    this.i32(sizeBytes);
    this.#reserve(sizeBytes);
    this.#at = writeText(text, sizeBytes, this.#bytes, this.#at);
  }

  tightString(text: string | null): void {
    this.bit(text !== null);
    if (text === null) return;
    const sizeBytes = sizeOfText(text);
    this.bit(sizeBytes === text.length);
    this.#text(text, sizeBytes, tightTextBytesMax);
  }

  byteSequence(value: Uint8Array): void {
    this.i32(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    if (value.length >= sharedBytesMin) {
      this.#shared.push({ at: this.at, value });
      this.#sharedBytes += value.length;
      return;
    }
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Room for what is known later. */
  skip(sizeBytes: number): number {
    this.#reserve(sizeBytes);
    const at = this.at;
    this.#at += sizeBytes;
    return at;
  }

  setI16(at: number, value: number): void {
    this.#bytes.writeInt16BE(value, this.#start + at);
  }

  setI32(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, this.#start + at);
  }

  /** Puts the bits where room was left for them, moves what follows if it was too much or too little, says how much. */
  putBits(roomAt: number, roomBytes: number): number {
    const bitBytes = (this.#bitCount + 7) >> 3;
    const headBytes = bitBytes < 64 ? 1 : bitBytes < 256 ? 2 : 3;
    const sizeBytes = headBytes + bitBytes;
    if (sizeBytes > roomBytes) this.#reserve(sizeBytes - roomBytes);
    const bytes = this.#bytes;
    const at = this.#start + roomAt;
    if (sizeBytes !== roomBytes) {
      bytes.copyWithin(at + sizeBytes, at + roomBytes, this.#at);
      this.#at += sizeBytes - roomBytes;
      for (const shared of this.#shared) if (shared.at > roomAt) shared.at += sizeBytes - roomBytes;
    }
    if (headBytes === 1) bytes[at] = bitBytes;
    else if (headBytes === 2) bytes.writeUInt16BE(0xc000 | bitBytes, at);
    else {
      bytes[at] = 0x80;
      bytes.writeUInt16BE(bitBytes, at + 1);
    }
    const bitsAt = at + headBytes;
    for (let index = 0; index < bitBytes; index += 1) bytes[bitsAt + index] = this.#bits[index]!;
    this.#bitCount = 0;
    return sizeBytes;
  }

  #text(text: string, sizeBytes: number, sizeBytesMax: number): void {
    if (sizeBytes > sizeBytesMax)
      throw new BrokerError("LIMIT_REACHED", { limit: sizeBytesMax, what: "bytes in a text of OpenWire" });
    this.u16(sizeBytes);
    this.#reserve(sizeBytes);
    this.#at = writeText(text, sizeBytes, this.#bytes, this.#at);
  }

  #put32(value: number): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = value >>> 24;
    bytes[this.#at++] = value >>> 16;
    bytes[this.#at++] = value >>> 8;
    bytes[this.#at++] = value;
  }

  /** What was taken stays where it is; the frames not taken yet move to a new room. */
  #reserve(extraBytes: number): void {
    if (this.#at + extraBytes <= this.#bytes.length) return;
    const pendingBytes = this.#at - this.#start;
    const neededBytes = pendingBytes + extraBytes;
    const room = Buffer.allocUnsafeSlow(this.#slabBytes + neededBytes + (neededBytes >> 2));
    this.#slabBytes = Math.min(slabBytesMax, this.#slabBytes * 2);
    this.#bytes.copy(room, 0, this.#start, this.#at);
    this.#bytes = room;
    this.#start = 0;
    this.#at = pendingBytes;
  }
}
