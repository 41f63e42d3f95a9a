const quietMs = 1_500;

/** The last minutes of a broker's traffic, column by column, as charts read it. */
export class RateHistory {
  readonly seconds: number[] = [];
  readonly inPerSecond: number[] = [];
  readonly outPerSecond: number[] = [];
  readonly #keptMs: number;

  constructor(keptMs = 120_000) {
    this.#keptMs = keptMs;
  }

  push(at: number, inPerSecond: number, outPerSecond: number): void {
    const last = this.seconds.at(-1);
    if (last !== undefined && at / 1_000 <= last) return;
    // Snapshots come only while something changes: what was last heard held until shortly before.
    if (last !== undefined && at - last * 1_000 > quietMs)
      this.#append(at - 1, this.inPerSecond.at(-1) ?? 0, this.outPerSecond.at(-1) ?? 0);
    this.#append(at, inPerSecond, outPerSecond);
    this.#forget(at);
  }

  #append(at: number, inPerSecond: number, outPerSecond: number): void {
    this.seconds.push(at / 1_000);
    this.inPerSecond.push(inPerSecond);
    this.outPerSecond.push(outPerSecond);
  }

  #forget(at: number): void {
    const oldest = (at - this.#keptMs) / 1_000;
    const keepFrom = this.seconds.findIndex((second) => second >= oldest);
    if (keepFrom < 64) return;
    this.seconds.splice(0, keepFrom);
    this.inPerSecond.splice(0, keepFrom);
    this.outPerSecond.splice(0, keepFrom);
  }
}
