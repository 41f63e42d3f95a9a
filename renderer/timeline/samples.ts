const quietMs = 1_500;

/** Readings of one number over time in a ring of fixed size: the newest replace the oldest. */
export class Samples {
  readonly #at: Float64Array;
  readonly #value: Float32Array;
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#at = new Float64Array(capacity);
    this.#value = new Float32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Readings come only while something changes: after a pause the last one held until now. */
  push(at: number, value: number): void {
    const last = this.#count === 0 ? -Infinity : this.at(this.#count - 1);
    if (at <= last) return;
    if (at - last > quietMs && this.#count > 0) this.#append(at - 1, this.value(this.#count - 1));
    this.#append(at, value);
  }

  #append(at: number, value: number): void {
    this.#at[this.#next] = at;
    this.#value[this.#next] = value;
    this.#next = (this.#next + 1) % this.#at.length;
    this.#count = Math.min(this.#count + 1, this.#at.length);
  }

  /** Index 0 is the oldest that is kept. */
  at(index: number): number {
    return this.#at[this.#slot(index)] ?? 0;
  }

  value(index: number): number {
    return this.#value[this.#slot(index)] ?? 0;
  }

  /** First index whose time is not before `at`. */
  firstFrom(at: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sum of value x seconds within the span: a rate per second becomes a number of things. */
  integralIn(from: number, to: number): number {
    let sum = 0;
    for (let index = Math.max(1, this.firstFrom(from)); index < this.#count; index += 1) {
      const end = Math.min(this.at(index), to);
      const start = Math.max(this.at(index - 1), from);
      if (end > start) sum += (this.value(index) * (end - start)) / 1_000;
      if (this.at(index) >= to) break;
    }
    return sum;
  }

  #slot(index: number): number {
    const oldest = this.#count < this.#at.length ? 0 : this.#next;
    return (oldest + index) % this.#at.length;
  }
}
