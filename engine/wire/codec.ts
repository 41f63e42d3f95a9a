/**
 * Cuts a stream of bytes into frames. The stream may come in pieces of any size; the same bytes give the same frames
 * however they were cut.
 */
export interface Decoder<Frame> {
  /**
   * Takes the next piece of the stream and hands over each frame that it completes. Frames are handed over one by one,
   * not as a list, because a frame may change how the next one is read, and because those before a broken one count.
   * Throws a `BrokerError` at the first byte that cannot be right; the stream has no next frame then, and `push`
   * must not be called again. The pieces are kept, not copied: their owner must not write to them any more.
   */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void;
}
