import type { Lies } from "../world/world.ts";
import { runPlan, type Plan } from "./schedule.ts";

/**
 * Leaves out faults, many at once and then one after the other, for as long as the run still breaks the same rule: what
 * remains is worth reading.
 */
export function shrink(plan: Plan, lies: Partial<Lies> = {}): Plan {
  const rule = ruleOf(runPlan(plan, lies).failure);
  let best = plan;
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < best.faults.length;) {
      const fewer: Plan = { ...best, faults: best.faults.toSpliced(at, size) };
      if (ruleOf(runPlan(fewer, lies).failure) === rule) best = fewer;
      else at += size;
    }
  return best;
}

/** What a failure says before its first detail. */
function ruleOf(failure: string | null): string | null {
  return failure === null ? null : failure.replace(/^at [\d.]+ ms: /, "").split(":", 1)[0]!;
}
