import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import { advisoryTopic, isAdvisoryTopic, wantsTopic, type Advisory } from "../core/advisory.ts";
import { isComposite, partsOf } from "../core/composite.ts";
import type { SessionAnswer, SessionId, SubscriptionRequest } from "../core/dialogue.ts";
import { destinationKey, type Destination, type Message } from "../core/message.ts";
import { isPattern } from "../core/pattern.ts";
import { covers } from "../core/readers.ts";
import type { Queue } from "../core/queue.ts";

interface Connection {
  readonly name: string;
  readonly clientId: string | null;
}

interface Presence {
  readonly session: SessionId;
  readonly destination: Destination;
}

interface Consumer extends Presence {
  readonly request: SubscriptionRequest;
}

interface Producer extends Presence {
  readonly producer: string;
}

/**
 * Who wants to hear what becomes of connections, destinations and messages. Clients of JMS all do: they send a reply to a
 * temporary queue only if they have heard of it, so a new subscriber is told first what there is.
 */
export class Advisories {
  readonly #tell: (session: SessionId, answer: SessionAnswer) => void;
  readonly #content: (op: Op) => Message | null;
  /** Subscriptions to advisories, and all others. */
  readonly #watchers = new Map<string, Consumer>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #producers = new Map<string, Producer>();
  readonly #connections = new Map<SessionId, Connection>();
  /** Queues are known to the state; a topic is there once somebody used it. */
  readonly #topics = new Map<string, Destination>();
  #waiting: { readonly watcher: Consumer; readonly advisory: Advisory }[] = [];

  constructor(
    tell: (session: SessionId, answer: SessionAnswer) => void,
    content: (op: Op) => Message | null,
  ) {
    this.#tell = tell;
    this.#content = content;
  }

