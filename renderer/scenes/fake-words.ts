import type { NextAction, Protection, RecoveryView } from "../../engine/control/views.ts";
import type { FakePair } from "./fake-pair.ts";

export const idleRecovery: RecoveryView = {
  state: "idle",
  from: null,
  to: null,
  preflight: null,
  steps: [],
  copiedBytes: 0,
  totalBytes: 0,
  bytesPerSecond: 0,
  remainingMs: null,
  kept: null,
  error: null,
  startedAt: null,
  endedAt: null,
};

export const protectionSentences: Record<Protection, (pair: FakePair) => string> = {
  protected: () => "Both brokers hold everything that was confirmed.",
  unprotected: (pair) =>
    pair.active === null
      ? "The primary is gone; the replica is taking over."
      : `Only the ${pair.active} holds new messages; a second failure would stop the pair.`,
  syncing: () => "The recovery copy is running; clients wait and go on by themselves.",
  split: () => "Both brokers are active and take messages of their own; their histories differ.",
  down: () => "No broker is active. What was confirmed is on disk.",
};

export function nextActionsOf(pair: FakePair): NextAction[] {
  switch (pair.protection) {
    case "protected":
    case "syncing":
      return [];
    case "unprotected":
      if (pair.active === null) return [];
      if (pair.link.mode !== "heal")
        return [
          {
            label: "Heal the link",
            explanation: "Lets entries through again.",
            operation: "setLink",
            input: { mode: "heal" },
            cli: "npm run --silent understudy -- link heal",
          },
        ];
      return [
        {
          label: `Recover the ${pair.active === "replica" ? "primary" : "replica"}…`,
          explanation:
            "Copies the surviving store over the other one, keeps what it replaces, and starts both brokers.",
          operation: "startRecovery",
          input: {},
          cli: "npm run --silent understudy -- recover",
        },
      ];
    case "split":
      return [
        {
          label: "Choose a history…",
          explanation: "Shows how the two stores differ and keeps one; the other is set aside, not deleted.",
          operation: "startRecovery",
          input: {},
          cli: "npm run --silent understudy -- recover",
        },
      ];
    case "down":
      return [
        {
          label: "Start the primary",
          explanation: "Its store is complete.",
          operation: "actOnBroker",
          input: { node: "primary", action: "start" },
          cli: "npm run --silent understudy -- start primary",
        },
      ];
  }
}
