/** Chance that can be had again: the same seed gives the same numbers. Fast and good enough; not for secrets. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    // Neighbouring seeds begin alike; a few rounds part them.
    for (let count = 0; count < 4; count += 1) this.next();
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** A stream of its own, named by a number, that takes nothing from this one. */
  split(name: number): Random {
    return new Random(this.#state ^ Math.imul(name + 1, 0x27d4eb2f));
  }

  /** A stream of its own, so that more draws here change nothing there. */
  fork(): Random {
    return new Random(this.below(0x7fffffff));
  }
}
