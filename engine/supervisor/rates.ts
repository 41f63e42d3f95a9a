/** Totals older than this no longer count. */
const windowMs = 1_000;

/** A rate per second over about the last second, from totals sampled now and then. Time is an argument. */
export class Rate {
  readonly #samples: { at: number; total: number }[] = [];

  sample(total: number, now: number): void {
    const last = this.#samples.at(-1);
    // A smaller total means that the counter began anew, as after a restart.
    if (last !== undefined && total < last.total) this.#samples.length = 0;
    this.#samples.push({ at: now, total });
    while ((this.#samples[1]?.at ?? Infinity) <= now - windowMs) this.#samples.shift();
  }

  /** 0 when nothing was sampled within the last second or so. */
  perSecond(now: number): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || first === last) return 0;
    if (now - last.at > windowMs) return 0;
    return Math.round(((last.total - first.total) / Math.max(1, now - first.at)) * 1_000 * 10) / 10;
  }
}

/** One rate per name that has one; told only of totals that changed. */
export class Rates {
  readonly #rates = new Map<string, Rate>();

  /** The total was `before` until less than a second ago. */
  sample(name: string, { before, total }: { before: number; total: number }, now: number): void {
    if (before === total) return;
    let rate = this.#rates.get(name);
    if (rate === undefined || rate.perSecond(now) === 0) {
      // What came after a silence came within the last second, not evenly since it began.
      this.#rates.set(name, (rate = new Rate()));
      rate.sample(before, now - windowMs);
    }
    rate.sample(total, now);
  }

  forget(name: string): void {
    this.#rates.delete(name);
  }

  perSecond(name: string, now: number): number {
    return this.#rates.get(name)?.perSecond(now) ?? 0;
  }
}
