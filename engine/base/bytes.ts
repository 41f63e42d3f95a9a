import { BrokerError } from "./errors.ts";

/**
 * The journal's and the link's own encoding: whole numbers as base-128 varints (little end first), texts and byte
 * strings behind their length. Both classes are used once per entry on the hot path, so they grow and copy seldom.
 */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;
  /** Byte strings from this size on are not copied: {@link takePieces} has them as they are, between what was written. */
  readonly #sharedBytesMin: number;
  readonly #pieces: Uint8Array[] = [];
  #piecesEnd = 0;
  #sharedBytes = 0;

  constructor(sizeBytes = 256, sharedBytesMin = Infinity) {
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
    this.#sharedBytesMin = sharedBytesMin;
  }

  get length(): number {
    return this.#length + this.#sharedBytes;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  /** A whole number from 0 to 2^53 - 1. */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  text(value: string): void {
    const sizeBytes = Buffer.byteLength(value);
    this.whole(sizeBytes);
    this.#reserve(sizeBytes);
    this.#length += this.#buffer.write(value, this.#length, sizeBytes, "utf8");
  }

  optionalText(value: string | null): void {
    this.u8(value === null ? 0 : 1);
    if (value !== null) this.text(value);
  }

  bytes(value: Uint8Array): void {
    this.whole(value.length);
    this.raw(value);
  }

  /** Without a length: the reader knows how many there are. */
  raw(value: Uint8Array): void {
    if (value.length >= this.#sharedBytesMin) return this.#share(value);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  wholes(values: readonly number[]): void {
    this.whole(values.length);
    for (const value of values) this.whole(value);
  }

  /** Overwrites the first four bytes, for a length known only at the end. */
  setFirstU32(value: number): void {
    const { buffer, byteOffset } = this.#pieces[0] ?? this.#buffer;
    Buffer.from(buffer, byteOffset, 4).writeUInt32BE(value);
  }

  /** What was written; a view, not a copy: the writer must not be used afterwards. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The same where byte strings may be shared: pieces to be put one behind the other. */
  takePieces(): readonly Uint8Array[] {
    const last = this.#buffer.subarray(this.#piecesEnd, this.#length);
    return last.length > 0 ? [...this.#pieces, last] : this.#pieces;
  }

  #share(value: Uint8Array): void {
    this.#pieces.push(this.#buffer.subarray(this.#piecesEnd, this.#length), value);
    this.#piecesEnd = this.#length;
    this.#sharedBytes += value.length;
  }

  #reserve(extraBytes: number): void {
    const needed = this.#length + extraBytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads what {@link ByteWriter} wrote. Running past the end, or a length that cannot be, is FRAME_MALFORMED. */
export class ByteReader {
  readonly #buffer: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    const value = this.#buffer[this.#advance(1)];
    return value ?? this.#fail();
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4));
  }

  f64(): number {
    return this.#buffer.readDoubleBE(this.#advance(8));
  }

  whole(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.#fail();
      scale *= 0x80;
    }
    return this.#fail();
  }

  text(): string {
    const sizeBytes = this.whole();
    const start = this.#advance(sizeBytes);
    return this.#buffer.toString("utf8", start, start + sizeBytes);
  }

  optionalText(): string | null {
    return this.u8() === 0 ? null : this.text();
  }

  /** A view into the bytes given, not a copy. */
  bytes(): Uint8Array {
    return this.raw(this.whole());
  }

  raw(sizeBytes: number): Uint8Array {
    const start = this.#advance(sizeBytes);
    return this.#buffer.subarray(start, start + sizeBytes);
  }

  wholes(): number[] {
    const count = this.whole();
    // Each number takes at least a byte, so a count beyond the rest is a lie that would cost memory.
    if (count > this.#buffer.length - this.#at) this.#fail();
    const values = new Array<number>(count);
    for (let index = 0; index < count; index += 1) values[index] = this.whole();
    return values;
  }

  #advance(sizeBytes: number): number {
    const start = this.#at;
    if (sizeBytes > this.#buffer.length - start) this.#fail();
    this.#at = start + sizeBytes;
    return start;
  }

  #fail(): never {
    throw new BrokerError("FRAME_MALFORMED", {
      protocol: this.#what,
      detail: `it ends early or has an impossible length at byte ${this.#at}`,
    });
  }
}
