import type { ViewUpdate } from "../../engine/control/events.ts";
import type { BrokerView, ClientView, LedgerView, NodeName, PairView } from "../../engine/control/views.ts";
import { storyOf } from "./fake-clients.ts";
import type { FakePair } from "./fake-pair.ts";
import { nextActionsOf, protectionSentences } from "./fake-words.ts";

/** The imaginary pair as the control API would describe it. */
export function viewsOf(pair: FakePair): ViewUpdate {
  return {
    kind: "views",
    at: pair.at,
    pair: pairOf(pair),
    clients: clientsOf(pair),
    destinations: destinationsOf(pair),
    ledger: ledgerOf(pair),
    recovery: pair.recovery,
  };
}

export function pairOf(pair: FakePair): PairView {
  return {
    protection: pair.protection,
    sentence: protectionSentences[pair.protection](pair),
    nextActions: nextActionsOf(pair),
    profile: pair.profile,
    synchronisation: "manual",
    waitForReplica: false,
    shutdownOnPrimaryFailure: false,
    shutdownOnReplicaFailure: false,
    failoverUri: "failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false",
    controlUrl: "http://127.0.0.1:8161",
    dataDirectory: "/home/ada/.understudy",
    startedAt: pair.startedAt,
    version: "0.1.0",
    epoch: pair.epoch,
    primary: pair.brokers.primary,
    replica: pair.brokers.replica,
    link: pair.link,
  };
}

export function clientsOf(pair: FakePair): ClientView[] {
  return pair.clients.map((client) => ({ ...client.view, story: storyOf(client) }));
}

export function destinationsOf(pair: FakePair): ViewUpdate["destinations"] {
  return [...pair.depth].map(([name, depth]) => {
    const users = pair.clients.filter(
      (client) => client.view.destinations.includes(name) && client.view.state === "connected",
    );
    const producers = users.filter((client) => client.view.role === "producer");
    const consumers = users.filter((client) => client.view.role === "consumer");
    return {
      name,
      kind: name.startsWith("topic:") ? "topic" : "queue",
      depth,
      inFlight: consumers.length,
      consumers: consumers.length,
      producers: producers.length,
      enqueued: depth + pair.counts.received,
      dequeued: pair.counts.received,
      inPerSecond: producers.reduce((sum, client) => sum + client.rate, 0),
      outPerSecond: consumers.length === 0 ? 0 : producers.reduce((sum, client) => sum + client.rate, 0),
    };
  });
}

export function ledgerOf(pair: FakePair): LedgerView {
  const { confirmed, received, again } = pair.counts;
  return {
    confirmed,
    receivedOnce: received - again,
    receivedAgain: again,
    unflaggedRepeats: 0,
    notYet: Math.max(0, confirmed - received),
    lost: 0,
    outOfOrder: 0,
    verdict: pair.verdict,
    since: pair.startedAt,
  };
}

export function newBroker(at: number, node: NodeName, port: number, pid: number): BrokerView {
  return {
    node,
    state: "stopped",
    reason: null,
    since: at,
    port,
    pid,
    epoch: 1,
    op: 18_204,
    committed: 18_204,
    digest: "",
    storedMessages: 0,
    scheduledMessages: 0,
    storeBytes: 4e6,
    memoryBytes: 74e6,
    clients: 0,
    inPerSecond: 0,
    outPerSecond: 0,
  };
}
