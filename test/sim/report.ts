import type { Lies } from "../world/world.ts";
import type { Campaign, Failure } from "./campaign.ts";
import { planOf, runPlan, type Plan } from "./schedule.ts";
import { shrink } from "./shrink.ts";

/** `300 schedules in 30.1 s (10 a second): …`; failures follow with the line that shows them again. */
export function describeCampaign(campaign: Campaign): string {
  return [summaryOf(campaign), ...campaign.failures.map(({ told }) => told)].join("\n");
}

export function summaryOf({ runs, seconds, failures, totals }: Campaign): string {
  const rate = (count: number): string => (count / seconds).toFixed(0);
  return (
    `${runs} schedules in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second): ` +
    `${totals.entries} entries (${rate(totals.entries)}/s), ${totals.confirmed} confirmed, ${totals.faults} faults, ` +
    `${totals.kills} kills (${rate(totals.kills)}/s), ${totals.failovers} failovers (${rate(totals.failovers)}/s), ` +
    `${totals.recoveries} recovery copies, ` +
    `${totals.forks} splits of the classic profile with ${totals.lost} confirmed lost, ${failures.length} failures`
  );
}

/** A failure with the fewest faults that still show it, and the line that shows it again. */
export function describeFailure({ seed, text }: Omit<Failure, "told">, lies: Partial<Lies> = {}): string {
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
