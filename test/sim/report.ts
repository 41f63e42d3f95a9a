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

interface CampaignOptions {
  readonly first: number;
  readonly count: number;
  readonly step?: number;
  /** Begins no further schedule after so many seconds. */
  readonly secondsMax?: number;
  /** Told after each schedule. */
  readonly onRun?: (sofar: Campaign, failure: Failure | null) => void;
}

/** Runs seeds `first`, `first + step`, ... and gathers what they did. */
export function campaign({
  first,
  count,
  step = 1,
  secondsMax = Infinity,
  onRun,
}: CampaignOptions): Campaign {
  const startedAt = performance.now();
  const totals = { entries: 0, faults: 0, kills: 0, failovers: 0, recoveries: 0, confirmed: 0 };
  const failures: Failure[] = [];
  let done: Campaign = { runs: 0, seconds: 0, failures, totals };
  while (done.runs < count && done.seconds < secondsMax) {
    const seed = first + done.runs * step;
    const outcome = runPlan(planOf(seed));
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += outcome[name];
    const failure = outcome.failure === null ? null : { seed, text: outcome.failure };
    if (failure !== null) failures.push(failure);
    done = { ...done, runs: done.runs + 1, seconds: (performance.now() - startedAt) / 1_000 };
    onRun?.(done, failure);
  }
  return done;
}

/** `300 schedules in 30.1 s (10 a second): …`; failures follow with the line that shows them again. */
export function describeCampaign({ runs, seconds, failures, totals }: Campaign): string {
  const rate = (count: number): string => (count / seconds).toFixed(0);
  const summary =
    `${runs} schedules in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second): ` +
    `${totals.entries} entries (${rate(totals.entries)}/s), ${totals.confirmed} confirmed, ${totals.faults} faults, ` +
    `${totals.kills} kills (${rate(totals.kills)}/s), ${totals.failovers} failovers (${rate(totals.failovers)}/s), ` +
    `${totals.recoveries} recovery copies, ${failures.length} failures`;
  return [
    summary,
    ...failures.map(({ seed, text }) => `seed ${seed}: ${text}\n  again: npm run sim -- --seed ${seed}`),
  ].join("\n");
}

/** A failure with the fewest faults that still show it, and the line that shows it again. */
export function describeFailure({ seed, text }: Failure, lies: Partial<Lies> = {}): string {
  const plan = planOf(seed);
  const least = shrink(plan, lies);
  const numbers = least.faults.map(({ number }) => number).join();
  return [
    `seed ${seed}: ${text}`,
    `  with ${least.faults.length} of ${plan.faults.length} faults: ${runPlan(least, lies).failure ?? ""}`,
    ...faultLines(least),
    `  again: npm run sim -- --seed ${seed} --faults ${numbers === "" ? "none" : numbers}`,
  ].join("\n");
}

/** One seed in full: its options, its faults, and when it fails the fewest faults with which it does. */
export function describeSeed(
  seed: number,
  faults: readonly number[] | null = null,
  lies: Partial<Lies> = {},
): { text: string; failure: string | null } {
  const whole = planOf(seed);
  const plan = faults === null ? whole : only(whole, faults);
  const { failure, ...counts } = runPlan(plan, lies);
  const lines = [
    `seed ${seed}: ${JSON.stringify(plan.options)}`,
    ...faultLines(plan),
    JSON.stringify(counts),
  ];
  if (failure !== null)
    lines.push(faults === null ? describeFailure({ seed, text: failure }, lies) : failure);
  return { text: lines.join("\n"), failure };
}

function only(plan: Plan, faults: readonly number[]): Plan {
  return { ...plan, faults: plan.faults.filter(({ number }) => faults.includes(number)) };
}

function faultLines({ faults }: Plan): string[] {
  return faults.map(
    ({ number, at, kind, lastsMs }) =>
      `  ${String(number).padStart(3)}  ${at.toFixed(1).padStart(8)} ms  ${kind} (${lastsMs.toFixed(0)} ms)`,
  );
}
