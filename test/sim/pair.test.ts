import { expect, test } from "vitest";
import { planOf, runPlan } from "./schedule.ts";
import { campaign, describeCampaign, describeSeed } from "./report.ts";

const one = process.env["UNDERSTUDY_SEED"];
/** The odd seeds are in pair-odd.test.ts, which runs beside this file. */
const count = Math.ceil(Number(process.env["UNDERSTUDY_SEEDS"] ?? 300) / 2);

if (one !== undefined) {
  test(`simulation: seed ${one}`, () => {
    const { text, failure } = describeSeed(Number(one));
    process.stdout.write(`${text}\n`);
    expect(failure).toBeNull();
  });
} else {
  test(`simulation: ${count} even seeds`, () => {
    const done = campaign({ first: 2, count, step: 2 });
    process.stdout.write(`${describeCampaign(done)}\n`);
    expect(done.failures).toEqual([]);
  });

  test("simulation: a seed replays everything", () => {
    expect(runPlan(planOf(7))).toEqual(runPlan(planOf(7)));
  });
}
