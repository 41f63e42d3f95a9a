import { expect, test } from "vitest";
import { campaign, describeCampaign } from "./report.ts";

test("simulation: 1,000 odd seeds", () => {
  const done = campaign({ first: 1, count: 1_000, step: 2 });
  process.stdout.write(`${describeCampaign(done)}\n`);
  expect(done.failures).toEqual([]);
});
