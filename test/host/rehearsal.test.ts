import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { rehearse, rehearsing } from "../../engine/host/rehearsal.ts";
import type { BrokerReport, NodeStatus } from "../../engine/supervisor/channel.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-rehearsals-"));
  vi.stubEnv("TMPDIR", directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

function stateOf(state: NodeStatus["state"], attached: boolean): BrokerReport {
  const position = { epoch: 1, op: 0, digest: "" };
  return { kind: "state", status: { state, attached, position, reason: null, port: null, committed: 0 } };
}

test("rehearsal: every guest gets all its answers, and nothing is left behind", async () => {
  expect(await rehearse(new AbortController().signal)).toBe(32);
  expect(readdirSync(directory)).toEqual([]);
});

test("rehearsal: it begins when the standby has its place, and stops when that one is to serve", async () => {
  const heard: string[] = [];
  const supervision = rehearsing({ report: ({ kind }) => heard.push(kind) });
  supervision.report(stateOf("waiting", false));
  supervision.report(stateOf("standby", false));
  supervision.report(stateOf("standby", true));
  await vi.waitFor(() => expect(readdirSync(directory)).toHaveLength(1), { timeout: 5_000 });
  supervision.report(stateOf("active", false));
  await vi.waitFor(() => expect(readdirSync(directory)).toEqual([]), { timeout: 5_000 });
  expect(heard).toEqual(["state", "state", "state", "state"]);
});
