import type { Lies } from "../world/world.ts";
import { planOf, runPlan, type Outcome, type Plan } from "./schedule.ts";
import { shrink } from "./shrink.ts";

export interface Failure {
  readonly seed: number;
  readonly text: string;
}

export interface Campaign {
  readonly runs: number;
  readonly seconds: number;
  readonly failures: readonly Failure[];
  readonly totals: Omit<Outcome, "failure">;
}

/** Runs seeds `first`, `first + step`, ... and gathers what they did. */
export function campaign({
  first,
  count,
  step = 1,
}: {
  first: number;
  count: number;
  step?: number;
}): Campaign {
  const startedAt = performance.now();
  const totals = { entries: 0, kills: 0, failovers: 0, recoveries: 0, confirmed: 0 };
  const failures: Failure[] = [];
  for (let index = 0; index < count; index += 1) {
    const seed = first + index * step;
    const outcome = runPlan(planOf(seed));
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += outcome[name];
    if (outcome.failure !== null) failures.push({ seed, text: outcome.failure });
  }
  return { runs: count, seconds: (performance.now() - startedAt) / 1_000, failures, totals };
}

/** `300 schedules in 30.1 s (10 a second): …`; failures follow with the line that shows them again. */
export function describeCampaign({ runs, seconds, failures, totals }: Campaign): string {
  const rate = (count: number): string => (count / seconds).toFixed(0);
  const summary =
    `${runs} schedules in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second): ` +
    `${totals.entries} entries (${rate(totals.entries)}/s), ${totals.confirmed} confirmed, ` +
    `${totals.kills} kills (${rate(totals.kills)}/s), ${totals.failovers} failovers (${rate(totals.failovers)}/s), ` +
    `${totals.recoveries} recovery copies, ${failures.length} failures`;
  return [
    summary,
    ...failures.map(({ seed, text }) => `seed ${seed}: ${text}\n  again: npm run sim -- --seed ${seed}`),
  ].join("\n");
}

/** One seed in full: its options, its faults, and when it fails the fewest faults with which it does. */
export function describeSeed(
  seed: number,
  lies: Partial<Lies> = {},
): { text: string; failure: string | null } {
  const plan = planOf(seed);
  const { failure, ...counts } = runPlan(plan, lies);
  const lines = [
    `seed ${seed}: ${JSON.stringify(plan.options)}`,
    ...faultLines(plan),
    JSON.stringify(counts),
  ];
  if (failure !== null) {
    const least = shrink(plan, lies);
    lines.push(
      failure,
      "",
      `with ${least.faults.length} of ${plan.faults.length} faults:`,
      ...faultLines(least),
      String(runPlan(least, lies).failure),
    );
  }
  return { text: lines.join("\n"), failure };
}

function faultLines({ faults }: Plan): string[] {
  return faults.map(
    ({ at, kind, lastsMs }) => `  ${at.toFixed(1).padStart(8)} ms  ${kind} (${lastsMs.toFixed(0)} ms)`,
  );
}
