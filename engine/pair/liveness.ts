import { asInstant, type Instant } from "../base/units.ts";

/** How often a node is told the time: nothing is noticed, and nothing said of its own accord, in between. */
export const tickMs = 100;
/**
 * A node that was told no time for longer than this stood still: its process was stopped, or busy with something large.
 * Less than the time within which the arbiter wants an answer, so that one who was passed over knows that it may have been.
 */
export const stillMs = 2 * tickMs;

/**
 * Whether the peer is overdue. Like listening for someone's breath: each side makes a sound four times within the
 * time after which the other counts it as lost, so that one late sound is no alarm. Who slept heard nothing, and knows
 * nothing of the other's breath: only time awake is silence.
 */
export class Liveness {
  readonly #timeoutMs: number;
  /** The silence began here, or later by as much as this process stood still since. */
  #heardAt: Instant;
  #saidAt: Instant;
  #awakeAt: Instant;

  constructor(timeoutMs: number, now: Instant) {
    this.#timeoutMs = timeoutMs;
    this.#heardAt = now;
    this.#saidAt = asInstant(-Infinity);
    this.#awakeAt = now;
  }

  /** The process is awake: to be called with each tick. Returns how long ago it was that before. */
  awake(now: Instant): number {
    const sinceMs = now - this.#awakeAt;
    if (sinceMs > stillMs) this.#heardAt = asInstant(Math.min(now, this.#heardAt + sinceMs - stillMs));
    this.#awakeAt = now;
    return sinceMs;
  }

  /** Whether this process stood still since it was awake last. */
  stoodStill(now: Instant): boolean {
    return now - this.#awakeAt > stillMs;
  }

  heard(now: Instant): void {
    this.#heardAt = now;
  }

  said(now: Instant): void {
    this.#saidAt = now;
  }

  /** Gives the peer half of the time from now on, whatever it has had. */
  giveHalf(now: Instant): void {
    this.#heardAt = asInstant(now - this.#timeoutMs / 2);
  }

  isOverdue(now: Instant): boolean {
    return now - this.#heardAt > this.#timeoutMs;
  }

  shouldSpeak(now: Instant): boolean {
    // At the next tick it may be too late.
    return now - this.#saidAt > this.#timeoutMs / 4 - tickMs;
  }
}
