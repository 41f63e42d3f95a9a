import type { Op } from "../base/units.ts";
import type { Message } from "../core/message.ts";
import type { JournalReader } from "./contract.ts";

/**
 * Contents of the latest messages, so that one consumed soon after it was sent is not read back from the store. Two
 * generations of half the size each: when the young one is full it becomes the old one, and the old one is forgotten.
 */
export class RecentMessages {
  readonly #journal: JournalReader;
  readonly #generationBytesMax: number;
  #young = new Map<Op, Message>();
  #old = new Map<Op, Message>();
  #youngBytes = 0;

  constructor(journal: JournalReader, bytesMax: number) {
    this.#journal = journal;
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

  /** From the store if need be. */
  content(op: Op): Message | null {
    return this.#known(op) ?? this.#journal.message(op);
  }

  /** As {@link content}, of a message that is wanted again soon. */
  fetch(op: Op): Message | null {
    const known = this.#known(op);
    if (known !== undefined) return known;
    const message = this.#journal.message(op);
    if (message !== null) this.add(op, message, message.body);
    return message;
  }

  #known(op: Op): Message | undefined {
    return this.#young.get(op) ?? this.#old.get(op);
  }
}
