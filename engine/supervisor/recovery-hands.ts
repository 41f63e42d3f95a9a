import type { PairConfiguration } from "../config/configuration.ts";
import type { PairRuntime } from "./pair-runtime.ts";
import type { RecoveryHands } from "./recovery-steps.ts";
import type { StoreCheck } from "./store-check.ts";
import type { Timeline } from "./timeline.ts";

const servingTimeoutMs = 15_000;
const mirroringTimeoutMs = 30_000;
const positionTimeoutMs = 1_000;

/** Lets the recovery work on the running pair. */
export function recoveryHands(parts: {
  readonly configuration: PairConfiguration;
  readonly pair: PairRuntime;
  readonly timeline: Timeline;
  readonly storeCheck: StoreCheck;
}): RecoveryHands {
  const { configuration, pair, timeline, storeCheck } = parts;
  let shown = "";
  return {
    dataDirectory: configuration.dataDirectory,
    profile: configuration.profile,
    storeCheck,
    inSync: () => pair.arbiter.inSync,
    isSplit: () => pair.arbiter.split,
    isProtected: () => pair.isProtected,
    isLinkBroken: () => pair.link.mode === "cut" || pair.link.mode === "half-open",
    isRunning: (node) => pair.nodes[node].isRunning,
    position: async (node) => {
      const handle = pair.nodes[node];
      if (!handle.isRunning) return null;
      const latest = pair.positionOf(node);
      if (handle.state === "frozen") return latest;
      // Reports come a few times a second: what was confirmed since the last one counts, too.
      return await handle.request({ kind: "position" }, positionTimeoutMs).catch(() => latest);
    },
    suspend: () => pair.suspend(),
    resume: () => pair.tellArbiter({ kind: "resumed" }),
    // The other one is stopped as well and must not take over; the arbiter would not let it either.
    stop: async (node, pairStops) => {
      await pair.stop(node, pairStops);
    },
    expect: (node) => pair.tellArbiter({ kind: "starting", node }),
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
    start: async (node) => {
      pair.start(node);
    },
    servingOf: async (node) => {
      const handle = pair.nodes[node];
      await pair.until(() => handle.state === "active" || handle.state === "blocked", {
        timeoutMs: servingTimeoutMs,
        late: `the ${node} was not active after ${servingTimeoutMs / 1_000} s; it is ${handle.state}`,
        failure: () => failureOf(pair, node),
      });
    },
    mirroringOf: async (node) => {
      await pair.until(() => pair.isProtected, {
        timeoutMs: mirroringTimeoutMs,
        late: `the ${node} did not mirror the other after ${mirroringTimeoutMs / 1_000} s`,
        failure: () => failureOf(pair, node),
      });
    },
    prove: (inSync, op) => pair.tellArbiter({ kind: "stores-proven", inSync, op }),
    changed: (view) => {
      const step = view.steps.find(({ state }) => state === "running" || state === "failed") ?? null;
      const now = `${view.state} ${step?.name ?? ""} ${step?.state ?? ""}`;
      const isNew = now !== shown && view.state !== "idle";
      shown = now;
      if (isNew && (view.state !== "running" || step !== null)) {
        const text =
          view.state === "running"
            ? `Recovery: ${step?.label ?? ""}.`
            : `The recovery copy is ${view.state}.${view.error === null ? "" : ` ${view.error}`}`;
        timeline.add({ kind: "recovery", state: view.state, step: step?.name ?? null, text });
      }
      timeline.touch({ urgent: isNew });
    },
    notice: (text) => void timeline.add({ kind: "notice", severity: "info", text }),
    now: () => Date.now(),
  };
}

/** Why a node that was started will not come; `null` while it still may. */
function failureOf(pair: PairRuntime, node: "primary" | "replica"): string | null {
  const { isRunning, state, reason } = pair.nodes[node];
  if (!isRunning) return `the ${node} ended: ${reason ?? state}`;
  return state === "out of sync" || state === "fenced" ? `the ${node} is ${state}: ${reason ?? ""}` : null;
}
