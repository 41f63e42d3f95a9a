import { inflateSync } from "node:zlib";
import { BrokerError } from "./errors.ts";

/** Undoes zlib's deflate; FRAME_MALFORMED if that gives more than so many bytes, or is not possible. */
export function inflate(bytes: Uint8Array, sizeBytesMax: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: sizeBytesMax });
  } catch (error) {
    const detail = `its body cannot be inflated: ${(error as Error).message}`;
    throw new BrokerError("FRAME_MALFORMED", { protocol: "OpenWire", detail });
  }
}
