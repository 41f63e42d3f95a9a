import { expect, test } from "vitest";
import { planOf, runPlan } from "./schedule.ts";
import { sabotages } from "./sabotages.ts";

/** More than any sabotage has needed. */
const seedsMax = 150;

/** When seeds are asked for by number, it is the honest runs that are meant. */
const isSkipped =
  process.env["UNDERSTUDY_SEED"] !== undefined || process.env["UNDERSTUDY_SEEDS"] !== undefined;

for (const { name, lies, rule, from = 1 } of sabotages) {
  test(`sabotage: ${name}: "${rule}" notices it`, ({ skip }) => {
    skip(isSkipped, "seeds were asked for by number: only honest runs");
    const found: string[] = [];
    for (let seed = from; seed < from + seedsMax; seed += 1) {
      const { failure } = runPlan(planOf(seed), lies);
      if (failure?.includes(rule) === true) return;
      if (failure !== null) found.push(failure.slice(0, 120));
    }
    expect.fail(
      `none of ${seedsMax} seeds broke the rule; ${found.length} failed otherwise: ${found.slice(0, 3).join(" | ")}`,
    );
  });
}
