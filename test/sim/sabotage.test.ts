import { expect, test } from "vitest";
import { rules } from "../world/rules.ts";
import { planOf, runPlan } from "./schedule.ts";
import { sabotages } from "./sabotages.ts";

/** More than any sabotage has needed. */
const seedsMax = 150;

test("sabotage: every rule has one that breaks it", () => {
  const broken = new Set(sabotages.map(({ rule }) => rule));
  expect(rules.filter((rule) => !broken.has(rule))).toEqual([]);
});

for (const { name, lies, rule, options = {}, faults } of sabotages) {
  test(`sabotage: ${name}: "${rule}" notices it`, () => {
    const found: string[] = [];
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const plan = planOf(seed);
      const { failure } = runPlan(
        {
          ...plan,
          faults: faults ?? plan.faults,
          options: { ...plan.options, profile: "guarded", ...options },
        },
        lies,
      );
      if (failure?.includes(`${rule}:`) === true) return;
      if (failure !== null) found.push(failure.slice(0, 120));
    }
    expect.fail(
      `none of ${seedsMax} seeds broke the rule; ${found.length} failed otherwise: ${found.slice(0, 3).join(" | ")}`,
    );
  });
}
