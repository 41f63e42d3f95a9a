import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { DataStructure } from "./frames.ts";
import { malformed } from "./text.ts";

/** The values that the other side sent and may refer to. It chooses the numbers; the room is bounded here. */
export class ReadCache {
  readonly size: number;
  readonly #values: (DataStructure | null | undefined)[] = [];
  readonly #sizesBytes: number[] = [];
  #totalBytes = 0;
  /** What was where before the frame that is being read, if that may have to be read again. */
  #before: { index: number; value: DataStructure | null | undefined; sizeBytes: number }[] | null = null;

  constructor(size: number) {
    this.size = size;
  }

  /** From here on what is set can be taken back: a frame read again must find what it found at first. */
  beginAttempt(): void {
    this.#before = [];
  }

  takeBack(): void {
    for (const { index, value, sizeBytes } of this.#before?.reverse() ?? [])
      this.#put(index, value, sizeBytes);
    this.#before = [];
  }

  get(index: number): DataStructure | null {
    const value = this.#values[index];
    if (value === undefined) throw malformed(`it refers to the cached value ${index}, which was never sent`);
    return value;
  }

  set(index: number, value: DataStructure | null, sizeBytes: number): void {
    // The sender had no room for it, so it will not refer to it.
    if (index === -1) return;
    if (index < 0 || index >= this.size)
      throw malformed(`it numbers a cached value ${index}, and ${this.size} were agreed on`);
    while (this.#values.length <= index) {
      this.#values.push(undefined);
      this.#sizesBytes.push(0);
    }
    this.#before?.push({ index, value: this.#values[index], sizeBytes: this.#sizesBytes[index]! });
    this.#put(index, value, sizeBytes);
    if (this.#totalBytes > limits.openwireCacheBytesMax)
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.openwireCacheBytesMax,
        what: "bytes of cached values",
      });
  }

  #put(index: number, value: DataStructure | null | undefined, sizeBytes: number): void {
    this.#totalBytes += sizeBytes - this.#sizesBytes[index]!;
    this.#values[index] = value;
    this.#sizesBytes[index] = sizeBytes;
  }
}

/** Fewer places than this could be used up within one frame, and then the numbers would be wrong. */
const usefulCacheSize = 16;

/** The values that this side sent and may refer to. When all places are taken, the oldest value makes room. */
export class WriteCache {
  readonly #size: number;
  readonly #indexes = new Map<string, number>();
  readonly #keys: string[] = [];
  #next = 0;
  #addedInFrame: string[] = [];

  constructor(size: number) {
    this.#size = Math.min(size, limits.openwireCacheCountMax);
  }

  /** The value's number, if the other side has it. */
  find(key: string): number | undefined {
    return this.#indexes.get(key);
  }

  /** Gives the value a number; -1 tells the other side not to keep it. */
  add(key: string): number {
    if (this.#size < usefulCacheSize) return -1;
    const index = this.#next;
    this.#next = (index + 1) % this.#size;
    const oldest = this.#keys[index];
    if (oldest !== undefined) this.#indexes.delete(oldest);
    this.#keys[index] = key;
    this.#indexes.set(key, index);
    this.#addedInFrame.push(key);
    return index;
  }

  beginFrame(): void {
    if (this.#addedInFrame.length > 0) this.#addedInFrame = [];
  }

  /** The frame will not be sent: what it brought is not known over there. */
  forgetFrame(): void {
    for (const key of this.#addedInFrame) this.#indexes.delete(key);
  }
}
