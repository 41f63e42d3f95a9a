import { expect, test } from "vitest";
import { campaign, describeCampaign } from "./report.ts";

const count = Math.floor(Number(process.env["UNDERSTUDY_SEEDS"] ?? 300) / 2);

test.skipIf(process.env["UNDERSTUDY_SEED"] !== undefined)(`simulation: ${count} odd seeds`, () => {
  const done = campaign({ first: 1, count, step: 2 });
  process.stdout.write(`${describeCampaign(done)}\n`);
  expect(done.failures).toEqual([]);
});
