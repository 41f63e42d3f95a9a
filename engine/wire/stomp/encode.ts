import type { StompFrame, StompVersion } from "./frames.ts";

/** What one side sends when it has nothing to say, to show that it is still there. */
export const stompHeartbeat: Uint8Array = Buffer.from("\n");

/**
 * A frame's bytes in the given version. A body with a NUL in it gets a `content-length` header when it has none, as it
 * could not be read otherwise.
 */
export function encodeStompFrame(frame: StompFrame, version: StompVersion): Uint8Array {
  throw new Error(`not yet: ${frame.command} ${version}`);
}
