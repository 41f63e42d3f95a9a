import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../build/paths.mjs";
import { isAlive } from "./pair.ts";
import { eventually } from "./program.ts";

export type StoreFinding =
  | {
      readonly sound: true;
      readonly position: { epoch: number; op: number; digest: string };
      readonly messages: number;
    }
  | { readonly sound: false; readonly detail: string };

/** Reads a store that no process has open, from end to end. */
export function checkStore(directory: string): StoreFinding {
  const { stdout } = spawnSync(process.execPath, [join(root, "engine/host/store-check.ts"), directory], {
    encoding: "utf8",
  });
  return JSON.parse(stdout) as StoreFinding;
}

/** Last entry and digest of each store of `node` in a data directory: its own, and the ones that were kept. */
export function historiesOf(data: string, node: "primary" | "replica"): string[] {
  return readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (entry.name === node || entry.name.startsWith(`${node}.kept-`)))
    .map((entry) => {
      const finding = checkStore(join(data, entry.name));
      return finding.sound ? `${finding.position.op} ${finding.position.digest}` : finding.detail;
    });
}

/** Resolves when these processes are gone. */
export async function areGone(...pids: readonly (number | null)[]): Promise<void> {
  await eventually(
    () => {
      const isOneLeft = pids.some((pid) => pid !== null && isAlive(pid));
      return Promise.resolve(isOneLeft ? undefined : true);
    },
    `the end of ${pids.join(", ")}`,
  );
}
