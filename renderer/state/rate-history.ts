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
    this.seconds.push(at / 1_000);
    this.inPerSecond.push(inPerSecond);
    this.outPerSecond.push(outPerSecond);
    const oldest = (at - this.#keptMs) / 1_000;
    const keepFrom = this.seconds.findIndex((second) => second >= oldest);
    if (keepFrom < 64) return;
    this.seconds.splice(0, keepFrom);
    this.inPerSecond.splice(0, keepFrom);
    this.outPerSecond.splice(0, keepFrom);
  }
}
