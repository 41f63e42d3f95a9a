import { destinationKey } from "../core/message.ts";
import type { SessionId } from "../core/dialogue.ts";
import type { Consumer } from "../core/consumer.ts";
import { countQueue, isCountOf } from "../node/inspection.ts";
import type { ConnectedClient } from "../node/connected-client.ts";
import type { BrokerNode } from "../node/node.ts";
import type { ClientCount, DestinationCount, NodeStatistics } from "../supervisor/channel.ts";
import { status, type StatusSources } from "./reports.ts";

/** What a client had done when it was last counted; while these stay, so does all else that is told of it. */
interface ClientMark {
  readonly askedCount: number;
  readonly answeredCount: number;
  readonly deliveredCount: number;
  readonly unacknowledged: number;
}

/**
 * Counts everything a few times a second, and tells what is not as it was told the last time: of ten thousand queues
 * nearly all stand still. The first report is whole, so each process begins with a fresh census.
 */
export class Census {
  readonly #destinations = new Map<string, DestinationCount>();
  readonly #clients = new Map<SessionId, ClientMark>();
  #totals: string | null = null;

  /** `null`: there is no news. */
  take(sources: StatusSources, storeBytes: number): NodeStatistics | null {
    const { node } = sources;
    const whole = this.#totals === null;
    const { storedMessages, ...destinations } = this.#countDestinations(node);
    const clients = this.#countClients(node);
    const scheduledMessages = node.history.broker.schedule.size;
    const totals = { ...totalsOf(sources), storedMessages, scheduledMessages, storeBytes };
    // Memory breathes and the nodes say hello all the time; that alone is no news.
    const news = JSON.stringify(totals);
    const isSame = news === this.#totals;
    if (isSame && clients.length + destinations.destinations.length + destinations.gone.length === 0)
      return null;
    this.#totals = news;
    const memoryBytes = process.memoryUsage.rss();
    return { ...totals, memoryBytes, linkBytes: sources.linkBytes, whole, ...destinations, clients };
  }

  #countDestinations(node: BrokerNode): {
    storedMessages: number;
    destinations: DestinationCount[];
    gone: string[];
  } {
    const { queues } = node.history.broker;
    const producers = producerCounts(node);
    const destinations: DestinationCount[] = [];
    let storedMessages = 0;
    for (const queue of queues.values()) {
      storedMessages += queue.depth;
      const producerCount = producers.get(queue.key) ?? 0;
      const known = this.#destinations.get(queue.key);
      if (known?.producers === producerCount && isCountOf(known, node, queue)) continue;
      const count = { ...countQueue(node, queue), producers: producerCount };
      this.#destinations.set(queue.key, count);
      destinations.push(count);
    }
    const gone: string[] = [];
    // All that exist are known by now, so only a surplus has to be looked for.
    if (this.#destinations.size > queues.size)
      for (const name of this.#destinations.keys()) if (!queues.has(name)) gone.push(name);
    for (const name of gone) this.#destinations.delete(name);
    return { storedMessages, destinations, gone };
  }

  #countClients(node: BrokerNode): ClientCount[] {
    const counts: ClientCount[] = [];
    const clients = node.active?.desk.clients ?? new Map<SessionId, ConnectedClient>();
    for (const client of clients.values()) {
      const { session, askedCount, answeredCount, deliveredCount } = client;
      let unacknowledged = 0;
      for (const consumer of consumersOf(node, session)) unacknowledged += consumer.outstandingCount;
      const mark = this.#clients.get(session);
      if (
        mark?.askedCount === askedCount &&
        mark.answeredCount === answeredCount &&
        mark.deliveredCount === deliveredCount &&
        mark.unacknowledged === unacknowledged
      )
        continue;
      this.#clients.set(session, { askedCount, answeredCount, deliveredCount, unacknowledged });
      counts.push(clientCount(client, [...consumersOf(node, session)], unacknowledged));
    }
    // Their leaving is told by itself, at once.
    if (this.#clients.size > clients.size)
      for (const session of this.#clients.keys()) if (!clients.has(session)) this.#clients.delete(session);
    return counts;
  }
}

function totalsOf(
  sources: StatusSources,
): Pick<NodeStatistics, "position" | "committed" | "sent" | "delivered" | "lagEntries" | "lagMs"> {
  const { active } = sources.node;
  const { position, committed } = status(sources);
  let { sentCount: sent, deliveredCount: delivered } = active?.desk.departed ?? {
    sentCount: 0,
    deliveredCount: 0,
  };
  for (const { sentCount, deliveredCount } of active?.desk.clients.values() ?? []) {
    sent += sentCount;
    delivered += deliveredCount;
  }
  const lagMs = active?.lagMs(performance.now()) ?? 0;
  return { position, committed, sent, delivered, lagEntries: active?.lagEntries ?? 0, lagMs };
}

function producerCounts(node: BrokerNode): Map<string, number> {
  const producers = new Map<string, number>();
  for (const client of node.active?.desk.clients.values() ?? [])
    for (const name of client.producesTo) producers.set(name, (producers.get(name) ?? 0) + 1);
  return producers;
}

function consumersOf(node: BrokerNode, session: SessionId): Iterable<Consumer> {
  return node.active?.desk.dispatcher.consumersOf(session) ?? [];
}

function clientCount(
  client: ConnectedClient,
  consumers: readonly Consumer[],
  unacknowledged: number,
): ClientCount {
  const destinations = new Set([
    ...client.producesTo,
    ...consumers.map((consumer) => destinationKey(consumer.request.destination)),
  ]);
  return {
    session: client.session,
    sent: client.sentCount,
    received: client.deliveredCount,
    redelivered: client.redeliveredCount,
    sentAgain: client.repeatedCount,
    inFlight: client.askedCount - client.answeredCount,
    unacknowledged,
    destinations: [...destinations],
    producing: client.producesTo.size > 0,
    consuming: consumers.length > 0,
    firstConfirmedAt: client.firstConfirmedAt,
    lastConfirmedAt: client.lastConfirmedAt,
  };
}
