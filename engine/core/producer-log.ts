import type { MessageOrigin } from "./message.ts";

/** Producers remembered at any time; of those that were silent longest the oldest is forgotten first. */
const producerCountMax = 1_024;

/**
 * The last message that each producer got published. A client that lost its broker before the answer sends again what
 * was stored already; its number tells. Numbers of a producer ever rise, but for those of a transaction that was undone.
 */
export class ProducerLog {
  readonly #last = new Map<string, number>();

  isRepeat({ producer, sequence }: MessageOrigin): boolean {
    return sequence <= (this.#last.get(producer) ?? -1);
  }

  note({ producer, sequence }: MessageOrigin): void {
    const last = this.#last.get(producer);
    if (last !== undefined) this.#last.delete(producer);
    this.#last.set(producer, Math.max(sequence, last ?? -1));
    if (this.#last.size <= producerCountMax) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }

  /** Longest silent first. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#last];
  }
}
