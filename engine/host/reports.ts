import { digestText } from "../base/checksum.ts";
import { destinationKey } from "../core/message.ts";
import { countQueues } from "../node/inspection.ts";
import type { BrokerNode } from "../node/node.ts";
import type { ClientCount, DestinationCount, NodeStatistics, NodeStatus } from "../supervisor/channel.ts";
import type { Store } from "./store.ts";

export interface StatusSources {
  readonly node: BrokerNode;
  readonly port: number | null;
  readonly linkBytes: number;
}

/** The node's state in the words of people. */
export function status({ node, port }: StatusSources): NodeStatus {
  const { history, state } = node;
  const { op, digest } = history.head;
  return {
    state: stateWord(node),
    reason:
      state.kind === "active" && state.seeking
        ? "It lost its replica and waits for a grant to go on alone."
        : node.reason,
    port,
    attached: node.isAttached,
    position: { epoch: history.epoch, op, digest: digestText(digest) },
    committed: history.committed,
  };
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

export function statistics(sources: StatusSources, store: Store): NodeStatistics {
  const { node } = sources;
  const { position, committed } = status(sources);
  const clients = [...(node.active?.desk.clients.values() ?? [])];
  return {
    position,
    committed,
    storedMessages: node.history.broker.storedCount,
    storeBytes: store.sizeBytes(),
    memoryBytes: process.memoryUsage.rss(),
    sent: clients.reduce((sum, client) => sum + client.sentCount, node.active?.desk.departed.sentCount ?? 0),
    delivered: clients.reduce(
      (sum, client) => sum + client.deliveredCount,
      node.active?.desk.departed.deliveredCount ?? 0,
    ),
    linkBytes: sources.linkBytes,
    lagEntries: node.active?.lagEntries ?? 0,
    lagMs: node.active?.lagMs(performance.now()) ?? 0,
    destinations: destinationCounts(node),
    clients: clientCounts(node),
  };
}

function destinationCounts(node: BrokerNode): DestinationCount[] {
  const producers = new Map<string, number>();
  for (const client of node.active?.desk.clients.values() ?? [])
    for (const name of client.producesTo) producers.set(name, (producers.get(name) ?? 0) + 1);
  return countQueues(node).map((count) => ({ ...count, producers: producers.get(count.name) ?? 0 }));
}

function clientCounts(node: BrokerNode): ClientCount[] {
  const desk = node.active?.desk;
  return [...(desk?.clients.values() ?? [])].map((client) => {
    const consumers = [...(desk?.dispatcher.consumersOf(client.session) ?? [])];
    const destinations = new Set([
      ...client.producesTo,
      ...consumers.map((consumer) => destinationKey(consumer.request.destination)),
    ]);
    return {
      session: client.session,
      sent: client.sentCount,
      received: client.deliveredCount,
      inFlight: client.askedCount - client.answeredCount,
      unacknowledged: consumers.reduce((sum, consumer) => sum + consumer.outstandingCount, 0),
      destinations: [...destinations],
      producing: client.producesTo.size > 0,
      consuming: consumers.length > 0,
      firstConfirmedAt: client.firstConfirmedAt,
      lastConfirmedAt: client.lastConfirmedAt,
    };
  });
}
