/**
 * So many calls a second, and no more. It works like a jar that is filled with a second's worth of tickets, evenly, and
 * holds no more than that: a burst may take them all.
 */
export class Rate {
  readonly perSecondMax: number;
  readonly #clock: () => number;
  #tickets: number;
  #filledAtMs: number;

  constructor(perSecondMax: number, clock: () => number) {
    this.perSecondMax = perSecondMax;
    this.#clock = clock;
    this.#tickets = perSecondMax;
    this.#filledAtMs = clock();
  }

  /** `false`: not now. */
  take(): boolean {
    const now = this.#clock();
    const filled = this.#tickets + ((now - this.#filledAtMs) / 1_000) * this.perSecondMax;
    this.#tickets = Math.min(this.perSecondMax, filled);
    this.#filledAtMs = now;
    if (this.#tickets < 1) return false;
    this.#tickets -= 1;
    return true;
  }
}
