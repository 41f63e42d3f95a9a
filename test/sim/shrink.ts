import type { Lies } from "../world/world.ts";
import { runPlan, type Plan } from "./schedule.ts";

/** Leaves out one fault after the other for as long as the run still fails: what remains is worth reading. */
export function shrink(plan: Plan, lies: Partial<Lies> = {}): Plan {
  let best = plan;
  for (let at = 0; at < best.faults.length;) {
    const fewer: Plan = { ...best, faults: best.faults.toSpliced(at, 1) };
    if (runPlan(fewer, lies).failure === null) at += 1;
    else best = fewer;
  }
  return best;
}
