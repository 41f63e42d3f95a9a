import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./schedule.ts";

export interface Failure {
  readonly seed: number;
  readonly text: string;
  /** The failure with the fewest faults that still show it, and the line that shows it again. */
  readonly told: string;
}

export type Totals = Omit<Outcome, "failure">;

/** What some seeds did together. */
export interface Tally {
  readonly runs: number;
  readonly totals: Totals;
  readonly failures: readonly Failure[];
}

export interface Campaign extends Tally {
  readonly seconds: number;
}

interface CampaignOptions {
  readonly first: number;
  readonly count: number;
  /** Processor cores to use; all of them unless said otherwise. */
  readonly workers?: number;
  /** Begins no further schedules after so many seconds. */
  readonly secondsMax?: number;
  /** Told after each few schedules, with the failures that are new. */
  readonly onNews?: (sofar: Campaign, failures: readonly Failure[]) => void;
}

/** Seeds that a worker gets at once: enough that asking costs nothing, few enough that all end together. */
export const portionSize = 10;

export const nothing: Tally = {
  runs: 0,
  totals: { entries: 0, faults: 0, kills: 0, failovers: 0, recoveries: 0, confirmed: 0, forks: 0, lost: 0 },
  failures: [],
};

export function together(one: Tally, other: Tally): Tally {
  const names = Object.keys(one.totals) as (keyof Totals)[];
  const sums = names.map((name) => [name, one.totals[name] + other.totals[name]]);
  return {
    runs: one.runs + other.runs,
    totals: Object.fromEntries(sums) as Record<keyof Totals, number>,
    failures: [...one.failures, ...other.failures],
  };
}

/** Runs seeds `first`, `first + 1`, ... on several cores and gathers what they did. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const { first, count, workers = availableParallelism(), secondsMax = Infinity, onNews } = options;
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  let done = nothing;
  let next = first;
  const takePortion = (): { first: number; count: number } | null => {
    const portion = { first: next, count: Math.min(portionSize, first + count - next) };
    if (portion.count <= 0 || seconds() >= secondsMax) return null;
    next += portion.count;
    return portion;
  };
  const take = (tally: Tally): void => {
    done = together(done, tally);
    onNews?.({ ...done, seconds: seconds() }, tally.failures);
  };
  const most = Math.ceil(count / portionSize);
  await Promise.all(Array.from({ length: Math.min(workers, most) }, () => employ(takePortion, take)));
  return { ...done, seconds: seconds() };
}

/** Keeps one worker busy until there is nothing left to take. */
async function employ(
  takePortion: () => { first: number; count: number } | null,
  take: (tally: Tally) => void,
): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  try {
    await new Promise<void>((resolve, reject) => {
      let portion = takePortion();
      const give = (): void => (portion === null ? resolve() : worker.postMessage(portion));
      worker.on("message", (tally: Tally) => {
        take(tally);
        portion = takePortion();
        give();
      });
      worker.once("error", reject);
      worker.once("exit", () =>
        reject(new Error(`a worker ended within ten seeds from ${portion?.first ?? ""}`)),
      );
      give();
    });
  } finally {
    await worker.terminate();
  }
}
