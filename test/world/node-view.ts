import { digestText } from "../../engine/base/checksum.ts";
import type { NodeOptions } from "../../engine/node/contract.ts";
import type { BrokerNode } from "../../engine/node/node.ts";
import type { JournalPosition, NodeStatus } from "../../engine/supervisor/channel.ts";
import type { SimulatedHost } from "./host.ts";
import type { WorldOptions } from "./world.ts";

export function nodeOptionsOf(host: SimulatedHost, options: WorldOptions): NodeOptions {
  const { passwords } = options;
  return {
    name: host.name,
    role: host.role,
    profile: options.profile ?? "guarded",
    synchronisation: options.synchronisation,
    waitForReplica: options.waitForReplica,
    shutdownOnPrimaryFailure: options.shutdownOnPrimaryFailure ?? false,
    shutdownOnReplicaFailure: options.shutdownOnReplicaFailure ?? false,
    peerTimeoutMs: options.peerTimeoutMs,
    firstContactMs: options.firstContactMs ?? 5_000,
    instance: host.instance,
    newPairId: `pair of ${host.instance}`,
    login: passwords === undefined ? null : { userName: "replica", password: passwords.said },
    admitsReplica: (_, password) => passwords === undefined || password === passwords.wanted,
  };
}

export function positionOf({ history }: BrokerNode): JournalPosition {
  return { epoch: history.epoch, op: history.head.op, digest: digestText(history.head.digest) };
}

export function statusOf(node: BrokerNode): NodeStatus {
  return {
    state: stateWord(node),
    reason: null,
    port: null,
    attached: node.isAttached,
    position: positionOf(node),
    committed: node.history.committed,
  };
}

export function stateWord(node: BrokerNode): NodeStatus["state"] {
  const { state } = node;
  if (state.kind === "active") return state.commits === "both" && !node.isAttached ? "blocked" : "active";
  if (state.kind === "out-of-sync") return "out of sync";
  return state.kind === "ended" ? "shut down" : state.kind;
}
