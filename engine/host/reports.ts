import { digestText } from "../base/checksum.ts";
import type { BrokerNode } from "../node/node.ts";
import type { JournalPosition, NodeStatus } from "../supervisor/channel.ts";

export interface StatusSources {
  readonly node: BrokerNode;
  readonly port: number | null;
  readonly linkBytes: number;
}

/** The node's state in the words of people. */
export function status({ node, port }: StatusSources): NodeStatus {
  const { history, state } = node;
  return {
    state: stateWord(node),
    reason:
      state.kind === "active" && state.seeking
        ? "It lost its replica and waits for a grant to go on alone."
        : node.reason,
    port,
    attached: node.isAttached,
    position: positionOf(node),
    committed: history.committed,
  };
}

export function positionOf({ history }: BrokerNode): JournalPosition {
  const { op, digest } = history.head;
  return { epoch: history.epoch, op, digest: digestText(digest) };
}

function stateWord(node: BrokerNode): NodeStatus["state"] {
  const { state } = node;
  switch (state.kind) {
    case "waiting":
      return "waiting";
    case "standby":
      return "standby";
    case "active":
      return state.commits === "both" && !node.isAttached ? "blocked" : "active";
    case "fenced":
      return "fenced";
    case "out-of-sync":
      return "out of sync";
    case "ended":
      return "shut down";
  }
}
