import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../build/paths.mjs";
import { temporaryDirectory } from "../process/program.ts";
import { JavaProgram } from "./lines.ts";
import type { Java } from "./java.ts";

/** What one check found at one broker. */
interface Line {
  readonly name: string;
  /** `ok`, or `FAIL: ` and why. */
  readonly result: string;
}

/** Results by the name of their check, in the order of the list. */
export type Column = ReadonlyMap<string, string>;

/** The account that the checks use; they try wrong ones too. */
export const account = { name: "tester", password: "secret" };

const folder = join(root, "test", "interop");
const tablePath = join(folder, "conformance.md");

/** Why a check has another result here than at the real broker, by the name of the check. */
export function readReasons(): Record<string, string> {
  return JSON.parse(readFileSync(join(folder, "reasons.json"), "utf8")) as Record<string, string>;
}

export const readTable = (): string => readFileSync(tablePath, "utf8");

export function write(text: string, reasons: Record<string, string>): void {
  writeFileSync(tablePath, text);
  writeFileSync(join(folder, "reasons.json"), `${JSON.stringify(reasons, null, 2)}\n`);
}

/** The reasons without those whose difference is gone. */
export function keptReasons(
  reasons: Record<string, string>,
  differing: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(reasons).filter(([name]) => differing.includes(name)));
}

/** Where a broker is reached. */
export interface Ports {
  readonly openwire: number;
  readonly stomp: number;
}

/** Starts the real broker. It ends with the test. */
export async function startActivemq(java: Java): Promise<Ports> {
  const { name, password } = account;
  const program = new JavaProgram(java, "activemq.Main", [temporaryDirectory(), "0", name, password]);
  const [openwire, stomp] = await program.saying(
    () => (program.lines.length < 2 ? undefined : program.lines.map(Number)),
    "the real broker's ports",
  );
  return { openwire: openwire!, stomp: stomp! };
}

/** Runs all quick checks, and the slow ones if asked for, against the broker there. */
export async function runChecks(java: Java, { openwire, stomp }: Ports, column: string): Promise<Column> {
  const slow = process.env["UNDERSTUDY_SLOW_CHECKS"] === "1" ? ["--slow"] : [];
  const where = [`tcp://127.0.0.1:${openwire}`, `${stomp}`];
  const program = new JavaProgram(java, "conformance.Main", [...where, column, "--workers", "8", ...slow]);
  const code = await program.ended;
  if (code !== 0) throw new Error(`the checks against ${column} ended with ${code}`);
  return new Map(
    program.lines.map((line) => JSON.parse(line) as Line).map(({ name, result }) => [name, result]),
  );
}

/** `ok` or `FAIL`: why it failed has places and ids in it, and is printed where it is looked at. */
const word = (result: string | undefined): string => result?.split(":", 1)[0] ?? "missing";

/** Checks whose results differ, with both. */
export function differences(real: Column, ours: Column): string[] {
  return [...real.keys()].filter((name) => word(real.get(name)) !== word(ours.get(name)));
}

/** Both columns as a page. */
export function table(real: Column, ours: Column, reasons: Record<string, string>): string {
  const names = [...real.keys()];
  const okCount = (column: Column): number => names.filter((name) => word(column.get(name)) === "ok").length;
  const rows = names.map((name) => {
    const cells = [name, word(real.get(name)), word(ours.get(name)), reasons[name] ?? ""];
    return `| ${cells.map((cell) => cell.replaceAll(/[\\|*_<]/g, "\\$&")).join(" | ")} |`;
  });
  return [
    "# Conformance",
    "",
    "What the real Java client (`activemq-client` 5.17.2), and a plain one of STOMP, see at the real broker (ActiveMQ",
    "5.17.2) and at a protected pair. Written by `UNDERSTUDY_WRITE=1 npm run interop conformance`; `npm test` fails when",
    "it is no longer true.",
    "",
    `${names.length} checks: ${okCount(real)} ok at ActiveMQ, ${okCount(ours)} ok at Understudy.`,
    "",
    "| check | ActiveMQ | Understudy | difference |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
