import { counted, duration } from "../base/words.ts";
import type { PairConfiguration } from "../config/configuration.ts";
import type { BrokerState, BrokerView, LinkMode, NodeName, PairView, Protection } from "../control/views.ts";
import { otherNode, type ArbiterState } from "./arbiter-state.ts";
import type { NodeStatistics, NodeStatus } from "./channel.ts";
import { nextActionsFor } from "./next-actions.ts";

/** One node as its supervisor sees it. */
export interface NodeSnapshot {
  readonly node: NodeName;
  readonly state: BrokerState;
  readonly reason: string | null;
  readonly since: number;
  readonly port: number;
  readonly pid: number | null;
  /** `null` while no process reports. */
  readonly status: NodeStatus | null;
  /** Of this process, or the last of the one before. */
  readonly statistics: NodeStatistics | null;
  readonly clients: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** The last time that a standby took over, and what became of the clients. */
export interface FailoverStory {
  readonly node: NodeName;
  /** `null` when nobody saw the other node fail. */
  readonly tookMs: number | null;
  readonly reconnectedCount: number;
  /** As counted by the ledger; `null` when nothing was counted. */
  readonly lostCount: number | null;
}

/** All that the pair's view is computed from. */
export interface PairFacts {
  readonly configuration: PairConfiguration;
  readonly nodes: Readonly<Record<NodeName, NodeSnapshot>>;
  readonly arbiter: ArbiterState;
  /** A standby that would take over if the user said so. */
  readonly promotable: NodeName | null;
  readonly link: { readonly mode: LinkMode; readonly delayMs: number; readonly bytesPerSecond: number };
  readonly failover: FailoverStory | null;
  readonly recovering: boolean;
  readonly controlUrl: string;
  readonly startedAt: number;
  readonly version: string;
}

/** How things stand, from what each part knows. Pure. */
export function pairViewOf(facts: PairFacts): PairView {
  const { configuration, nodes } = facts;
  const protection = protectionOf(facts);
  const active = activeNode(facts);
  const statistics = active === null ? null : nodes[active].statistics;
  return {
    protection,
    sentence: sentenceOf(facts, protection),
    nextActions: nextActionsFor(facts, protection, active),
    profile: configuration.profile,
    synchronisation: configuration.synchronisation,
    waitForReplica: configuration.waitForReplica,
    shutdownOnPrimaryFailure: configuration.shutdownOnPrimaryFailure,
    shutdownOnReplicaFailure: configuration.shutdownOnReplicaFailure,
    failoverUri: `failover:(tcp://127.0.0.1:${nodes.primary.port},tcp://127.0.0.1:${nodes.replica.port})?randomize=false`,
    controlUrl: facts.controlUrl,
    dataDirectory: configuration.dataDirectory,
    startedAt: facts.startedAt,
    version: facts.version,
    epoch: facts.arbiter.epoch,
    primary: brokerViewOf(nodes.primary),
    replica: brokerViewOf(nodes.replica),
    link: {
      ...facts.link,
      attached: isMirrored(facts),
      lagEntries: statistics?.lagEntries ?? 0,
      lagMs: statistics?.lagMs ?? 0,
    },
  };
}

/** The node that accepts clients; with two, the arbiter's holder. */
export function activeNode({ nodes, arbiter }: Pick<PairFacts, "nodes" | "arbiter">): NodeName | null {
  const serving = (["primary", "replica"] as const).filter((node) => isServing(nodes[node]));
  if (serving.length === 2 && arbiter.holder !== null) return arbiter.holder;
  return serving[0] ?? null;
}

export function protectionOf(facts: PairFacts): Protection {
  const { nodes } = facts;
  const active = activeNode(facts);
  if (isServing(nodes.primary) && isServing(nodes.replica)) return "split";
  if (active === null) {
    const starting = Object.values(nodes).some(({ state }) => state === "starting");
    return starting && nodes.primary.state !== "killed" && nodes.replica.state !== "killed"
      ? "syncing"
      : "down";
  }
  if (isMirrored(facts)) return "protected";
  const standby = nodes[otherNode(active)];
  const mayFollow =
    facts.configuration.synchronisation === "automatic" || facts.arbiter.inSync.includes(standby.node);
  const isReachable = facts.link.mode === "heal" || facts.link.mode === "delay";
  const comes = standby.state === "starting" || (standby.state === "standby" && mayFollow && isReachable);
  return comes ? "syncing" : "unprotected";
}

/** Whether both nodes hold everything and go on doing so. */
export function isMirrored(facts: Pick<PairFacts, "nodes" | "arbiter">): boolean {
  const active = activeNode(facts);
  if (active === null) return false;
  const { status, state } = facts.nodes[active];
  if (state !== "active" || status?.attached !== true || facts.nodes[otherNode(active)].state !== "standby")
    return false;
  return !facts.arbiter.alone && facts.arbiter.inSync.length === 2;
}

function isServing({ state }: NodeSnapshot): boolean {
  return state === "active" || state === "blocked";
}

function brokerViewOf(snapshot: NodeSnapshot): BrokerView {
  const { status, statistics } = snapshot;
  const position = newest(status?.position, statistics?.position);
  return {
    node: snapshot.node,
    state: snapshot.state,
    reason: snapshot.reason,
    since: snapshot.since,
    port: snapshot.port,
    pid: snapshot.pid,
    epoch: position?.epoch ?? 0,
    op: position?.op ?? 0,
    committed: Math.max(status?.committed ?? 0, statistics?.committed ?? 0),
    digest: position?.digest ?? "",
    storedMessages: statistics?.storedMessages ?? 0,
    scheduledMessages: statistics?.scheduledMessages ?? 0,
    storeBytes: statistics?.storeBytes ?? 0,
    memoryBytes: snapshot.pid === null ? 0 : (statistics?.memoryBytes ?? 0),
    clients: snapshot.clients,
    inPerSecond: snapshot.inPerSecond,
    outPerSecond: snapshot.outPerSecond,
  };
}

function newest<Position extends { op: number; epoch: number }>(
  one: Position | undefined,
  other: Position | undefined,
): Position | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.epoch > one.epoch || (other.epoch === one.epoch && other.op > one.op) ? other : one;
}