  connected(session: SessionId, name: string, clientId: string | null): void {
    if (this.#connections.get(session)?.name === name) return;
    this.#connections.set(session, { name, clientId });
    this.#note("connection", null, () => ({
      kind: "connection",
      change: "added",
      connection: name,
      clientId,
    }));
  }

  destination(change: "added" | "removed", destination: Destination): void {
    this.#note("destination", destination, () => ({ kind: "destination", change, destination }));
  }

  /** Somebody uses this destination; of topics that is when they come into being. */
  used(destination: Destination): void {
    if (isComposite(destination)) for (const part of partsOf(destination)) this.#usedAlone(part);
    else this.#usedAlone(destination);
  }

  #usedAlone(destination: Destination): void {
    if (destination.kind !== "topic" || this.#topics.has(destination.name)) return;
    if (isPattern(destination.name) || this.#topics.size >= limits.topicsToldOfMax) return;
    this.#topics.set(destination.name, destination);
    this.destination("added", destination);
  }

  /** It is about to be removed; throws DESTINATION_IN_USE. Of a queue the state itself says so. */
  removing(destination: Destination): void {
    if (countFor(destination, this.#consumers.values()) > 0)
      throw new BrokerError("DESTINATION_IN_USE", { destination: destinationKey(destination) });
    if (destination.kind === "topic" && this.#topics.delete(destination.name))
      this.destination("removed", destination);
  }

  /** Whether the subscription was to advisories, and is done with that. */
  watch(session: SessionId, request: SubscriptionRequest, queues: Iterable<Queue>): boolean {
    const { destination, subscription } = request;
    if (!isAdvisoryTopic(destination)) return false;
    const watcher = { session, request, destination };
    this.#watchers.set(keyOf(session, subscription), watcher);
    for (const { topic, advisory } of this.#present(queues))
      if (wantsTopic(destination, topic)) this.#waiting.push({ watcher, advisory: advisory() });
    return true;
  }

  subscribed(session: SessionId, request: SubscriptionRequest): void {
    const consumer = { session, request, destination: request.destination };
    this.used(request.destination);
    this.#consumers.set(keyOf(session, request.subscription), consumer);
    this.#noteConsumer("added", consumer);
  }

  /** Whether the subscription was to advisories, and that was all there was to it. */
  unsubscribed(session: SessionId, subscription: string): boolean {
    const key = keyOf(session, subscription);
    const consumer = this.#consumers.get(key);
    if (consumer === undefined) return this.#watchers.delete(key);
    this.#consumers.delete(key);
    this.#noteConsumer("removed", consumer);
    return false;
  }

  /** More waits for this subscriber of a topic than it will soon take. */
  fellBehind({ session, request }: Omit<Consumer, "destination">, destination: Destination): void {
    const connection = this.#connectionName(session);
    this.#note("slow-consumer", destination, () => ({
      kind: "slow-consumer",
      destination,
      request,
      connection,
    }));
  }

  produces(session: SessionId, producer: string, destination: Destination): void {
    const entry = { session, producer, destination };
    this.used(destination);
    this.#producers.set(keyOf(session, producer), entry);
    this.#noteProducer("added", entry);
  }

  stopsProducing(session: SessionId, producer: string): void {
    const key = keyOf(session, producer);
    const entry = this.#producers.get(key);
    if (entry === undefined) return;
    this.#producers.delete(key);
    this.#noteProducer("removed", entry);
  }

  /** These are about to leave their queue, the persistent ones for the dead letter queue. */
  dying(queue: Queue | undefined, ops: readonly Op[], cause: "rejected" | "expired"): void {
    if (this.#watchers.size === 0) return;
    for (const op of ops) {
      const destination = queue?.destination ?? this.#content(op)?.destination;
      if (destination === undefined) continue;
      const isDeadLetter = queue?.get(op)?.persistent === true;
      if (cause === "expired") this.#noteMessage("expired", destination, op);
      if (isDeadLetter) this.#noteMessage("dead-lettered", destination, op);
    }
  }

  left(session: SessionId): void {
    for (const [key, { session: of }] of this.#watchers) if (of === session) this.#watchers.delete(key);
    for (const { session: of, request } of [...this.#consumers.values()])
      if (of === session) this.unsubscribed(session, request.subscription);
    for (const { session: of, producer } of [...this.#producers.values()])
      if (of === session) this.stopsProducing(session, producer);
    const connection = this.#connections.get(session);
    if (connection === undefined) return;
    this.#connections.delete(session);
    const { name, clientId } = connection;
    this.#note("connection", null, () => ({
      kind: "connection",
      change: "removed",
      connection: name,
      clientId,
    }));
  }

  /** Tells what was noted, now that the entries that did it are in the journal. */
  tell(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { watcher, advisory } of waiting)
      this.#tell(watcher.session, {
        kind: "advise",
        subscription: watcher.request.subscription,
        advisory,
      });
  }

  #note(kind: Advisory["kind"], destination: Destination | null, advisory: () => Advisory | null): void {
    if (this.#watchers.size === 0) return;
    const topic = advisoryTopic(kind, destination);
    const watchers = [...this.#watchers.values()].filter((watcher) => wantsTopic(watcher.destination, topic));
    const told = watchers.length === 0 ? null : advisory();
    if (told !== null) for (const watcher of watchers) this.#waiting.push({ watcher, advisory: told });
  }

  #noteMessage(kind: "expired" | "dead-lettered", destination: Destination, id: Op): void {
    this.#note(kind, destination, () => {
      const message = this.#content(id);
      return message === null ? null : { kind, destination, id, message };
    });
  }

  #noteConsumer(change: "added" | "removed", consumer: Consumer): void {
    for (const destination of partsOf(consumer.destination))
      this.#note("consumer", destination, () => this.#consumerAdvisory(change, consumer, destination));
  }

  #consumerAdvisory(change: "added" | "removed", consumer: Consumer, destination: Destination): Advisory {
    const { session, request } = consumer;
    return {
      kind: "consumer",
      change,
      destination,
      request,
      connection: this.#connectionName(session),
      count: countFor(destination, this.#consumers.values()),
    };
  }

  #connectionName(session: SessionId): string {
    return this.#connections.get(session)?.name ?? `c${session}`;
  }

  #noteProducer(change: "added" | "removed", entry: Producer): void {
    for (const destination of partsOf(entry.destination))
      this.#note("producer", destination, () => this.#producerAdvisory(change, { ...entry, destination }));
  }

  #producerAdvisory(change: "added" | "removed", { producer, destination }: Producer): Advisory {
    const count = countFor(destination, this.#producers.values());
    return { kind: "producer", change, destination, producer, count };
  }

  /** All that a new watcher may have missed. */
  *#present(queues: Iterable<Queue>): Generator<{ topic: Destination; advisory: () => Advisory }> {
    for (const { name, clientId } of this.#connections.values())
      yield {
        topic: advisoryTopic("connection", null),
        advisory: () => ({ kind: "connection", change: "added", connection: name, clientId }),
      };
    const queueDestinations = [...queues].map(({ destination }) => destination).filter((one) => one !== null);
    for (const destination of [...queueDestinations, ...this.#topics.values()])
      yield {
        topic: advisoryTopic("destination", destination),
        advisory: () => ({ kind: "destination", change: "added", destination }),
      };
    for (const consumer of this.#consumers.values())
      for (const destination of partsOf(consumer.destination))
        yield {
          topic: advisoryTopic("consumer", destination),
          advisory: () => this.#consumerAdvisory("added", consumer, destination),
        };
    for (const producer of this.#producers.values())
      for (const destination of partsOf(producer.destination))
        yield {
          topic: advisoryTopic("producer", destination),
          advisory: () => this.#producerAdvisory("added", { ...producer, destination }),
        };
  }
}

function countFor(destination: Destination, present: Iterable<Presence>): number {
  let count = 0;
  for (const { destination: other } of present) if (covers(other, destinationKey(destination))) count += 1;
  return count;
}

function keyOf(session: SessionId, name: string): string {
  return `${session} ${name}`;
}
