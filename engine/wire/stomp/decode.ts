import type { Decoder } from "../codec.ts";
import type { StompFrame, StompVersion } from "./frames.ts";

export class StompDecoder implements Decoder<StompFrame> {
  /** How frames are read from now on; to be set when CONNECT (server) or CONNECTED (client) has settled it. */
  version: StompVersion;
  /** Line ends seen between frames: heart-beats, and the optional ones after a frame. */
  eolCount = 0;

  constructor(version: StompVersion = "1.0") {
    this.version = version;
  }

  push(chunk: Uint8Array, take: (frame: StompFrame) => void): void {
    throw new Error(`not yet: ${chunk.length} ${take.length}`);
  }
}