function sentenceOf(facts: PairFacts, protection: Protection): string {
  const active = activeNode(facts);
  if (facts.recovering) return "The recovery copy is under way; clients wait and resume.";
  switch (protection) {
    case "protected":
      return "Both brokers hold everything: either can be killed and nothing confirmed is lost.";
    case "split":
      return "Both brokers are active, each without the other's messages. Keep one side.";
    case "syncing":
      return active === null ? "The brokers are starting." : syncingSentence(facts, active);
    case "unprotected":
      return active === null ? "" : unprotectedSentence(facts, active);
    case "down":
      return downSentence(facts);
  }
}

function syncingSentence({ nodes }: PairFacts, active: NodeName): string {
  const standby = nodes[otherNode(active)];
  const behind = (nodes[active].status?.committed ?? 0) - (standby.status?.position.op ?? 0);
  const wait = nodes[active].state === "blocked" ? " Clients wait for it." : "";
  if (behind > 0)
    return `The ${standby.node} is catching up: ${counted(behind, "entry", "entries")} to go.${wait}`;
  return `The ${standby.node} is about to mirror the ${active}.${wait}`;
}

function unprotectedSentence(facts: PairFacts, active: NodeName): string {
  const { nodes, failover } = facts;
  const other = nodes[otherNode(active)];
  if (nodes[active].state === "blocked") {
    return `The ${active} waits for the ${other.node}, which ${isNow(other.state)}; clients wait with it.`;
  }
  if (failover?.node === active && other.state !== "active")
    return `${failoverSentence(failover)} Only the ${active} holds everything now.`;
  return `Only the ${active} holds everything: the ${other.node} ${isNow(other.state)}${facts.link.mode === "heal" || facts.link.mode === "delay" ? "" : " behind a broken link"}.`;
}

/** `Replica took over after 31 ms. 3 clients reconnected; nothing confirmed was lost.` */
export function failoverSentence({ node, tookMs, reconnectedCount, lostCount }: FailoverStory): string {
  const name = node === "replica" ? "Replica" : "Primary";
  const took = tookMs === null ? "took over" : `took over after ${duration(tookMs)}`;
  const clients = `${counted(reconnectedCount, "client")} reconnected`;
  const lost =
    lostCount === null || lostCount === 0
      ? "nothing confirmed was lost"
      : `${counted(lostCount, "confirmed message")} ${lostCount === 1 ? "is" : "are"} missing`;
  return reconnectedCount === 0 ? `${name} ${took}; ${lost}.` : `${name} ${took}. ${clients}; ${lost}.`;
}

function downSentence({ nodes, promotable, configuration, arbiter }: PairFacts): string {
  if (promotable !== null && nodes[otherNode(promotable)].state === "frozen")
    return `No broker serves: the ${otherNode(promotable)} is frozen. The ${promotable} takes over once that one has been silent for ${configuration.peerTimeoutMs} ms.`;
  if (promotable !== null)
    return `No broker serves: the ${otherNode(promotable)} ${isNow(nodes[otherNode(promotable)].state)}, and the ${promotable} waits for it or for you to promote it.`;
  const [only, second] = arbiter.inSync;
  if (only !== undefined && second === undefined && nodes[otherNode(only)].state === "standby")
    return `No broker serves: the ${only} ${isNow(nodes[only].state)}, and the ${otherNode(only)} had not caught up with it, so it does not take over. What was confirmed is in the ${only}'s store: start it again.`;
  const [primary, replica] = [nodes.primary, nodes.replica];
  if (primary.state === replica.state)
    return `No broker serves: both are ${primary.state === "stopped" ? "stopped" : primary.state}. What was confirmed is in their stores.`;
  return `No broker serves: the primary ${isNow(primary.state)}, the replica ${isNow(replica.state)}. What was confirmed is in their stores.`;
}

function isNow(state: BrokerState): string {
  return state === "killed" ? "was killed" : `is ${state}`;
}
