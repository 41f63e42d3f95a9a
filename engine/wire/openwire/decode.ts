import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Decoder } from "../codec.ts";
import { Tray } from "../tray.ts";
import { ReadCache } from "./cache.ts";
import { initialFormat } from "./format.ts";
import type { OpenWireFormat } from "./format.ts";
import type { DataStructure } from "./frames.ts";
import { FrameInput, moreNeeded } from "./input.ts";
import { readersFor } from "./readers.ts";
import type { ReaderSet } from "./readers.ts";
import { malformed } from "./text.ts";

const prefixBytes = 4;

/**
 * Reads OpenWire frames. A frame says its size first, so all of it is gathered and then read in one go; where the size
 * was agreed away, reading is tried again whenever as many bytes have come as the last attempt was known to lack.
 *
 * Content and properties of messages are views into what was pushed; everything else is copied out of it.
 */
export class OpenWireDecoder implements Decoder<DataStructure> {
  #format: OpenWireFormat = initialFormat;
  #readers: ReaderSet = readersFor(initialFormat);
  /** Less than what was agreed, for a client that has not said who it is. */
  frameBytesMax: number = limits.frameBytesMax;
  readonly #input = new FrameInput();
  readonly #tray = new Tray();
  /** The size of the frame in the tray, once its prefix is there. */
  #frameBytes: number | null = null;
  /** Without prefixes: how many bytes the frame in the tray has at least. */
  #wantedBytes = 0;

  /** How frames are read from now on: to be set in `take`, when it has got the other side's `WireFormatInfo`. */
  set format(format: OpenWireFormat) {
    this.#format = format;
    this.#readers = readersFor(format);
    this.#input.cache = new ReadCache(format.cacheSize);
  }

  get format(): OpenWireFormat {
    return this.#format;
  }

  /** Bytes of a frame that has not come whole. */
  get unfinishedBytes(): number {
    return this.#tray.length;
  }

  push(chunk: Uint8Array, take: (frame: DataStructure) => void): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < bytes.length)
      at = this.#format.hasSizePrefix ? this.#readSized(bytes, at, take) : this.#readOpen(bytes, at, take);
  }

  /** Reads one frame, or the part of one that is there, and returns where it ends. */
  #readSized(bytes: Buffer, from: number, take: (frame: DataStructure) => void): number {
    let at = from;
    let frameBytes = this.#frameBytes;
    if (frameBytes === null) {
      const end = Math.min(bytes.length, at + prefixBytes - this.#tray.length);
      if (this.#tray.length === 0 && end - at === prefixBytes) frameBytes = bytes.readInt32BE(at);
      else {
        this.#tray.add(bytes.subarray(at, end), prefixBytes);
        if (this.#tray.length < prefixBytes) return end;
        frameBytes = this.#tray.take().readInt32BE(0);
      }
      at = end;
      if (frameBytes < 1) throw malformed(`its size is ${frameBytes}`);
      const limitBytes = Math.min(this.frameBytesMax, this.#format.frameBytesMax);
      if (frameBytes > limitBytes)
        throw new BrokerError("FRAME_TOO_LARGE", { sizeBytes: frameBytes, limitBytes });
      this.#frameBytes = frameBytes;
    }

    const end = Math.min(bytes.length, at + frameBytes - this.#tray.length);
    if (this.#tray.length === 0 && end - at === frameBytes) {
      this.#frameBytes = null;
      this.#readWhole(bytes, at, end, take);
      return end;
    }
    this.#tray.add(bytes.subarray(at, end), frameBytes);
    if (this.#tray.length < frameBytes) return end;
    this.#frameBytes = null;
    this.#readWhole(this.#tray.take(), 0, frameBytes, take);
    return end;
  }

  #readWhole(bytes: Buffer, at: number, end: number, take: (frame: DataStructure) => void): void {
    const input = this.#input;
    input.begin(bytes, at, end);
    const frame = this.#readers.readFrame(input);
    if (input.at !== end) throw malformed(`${end - input.at} bytes are left when all its fields are read`);
    if (frame !== null) take(frame);
  }

  /** The same where frames have no size before them. */
  #readOpen(bytes: Buffer, from: number, take: (frame: DataStructure) => void): number {
    if (this.#tray.length === 0) return this.#tryOpen(bytes, from, take);
    this.#tray.add(bytes.subarray(from), this.#format.frameBytesMax);
    if (this.#tray.length < this.#wantedBytes) return bytes.length;
    // What is left behind the frame goes on being read here, and what is torn goes back into the tray.
    const gathered = this.#tray.take();
    let at = 0;
    while (at < gathered.length && this.#tray.length === 0) {
      at = this.#format.hasSizePrefix
        ? this.#readSized(gathered, at, take)
        : this.#tryOpen(gathered, at, take);
    }
    return bytes.length;
  }

  #tryOpen(bytes: Buffer, from: number, take: (frame: DataStructure) => void): number {
    const input = this.#input;
    input.beginOpen(bytes, from, this.#format.frameBytesMax);
    input.cache.beginAttempt();
    let frame: DataStructure | null;
    try {
      frame = this.#readers.readFrame(input);
    } catch (cause) {
      if (cause !== moreNeeded) throw cause;
      input.cache.takeBack();
      this.#wantedBytes = input.wantedBytes;
      this.#tray.add(bytes.subarray(from), this.#format.frameBytesMax);
      return bytes.length;
    }
    if (frame !== null) take(frame);
    return input.at;
  }
}
