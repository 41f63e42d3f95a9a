import { asInstant, type Instant } from "../base/units.ts";

/** How often a node is told the time: nothing is noticed, and nothing said of its own accord, in between. */
export const tickMs = 100;

/**
 * Whether the peer is overdue. Like listening for someone's breath: each side makes a sound four times within the
 * time after which the other counts it as lost, so that one late sound is no alarm.
 */
export class Liveness {
  readonly #timeoutMs: number;
  #heardAt: Instant;
  #saidAt: Instant;

  constructor(timeoutMs: number, now: Instant) {
    this.#timeoutMs = timeoutMs;
    this.#heardAt = now;
    this.#saidAt = asInstant(-Infinity);
  }

  heard(now: Instant): void {
    this.#heardAt = now;
  }

  said(now: Instant): void {
    this.#saidAt = now;
  }

  isOverdue(now: Instant): boolean {
    return now - this.#heardAt > this.#timeoutMs;
  }

  shouldSpeak(now: Instant): boolean {
    // At the next tick it may be too late.
    return now - this.#saidAt > this.#timeoutMs / 4 - tickMs;
  }
}
