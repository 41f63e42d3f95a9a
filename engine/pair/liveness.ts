import { asInstant, type Instant } from "../base/units.ts";

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
    return now - this.#saidAt >= this.#timeoutMs / 4;
  }
}
