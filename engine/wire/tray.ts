/**
 * Bytes pieced together. Room doubles, so that each byte is moved a constant number of times; what is large already gets
 * room for all that may come, which costs memory only as it is filled.
 */
export class Tray {
  length = 0;
  #room: Buffer = Buffer.alloc(0);

  add(bytes: Uint8Array, lengthMax: number): void {
    const length = this.length + bytes.length;
    if (length > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(length, Math.min(lengthMax, Math.max(256, this.#room.length * growthOf(this.length)))),
      );
      this.#room.copy(larger, 0, 0, this.length);
      this.#room = larger;
    }
    this.#room.set(bytes, this.length);
    this.length = length;
  }

  /** Hands over what lies in the tray and leaves it empty. */
  take(): Buffer {
    const isTight = this.length * 4 >= this.#room.length * 3;
    // A message may be kept for long: it must not hold on to twice its size.
    const bytes = isTight
      ? this.#room.subarray(0, this.length)
      : Buffer.from(this.#room.subarray(0, this.length));
    this.#room = Buffer.alloc(0);
    this.length = 0;
    return bytes;
  }
}

const largeBytes = 1_048_576;

function growthOf(length: number): number {
  return length < largeBytes ? 2 : 16;
}
