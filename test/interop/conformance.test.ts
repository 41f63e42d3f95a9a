import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { Pair } from "../process/pair.ts";
import { temporaryDirectory } from "../process/program.ts";
import {
  account,
  differences,
  keptReasons,
  readReasons,
  readTable,
  runChecks,
  startActivemq,
  table,
  write,
  type Ports,
} from "./conformance.ts";

const java = inject("java");

/** A pair that lets in the account of the checks and nobody else. */
async function startPair(): Promise<Ports> {
  const config = join(temporaryDirectory(), "understudy.json");
  writeFileSync(config, JSON.stringify({ users: [account] }));
  const pair = await Pair.start({ flags: ["--config", config] });
  return { openwire: pair.ports.primary, stomp: pair.ports.primary };
}

test.skipIf(java === null)(
  "conformance: the real client sees at a pair what it sees at the real broker",
  { timeout: 600_000 },
  async () => {
    if (java === null) return;
    const real = await runChecks(java, await startActivemq(java), "activemq");
    const ours = await runChecks(java, await startPair(), "understudy");
    const isWriting = process.env["UNDERSTUDY_WRITE"] === "1";
    const known = readReasons();
    const reasons = isWriting ? keptReasons(known, differences(real, ours)) : known;
    const text = table(real, ours, reasons);
    process.stdout.write(`${text}\n`);
    if (isWriting) write(text, reasons);

    const unexplained = differences(real, ours).filter((name) => reasons[name] === undefined);
    const why = unexplained.map(
      (name) => `${name}: ActiveMQ ${real.get(name)}, Understudy ${ours.get(name)}`,
    );
    expect(why, "differences without a reason").toEqual([]);
    const explained = new Set(differences(real, ours));
    expect(Object.keys(readReasons()).filter((name) => !explained.has(name))).toEqual([]);
    if (process.env["UNDERSTUDY_SLOW_CHECKS"] !== "1") expect(text).toBe(readTable());
  },
);
