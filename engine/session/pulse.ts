import type { Instant } from "../base/units.ts";

/**
 * Who has to be heard from, and by when. Two people on a bad telephone line agree to say "hm" now and then: whoever has
 * just spoken need not, and only after too long a silence does the other hang up.
 */
export class Pulse {
  readonly #sendEveryMs: number;
  readonly #silenceMsMax: number;
  #sentAt: Instant;
  #receivedAt: Instant;

  /** 0 is never. */
  constructor(agreed: { readonly sendEveryMs: number; readonly silenceMsMax: number }, now: Instant) {
    this.#sendEveryMs = agreed.sendEveryMs;
    this.#silenceMsMax = agreed.silenceMsMax;
    this.#sentAt = now;
    this.#receivedAt = now;
  }

  sent(at: Instant): void {
    this.#sentAt = at;
  }

  received(at: Instant): void {
    this.#receivedAt = at;
  }

  isBeatDue(now: Instant): boolean {
    return this.#sendEveryMs > 0 && now - this.#sentAt >= this.#sendEveryMs;
  }

  /** For how long the client has been silent beyond the agreement; `null` while it keeps to it. */
  overdueMs(now: Instant): number | null {
    const silentMs = now - this.#receivedAt;
    return this.#silenceMsMax > 0 && silentMs >= this.#silenceMsMax ? silentMs : null;
  }

  /** When to look again; `Infinity` is never. */
  nextAt(): number {
    const beatAt = this.#sendEveryMs > 0 ? this.#sentAt + this.#sendEveryMs : Infinity;
    const silenceAt = this.#silenceMsMax > 0 ? this.#receivedAt + this.#silenceMsMax : Infinity;
    return Math.min(beatAt, silenceAt);
  }
}
