import type { Subject } from "./brokers.ts";
import { median, type Figure } from "./figures.ts";
import { produce, produceAndConsume, usualLoad } from "./load-process.ts";
import type { Outcome } from "./load.ts";

/** One kind of traffic. */
interface Row {
  readonly what: string;
  readonly producers: number;
  readonly window: number;
  /** 0: only confirmations count; otherwise what the consumers get. */
  readonly consumers: number;
  readonly persistent: boolean;
}

const persistent = true;

export const rows: readonly Row[] = [
  { what: "1 producer, window 1", producers: 1, window: 1, consumers: 0, persistent },
  { what: "8 producers, window 1", producers: 8, window: 1, consumers: 0, persistent },
  { what: "8 producers, window 100", producers: 8, window: 100, consumers: 0, persistent },
  { what: "8 + 8, window 100, end to end", producers: 8, window: 100, consumers: 8, persistent },
  { what: "8 + 8, window 100, not persistent", producers: 8, window: 100, consumers: 8, persistent: false },
];

export interface RateScale {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly rounds: number;
}

/**
 * Messages of 1 KiB a second. Each round measures every subject once, one right after the other, so that what
 * the machine does meanwhile is the same for all; the ratio is taken within each round, and its median counts.
 */
export async function rates(
  starts: readonly (() => Promise<Subject>)[],
  { warmUpMs, measureMs, rounds }: RateScale,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const row of rows) {
    const measured: { name: string; outcome: Outcome }[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const results: { name: string; outcome: Outcome }[] = [];
      for (const start of starts) {
        const subject = await start();
        const { port } = subject;
        const order = { ...usualLoad, ...row, port, queue: `bench.${round}`, warmUpMs, measureMs };
        const outcome =
          row.consumers === 0 ? await produce(order) : await produceAndConsume(order, row.consumers);
        results.push({ name: subject.name, outcome });
        await subject.stop();
      }
      measured.push(results);
    }
    figures.push(...figuresOf(row.what, measured));
  }
  return figures;
}

function figuresOf(what: string, rounds: readonly { name: string; outcome: Outcome }[][]): Figure[] {
  const names = (rounds[0] ?? []).map(({ name }) => name);
  const of = (name: string, pick: (outcome: Outcome) => number): number[] =>
    rounds.map((results) => {
      const result = results.find((one) => one.name === name);
      return result === undefined ? 0 : pick(result.outcome);
    });
  const part = "rates 1 KiB";
  const absolute = names.flatMap((name): Figure[] => [
    { part, subject: name, what, value: median(of(name, ({ perSecond }) => perSecond)), unit: "msg/s" },
    { part, subject: name, what: `${what}, p50`, value: median(of(name, ({ p50Ms }) => p50Ms)), unit: "ms" },
    { part, subject: name, what: `${what}, p99`, value: median(of(name, ({ p99Ms }) => p99Ms)), unit: "ms" },
  ]);
  const ratios = names
    .filter((name) => name !== "pair")
    .map((name): Figure => {
      const pair = of("pair", ({ perSecond }) => perSecond);
      const other = of(name, ({ perSecond }) => perSecond);
      const value = median(pair.map((rate, round) => rate / Math.max(1, other[round] ?? 1)));
      return { part, subject: `pair / ${name}`, what, value, unit: "ratio" };
    });
  return [...absolute, ...ratios];
}
