import { describe, expect, test } from "vitest";
import { Pacer } from "../../engine/clients/pacing.ts";

/** Sends all that is due at each moment; when how many left. */
function run(pacer: Pacer, moments: readonly number[]): number[] {
  return moments.map((now) => {
    const count = pacer.due(now);
    pacer.spend(count);
    return count;
  });
}

const every = (ms: number, until: number, from = 0): number[] =>
  Array.from({ length: Math.floor((until - from) / ms) }, (_, index) => from + index * ms);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("pacing", () => {
  test.each([1, 3, 10, 333, 1_000, 10_000])("%i a second: no drift in ten minutes of late timers", (rate) => {
    const pacer = new Pacer(rate, 0);
    // Timers that fire every 7.3 ms, whatever was asked for; only what is due after the last one may be missing.
    const sent = sum(run(pacer, every(7.3, 600_000)));
    expect(Math.abs(sent - rate * 600)).toBeLessThanOrEqual((rate * 2 * 7.3) / 1_000 + 1);
  });

  test("sends evenly: never more at once than the time since the last look explains", () => {
    const counts = run(new Pacer(1_000, 0), every(4, 1_000));
    expect(Math.max(...counts)).toBeLessThanOrEqual(5);
    expect(Math.min(...counts.slice(1))).toBeGreaterThanOrEqual(3);
  });

  test("a stall is made up for by a tenth of a second's worth, not more", () => {
    const pacer = new Pacer(1_000, 0);
    run(pacer, every(1, 100));
    const [burst = 0, ...after] = run(pacer, [5_100, ...every(1, 5_201, 5_101)]);
    expect(burst).toBeGreaterThanOrEqual(100);
    expect(burst).toBeLessThanOrEqual(101);
    expect(sum(after)).toBeGreaterThanOrEqual(99);
    expect(sum(after)).toBeLessThanOrEqual(101);
  });

  test("rate 0 is always due", () => {
    const pacer = new Pacer(0, 0);
    expect(run(pacer, [0]).concat(pacer.due(0))).toEqual([Infinity, Infinity]);
  });

  test("a new rate counts from now", () => {
    const pacer = new Pacer(0.1, 0);
    expect(run(pacer, [0, 1])).toEqual([1, 0]);
    pacer.change(10, 1_000);
    expect(pacer.dueAt).toBe(1_100);
    pacer.change(0, 1_001);
    expect(pacer.due(1_001)).toBe(Infinity);
  });
});
