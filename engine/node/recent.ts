import type { Op } from "../base/units.ts";
import type { Message } from "../core/message.ts";

/** Contents of the latest messages, so that one consumed soon after it was sent is not read back from the store. */
export class RecentMessages {
  readonly #bytesMax: number;
  readonly #messages = new Map<Op, { readonly message: Message; readonly sizeBytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** `entryBytes` end with the body: keeping that view, not the sender's, lets go of the network buffer it came in. */
  add(op: Op, message: Message, entryBytes: Uint8Array): void {
    const body = entryBytes.subarray(entryBytes.length - message.body.length);
    this.#messages.set(op, { message: { ...message, body }, sizeBytes: entryBytes.length });
    this.#bytes += entryBytes.length;
    for (const [oldest, { sizeBytes }] of this.#messages) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#messages.delete(oldest);
      this.#bytes -= sizeBytes;
    }
  }

  get(op: Op): Message | undefined {
    return this.#messages.get(op)?.message;
  }
}
