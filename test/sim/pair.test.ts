import { expect, test } from "vitest";
import { planOf, runPlan } from "./schedule.ts";
import { campaign } from "./campaign.ts";
import { describeCampaign } from "./report.ts";

test("simulation: 2,000 seeds", async () => {
  const done = await campaign({ first: 1, count: 2_000 });
  process.stdout.write(`${describeCampaign(done)}\n`);
  expect(done.failures).toEqual([]);
});

test("simulation: a seed replays everything", () => {
  expect(runPlan(planOf(7))).toEqual(runPlan(planOf(7)));
});
