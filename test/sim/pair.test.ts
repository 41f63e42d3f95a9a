import { expect, test } from "vitest";
import { planOf, runPlan } from "./schedule.ts";
import { campaign, describeCampaign } from "./report.ts";

/** The odd seeds are in pair-odd.test.ts, which runs beside this file. */
test("simulation: 1,000 even seeds", () => {
  const done = campaign({ first: 2, count: 1_000, step: 2 });
  process.stdout.write(`${describeCampaign(done)}\n`);
  expect(done.failures).toEqual([]);
});

test("simulation: a seed replays everything", () => {
  expect(runPlan(planOf(7))).toEqual(runPlan(planOf(7)));
});
