import { BrokerError } from "../../base/errors.ts";
import { WriteCache } from "./cache.ts";
import { initialFormat } from "./format.ts";
import type { OpenWireFormat } from "./format.ts";
import type { Sparse } from "./frames.ts";
import { FrameOutput } from "./output.ts";
import { writersFor } from "./writers.ts";
import type { WriterSet } from "./writers.ts";

const prefixBytes = 4;

/** Writes OpenWire frames; what is written must also be sent, and in that order: frames refer to earlier ones. */
export class OpenWireEncoder {
  #format: OpenWireFormat = initialFormat;
  #writers: WriterSet = writersFor(initialFormat);
  readonly #output = new FrameOutput();

  /** How frames are written from now on: to be set behind this side's `WireFormatInfo`, when it has the other's. */
  set format(format: OpenWireFormat) {
    this.#format = format;
    this.#writers = writersFor(format);
    this.#output.cache = new WriteCache(format.cacheSize);
  }

  get format(): OpenWireFormat {
    return this.#format;
  }

  /** Writes a frame behind those before it. If that throws, nothing was written and the next frame may be. */
  add(object: Sparse): void {
    const output = this.#output;
    const start = output.at;
    output.cache.beginFrame();
    try {
      if (this.#format.hasSizePrefix) output.skip(prefixBytes);
      const before = output.sizeBytes;
      this.#writers.writeFrame(output, object);
      const sizeBytes = output.sizeBytes - before;
      const limitBytes = this.#format.frameBytesMax;
      if (sizeBytes > limitBytes) throw new BrokerError("FRAME_TOO_LARGE", { sizeBytes, limitBytes });
      if (this.#format.hasSizePrefix) output.setI32(start, sizeBytes);
    } catch (cause) {
      output.rewind(start);
      output.cache.forgetFrame();
      throw cause;
    }
  }

  /** The bytes of all frames added since the last call. */
  take(): Buffer {
    return this.#output.take();
  }

  /** The same in pieces, in which large bodies are not copied. */
  takePieces(): readonly Uint8Array[] {
    return this.#output.takePieces();
  }

  /** The bytes of one frame. */
  encode(object: Sparse): Buffer {
    this.add(object);
    return this.take();
  }
}
