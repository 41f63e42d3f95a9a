/**
 * When a producer may send: evenly, and without drift, since each moment is counted on from the one before and not from
 * when the timer happened to fire. What could not be sent in time is not made up for later, but for a tenth of a
 * second's worth, so that a failover is not followed by a flood.
 */
export class Pacer {
  #intervalMs: number;
  #dueAt: number;

  /** `ratePerSecond` 0: always due. */
  constructor(ratePerSecond: number, now: number) {
    this.#intervalMs = intervalOf(ratePerSecond);
    this.#dueAt = now;
  }

  /** Takes up another rate from now on. */
  change(ratePerSecond: number, now: number): void {
    this.#intervalMs = intervalOf(ratePerSecond);
    this.#dueAt = Math.min(Math.max(this.#dueAt, now), now + this.#intervalMs);
  }

  /** How many may be sent now. */
  due(now: number): number {
    if (this.#intervalMs === 0) return Infinity;
    this.#dueAt = Math.max(this.#dueAt, now - catchUpMs);
    return now < this.#dueAt ? 0 : Math.floor((now - this.#dueAt) / this.#intervalMs) + 1;
  }

  /** `count` have been sent. */
  spend(count: number): void {
    this.#dueAt += count * this.#intervalMs;
  }

  /** When the next one is due, which may be past. */
  get dueAt(): number {
    return this.#dueAt;
  }
}

const catchUpMs = 100;

const intervalOf = (ratePerSecond: number): number => (ratePerSecond === 0 ? 0 : 1_000 / ratePerSecond);
