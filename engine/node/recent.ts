import type { Op } from "../base/units.ts";
import type { Message } from "../core/message.ts";

/**
 * Contents of the latest messages, so that one consumed soon after it was sent is not read back from the store. Two
 * generations of half the size each: when the young one is full it becomes the old one, and the old one is forgotten.
 */
export class RecentMessages {
  readonly #generationBytesMax: number;
  #young = new Map<Op, Message>();
  #old = new Map<Op, Message>();
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  /** `entryBytes` end with the body: keeping that view, not the sender's, lets go of the network buffer it came in. */
  add(op: Op, message: Message, entryBytes: Uint8Array): void {
    const body = entryBytes.subarray(entryBytes.length - message.body.length);
    this.#young.set(op, { ...message, body });
    this.#youngBytes += entryBytes.length;
    if (this.#youngBytes <= this.#generationBytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  get(op: Op): Message | undefined {
    return this.#young.get(op) ?? this.#old.get(op);
  }
}
