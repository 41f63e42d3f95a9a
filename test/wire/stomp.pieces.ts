import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import type { StompBounds } from "../../engine/wire/stomp/decode.ts";
import type { StompFrame, StompVersion } from "../../engine/wire/stomp/frames.ts";

/** Frames with their bodies as plain arrays of one kind, so that they can be compared. */
export function comparable(frames: readonly StompFrame[]): unknown[] {
  return frames.map(({ command, headers, body }) => ({
    command,
    headers,
    body: Buffer.from(body).toString("latin1"),
  }));
}

export function decode(
  pieces: readonly Uint8Array[],
  version: StompVersion,
  bounds: StompBounds = limits,
): StompFrame[] {
  const decoder = new StompDecoder(version, bounds);
  const frames: StompFrame[] = [];
  for (const piece of pieces) decoder.push(piece, (each) => frames.push(each));
  return frames;
}

export function errorOf(run: () => unknown): BrokerError {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

export const oneByOne = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
