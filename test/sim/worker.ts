import { parentPort } from "node:worker_threads";
import { nothing, together, type Tally } from "./campaign.ts";
import { describeFailure } from "./report.ts";
import { planOf, runPlan } from "./schedule.ts";

parentPort?.on("message", ({ first, count }: { first: number; count: number }) => {
  let done = nothing;
  for (let seed = first; seed < first + count; seed += 1) done = together(done, tallyOf(seed));
  parentPort?.postMessage(done);
});

function tallyOf(seed: number): Tally {
  const { failure: text, ...totals } = runPlan(planOf(seed));
  const failures = text === null ? [] : [{ seed, text, told: describeFailure({ seed, text }) }];
  return { runs: 1, totals, failures };
}
