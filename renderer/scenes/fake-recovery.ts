import type { RecoveryView } from "../../engine/control/views.ts";
import type { FakePair } from "./fake-pair.ts";
import { idleRecovery } from "./fake-words.ts";

const labels = {
  preflight: "Compare both histories",
  "stop-source": "Stop the replica",
  "set-aside": "Set the primary's store aside",
  copy: "Copy the replica's store",
  verify: "Verify: integrity, position, digest",
  "start-primary": "Start the primary",
  "start-replica": "Start the replica",
} as const;
type StepName = keyof typeof labels;
const names = Object.keys(labels) as StepName[];

const preflight = {
  sentence:
    "The replica is ahead by 1,204 entries and holds all of the primary's history. Its store (1.72 GiB) will replace the primary's (1.69 GiB), which is kept.",
  allowed: true,
  refusal: null,
  ahead: "replica",
  aheadByEntries: 1_204,
  sourceBytes: 1_846_835_937,
  targetBytes: 1_814_623_682,
  freeBytes: 212_600_000_000,
} as const;

export function fakeDryRun(): RecoveryView {
  return { ...idleRecovery, from: "replica", to: "primary", preflight };
}

/** `bytesPerSecond` slow enough and the scene stays in the copy for as long as somebody looks. */
export function fakeRecover(pair: FakePair, bytesPerSecond: number): void {
  pair.recovery = {
    ...fakeDryRun(),
    state: "running",
    steps: stepsAt(0),
    totalBytes: preflight.sourceBytes,
    startedAt: pair.at,
  };
  pair.emit({
    kind: "recovery",
    state: "running",
    step: "preflight",
    text: "Recovery began: the replica's store is copied over the primary's.",
  });
  pair.after(120, () => step(pair, 1, () => pair.halt("replica", "stopped")));
  pair.after(260, () => step(pair, 2));
  pair.after(400, () => {
    step(pair, 3);
    copyOn(pair, bytesPerSecond);
  });
}

function copyOn(pair: FakePair, bytesPerSecond: number): void {
  const copiedBytes = Math.min(preflight.sourceBytes, pair.recovery.copiedBytes + bytesPerSecond / 10);
  pair.recovery = {
    ...pair.recovery,
    copiedBytes,
    bytesPerSecond,
    remainingMs: ((preflight.sourceBytes - copiedBytes) / bytesPerSecond) * 1_000,
  };
  if (copiedBytes < preflight.sourceBytes) {
    pair.after(100, () => copyOn(pair, bytesPerSecond));
    return;
  }
  step(pair, 4);
  pair.after(300, () => step(pair, 5, () => pair.start("primary")));
  pair.after(900, () => step(pair, 6, () => pair.start("replica")));
  pair.after(1_600, () => {
    const kept = {
      directory: "/home/ada/.understudy/kept/primary-2026-11-21T12-04-03",
      bytes: preflight.targetBytes,
      node: "primary",
    } as const;
    pair.recovery = {
      ...pair.recovery,
      state: "done",
      steps: stepsAt(names.length),
      remainingMs: 0,
      kept,
      endedAt: pair.at,
    };
    pair.emit({
      kind: "recovery",
      state: "done",
      step: null,
      text: "Recovery is done: both brokers hold the same history again.",
    });
  });
}

function step(pair: FakePair, index: number, work?: () => void): void {
  pair.recovery = { ...pair.recovery, steps: stepsAt(index) };
  pair.emit({
    kind: "recovery",
    state: "running",
    step: names[index] ?? null,
    text: `Recovery: ${labels[names[index] ?? "copy"]}.`,
  });
  work?.();
}

function stepsAt(current: number): RecoveryView["steps"] {
  return names.map((name, index) => ({
    name,
    label: labels[name],
    state: index < current ? "done" : index === current ? "running" : "waiting",
    detail: index < current && name === "preflight" ? "replica ahead by 1,204" : "",
  }));
}
