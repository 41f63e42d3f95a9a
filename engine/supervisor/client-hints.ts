import type { BrokerState, ClientView, NodeName } from "../control/views.ts";
import { otherNode } from "./arbiter-state.ts";

interface Plight extends Pick<ClientView, "state" | "node" | "failsOver"> {
  /** How long its node has been lost to it; `null`: it left by itself. */
  readonly lostMs: number | null;
}

/** A failover takes less, and nobody could read a hint that comes and goes with it. */
const hintAfterMs = 1_000;
const silenceChecks =
  "ActiveMQ's clients do after 30 to 90 s (wireFormat.maxInactivityDuration), STOMP clients if they asked for heart-beats.";

const onlyOne = "Its URL has no failover:(…): it does not look for the other broker, and its calls fail.";

/** Why a client that hangs, or is away, does so, and what ends it: what its developer came to find out. Pure. */
export function hintOf(
  { state, node, failsOver, lostMs }: Plight,
  states: Readonly<Record<NodeName, BrokerState>>,
): string | null {
  const serving = (["primary", "replica"] as const).find((name) => states[name] === "active");
  if (state === "stalled" && node !== null) {
    if (states[node] === "blocked")
      return `It waits with the ${node}, which answers once its standby is there.`;
    if (serving === undefined)
      return `The ${node} is frozen: it answers nothing until it is thawed or the ${otherNode(node)} takes over.`;
    return `The ${node} is frozen and the connection still open, so the client cannot know that the ${serving} serves. ${failsOver === false ? onlyOne : `It goes on when it notices the silence: ${silenceChecks}`}`;
  }
  if (lostMs === null || lostMs < hintAfterMs) return null;
  if (failsOver === false) return onlyOne;
  if (serving === undefined)
    return "No broker serves. A failover client hangs in its call and tries on, for ever unless timeout or maxReconnectAttempts is set.";
  return `The ${serving} serves, and it has not come. It may know one address only, have given up (timeout, maxReconnectAttempts), or have ended.`;
}
