import { expect, test } from "vitest";
import { campaign, describeCampaign } from "./report.ts";

const count = Math.floor(Number(process.env["UNDERSTUDY_SEEDS"] ?? 300) / 2);

test(`simulation: ${count} odd seeds`, ({ skip }) => {
  skip(process.env["UNDERSTUDY_SEED"] !== undefined, "one seed was asked for, and the other file runs it");
  const done = campaign({ first: 1, count, step: 2 });
  process.stdout.write(`${describeCampaign(done)}\n`);
  expect(done.failures).toEqual([]);
});
