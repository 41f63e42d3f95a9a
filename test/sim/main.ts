import { parseArgs } from "node:util";
import { campaign } from "./campaign.ts";
import { describeCampaign, describeSeed, summaryOf } from "./report.ts";
import { sabotages } from "./sabotages.ts";

/** Schedules between two lines that say how far a long run is. */
const progressEvery = 500;

/**
 * `--seed S` runs one schedule and tells all of it, with `--faults 3,7` only those of its faults, with `--sabotage NAME`
 * one lie in it; `--seeds N` and `--minutes M` run many, from seed S or 1 on, with `--workers K` on so many cores.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      workers: { type: "string" },
      faults: { type: "string" },
      sabotage: { type: "string" },
    },
  });
  const first = wholeNumber("seed", values.seed) ?? 1;
  const isMany = values.seeds !== undefined || values.minutes !== undefined;
  if (!isMany) {
    const faults = values.faults?.split(",").flatMap((text) => wholeNumber("faults", text, ["none"]) ?? []);
    const { text, failure } = describeSeed(first, faults ?? null, liesOf(values.sabotage));
    process.stdout.write(`${text}\n`);
    return failure === null ? 0 : 1;
  }
  if (values.sabotage !== undefined || values.faults !== undefined)
    throw new Error("--sabotage and --faults go with --seed alone, one schedule at a time");
  const minutes = wholeNumber("minutes", values.minutes);
  const workers = wholeNumber("workers", values.workers);
  let toldAt = 0;
  const done = await campaign({
    first,
    count: wholeNumber("seeds", values.seeds) ?? Infinity,
    secondsMax: minutes === null ? Infinity : minutes * 60,
    ...(workers === null ? {} : { workers }),
    onNews: (sofar, failures) => {
      for (const { told } of failures) process.stdout.write(`${told}\n`);
      if (sofar.runs < toldAt + progressEvery) return;
      toldAt = sofar.runs;
      process.stdout.write(`${summaryOf(sofar)}\n`);
    },
  });
  process.stdout.write(`${describeCampaign(done)}\n`);
  return done.failures.length === 0 ? 0 : 1;
}

function liesOf(name: string | undefined): (typeof sabotages)[number]["lies"] {
  if (name === undefined) return {};
  const sabotage = sabotages.find((one) => one.name === name);
  if (sabotage !== undefined) return sabotage.lies;
  throw new Error(`there is no sabotage "${name}", only:\n${sabotages.map((one) => one.name).join("\n")}`);
}

function wholeNumber(option: string, text: string | undefined, words: readonly string[] = []): number | null {
  if (text === undefined || words.includes(text)) return null;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--${option} takes a whole number, not "${text}"`);
}
