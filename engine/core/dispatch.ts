import { assert } from "../base/assert.ts";
import type { Op, WallTime } from "../base/units.ts";
import type { Broker, BrokerObserver } from "./broker.ts";
import { durableKey, isTemporary } from "./broker.ts";
import type { Command, OwnerId } from "./command.ts";
import type { SessionId, SubscriptionRequest } from "./dialogue.ts";
import { ExpiryHeap } from "./expiry.ts";
import { destinationKey, type Destination } from "./message.ts";
import { matchesPattern } from "./pattern.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import type { SentMessage } from "./transaction.ts";

/** A subscription of a connected client. */
export interface Consumer {
  readonly session: SessionId;
  readonly owner: OwnerId;
  readonly request: SubscriptionRequest;
  /** Queues it reads: one, or those that match its pattern so far. */
  readonly sources: Set<Queue>;
  /** Handed out and not settled. */
  outstandingCount: number;
  /** Of a volatile subscription: messages that wait for credit, and those in the client's hands. */
  readonly pending: Op[];
  readonly inHand: Set<Op>;
  /** Deliveries that gave their room back before they were settled. */
  readonly extended: Set<Op>;
  /** Without a prefetch: what it may get now. */
  pulledCount: number;
  /** A browser that has not been told yet that it has seen all. */
  isBrowsing: boolean;
}

/** A message on its way to a subscriber that the state does not know; `null`: a browser has seen all. */
export interface VolatileDelivery {
  readonly consumer: Consumer;
  readonly op: Op | null;
}

/**
 * Who gets what now. It lives only on the active node and is built anew after a promotion: clients subscribe again.
 * Queues and durable subscriptions hand out through `deliver` commands, which are mirrored; subscribers of a topic
 * without a durable name get theirs directly, as what they miss is nobody's.
 */
export class Dispatcher implements BrokerObserver {
  readonly #broker: Broker;
  readonly #consumers = new Map<SessionId, Map<string, Consumer>>();
  readonly #byQueue = new Map<Queue, Consumer[]>();
  readonly #topicConsumers = new Set<Consumer>();
  readonly #throttled = new Set<SessionId>();
  /** Queues that may have something to hand out. */
  readonly #ready = new Set<Queue>();
  readonly #expiries = new ExpiryHeap();
  #volatileDeliveries: VolatileDelivery[] = [];

  constructor(broker: Broker) {
    this.#broker = broker;
    for (const queue of broker.queues.values()) {
      this.#ready.add(queue);
      for (const message of queue.inOrder()) this.#watchExpiry(queue, message);
    }
  }

  consumer(session: SessionId, subscription: string): Consumer | undefined {
    return this.#consumers.get(session)?.get(subscription);
  }

  consumersOf(session: SessionId): IterableIterator<Consumer> {
    return (this.#consumers.get(session) ?? new Map<string, Consumer>()).values();
  }

  consumerCount(queue: Queue): number {
    return this.#byQueue.get(queue)?.length ?? 0;
  }

  /** The session that uses this durable subscription now. */
  durableUser(clientId: string, name: string): SessionId | undefined {
    const queue = this.#broker.queues.get(durableKey(clientId, name));
    return queue === undefined ? undefined : this.#byQueue.get(queue)?.[0]?.session;
  }

  add(session: SessionId, owner: OwnerId, request: SubscriptionRequest): void {
    const consumer: Consumer = {
      session,
      owner,
      request,
      sources: new Set(),
      outstandingCount: 0,
      pending: [],
      inHand: new Set(),
      extended: new Set(),
      pulledCount: 0,
      isBrowsing: request.browser,
    };
    let ofSession = this.#consumers.get(session);
    if (ofSession === undefined) this.#consumers.set(session, (ofSession = new Map<string, Consumer>()));
    ofSession.set(request.subscription, consumer);
    if (request.browser) return this.#browse(consumer);
    if (isVolatile(request)) {
      this.#topicConsumers.add(consumer);
      return;
    }
    for (const queue of this.#broker.queues.values())
      if (reads(request, queue)) this.#attach(consumer, queue);
  }

  remove(session: SessionId, subscription: string): void {
    const consumer = this.consumer(session, subscription);
    if (consumer === undefined) return;
    this.#consumers.get(session)?.delete(subscription);
    this.#topicConsumers.delete(consumer);
    for (const op of [...consumer.pending, ...consumer.inHand]) this.#broker.contents.letGo(op);
    for (const queue of consumer.sources) {
      const others = (this.#byQueue.get(queue) ?? []).filter((other) => other !== consumer);
      if (others.length === 0) this.#byQueue.delete(queue);
      else this.#byQueue.set(queue, others);
      this.#ready.add(queue);
    }
  }

  removeSession(session: SessionId): void {
    for (const subscription of [...(this.#consumers.get(session)?.keys() ?? [])])
      this.remove(session, subscription);
    this.#consumers.delete(session);
    this.#throttled.delete(session);
  }

  /** The consumer is done with these; returns how many of them had taken up room until now. */
  settled(consumer: Consumer, ops: readonly Op[]): number {
    let count = ops.length;
    if (consumer.extended.size > 0) for (const op of ops) if (consumer.extended.delete(op)) count -= 1;
    this.credit(consumer, count);
    return count;
  }

  /** These take up no room any more, settled or not. */
  extend(consumer: Consumer, ops: readonly Op[]): void {
    let count = 0;
    for (const op of ops) {
      if (consumer.extended.has(op)) continue;
      consumer.extended.add(op);
      count += 1;
    }
    this.credit(consumer, count);
  }

  /** Hands out up to `count` messages to a consumer without a prefetch. */
  pull(consumer: Consumer, count: number): void {
    consumer.pulledCount = count;
    this.#wake(consumer);
  }

  /** The consumer is done with so many messages, or (negative) got them back by a rollback. */
  credit(consumer: Consumer, count: number): void {
    consumer.outstandingCount -= count;
    this.#wake(consumer);
  }

  /** Settles deliveries of a topic subscriber; all of them are in its hands. */
  settleVolatile(consumer: Consumer, ops: readonly Op[]): void {
    assert(
      ops.every((op) => consumer.inHand.has(op)),
      "only what is in its hands is settled",
    );
    for (const op of ops) {
      consumer.inHand.delete(op);
      this.#broker.contents.letGo(op);
    }
    this.settled(consumer, ops);
  }

  /** Stops or resumes handing out to a connection whose client reads too slowly. */
  throttle(session: SessionId, on: boolean): void {
    if (on) this.#throttled.add(session);
    else this.#throttled.delete(session);
    if (!on) for (const consumer of this.consumersOf(session)) this.#wake(consumer);
  }

  /** Orders all deliveries and expiries that can be made now. */
  run(now: WallTime, order: (command: Command) => void): void {
    for (let due = this.#expiries.takeDue(now); due !== undefined; due = this.#expiries.takeDue(now))
      if (this.#broker.queues.get(due.queue.key)?.has(due.op) === true && !due.queue.delivered.has(due.op))
        order({ kind: "expire", queue: due.queue.key, messages: [due.op] });
    for (const queue of this.#ready) {
      this.#ready.delete(queue);
      const commands = this.#share(queue, now);
      for (const command of commands) order(command);
      // Those served may have had less room than there was to hand out, and others of a lower priority still have some.
      if (commands.length > 0 && queue.waitingCount > 0) this.#ready.add(queue);
    }
  }

  /** Messages for topic subscribers and browsers since the last call. */
  takeVolatileDeliveries(): readonly VolatileDelivery[] {
    const deliveries = this.#volatileDeliveries;
    this.#volatileDeliveries = [];
    return deliveries;
  }

  available(queue: Queue, message: QueuedMessage): void {
    this.#ready.add(queue);
    this.#watchExpiry(queue, message);
  }

  queueCreated(queue: Queue): void {
    for (const consumers of this.#consumers.values())
      for (const consumer of consumers.values())
        if (!isVolatile(consumer.request) && reads(consumer.request, queue)) this.#attach(consumer, queue);
  }

  queueDeleted(queue: Queue): void {
    for (const consumer of this.#byQueue.get(queue) ?? []) consumer.sources.delete(queue);
    this.#byQueue.delete(queue);
    this.#ready.delete(queue);
  }

  published(sent: SentMessage, owner: OwnerId): void {
    for (const consumer of this.#topicConsumers) {
      const { destination, noLocal } = consumer.request;
      if (
        destination.kind !== sent.destination.kind ||
        !matchesPattern(destination.name, sent.destination.name)
      )
        continue;
      if (noLocal && consumer.owner === owner) continue;
      this.#broker.contents.hold(sent.op);
      consumer.pending.push(sent.op);
      this.#pump(consumer);
    }
  }

  /** A browser sees what waits now, in the order in which it would be handed out. */
  #browse(consumer: Consumer): void {
    for (const queue of this.#broker.queues.values()) {
      if (!reads(consumer.request, queue)) continue;
      for (const { op } of queue.next(queue.waitingCount)) {
        this.#broker.contents.hold(op);
        consumer.pending.push(op);
      }
    }
    this.#pump(consumer);
  }

  #attach(consumer: Consumer, queue: Queue): void {
    const consumers = this.#byQueue.get(queue) ?? [];
    this.#byQueue.set(queue, consumers);
    consumers.push(consumer);
    consumer.sources.add(queue);
    consumers.sort((one, other) => other.request.consumerPriority - one.request.consumerPriority);
    this.#ready.add(queue);
  }

  #wake(consumer: Consumer): void {
    if (isVolatile(consumer.request)) return this.#pump(consumer);
    for (const queue of consumer.sources) if (queue.waitingCount > 0) this.#ready.add(queue);
  }

  #pump(consumer: Consumer): void {
    const count = this.#creditOf(consumer);
    for (const op of consumer.pending.splice(0, count)) {
      consumer.inHand.add(op);
      this.#handOut(consumer);
      this.#volatileDeliveries.push({ consumer, op });
    }
    if (!consumer.isBrowsing || consumer.pending.length > 0) return;
    consumer.isBrowsing = false;
    this.#volatileDeliveries.push({ consumer, op: null });
  }

  #handOut(consumer: Consumer): void {
    consumer.outstandingCount += 1;
    if (consumer.pulledCount > 0) consumer.pulledCount -= 1;
  }

  #creditOf(consumer: Consumer): number {
    if (this.#throttled.has(consumer.session)) return 0;
    const { prefetchCount } = consumer.request;
    return prefetchCount === 0
      ? consumer.pulledCount
      : Math.max(0, prefetchCount - consumer.outstandingCount);
  }

  /** Shares out what waits on a queue: in turn among the consumers of the highest priority that have credit. */
  #share(queue: Queue, now: WallTime): Command[] {
    const consumers = this.#eligible(queue);
    const credit = consumers.reduce((sum, consumer) => sum + this.#creditOf(consumer), 0);
    if (credit === 0 || queue.waitingCount === 0) return [];
    const shares = new Map<Consumer, Op[]>();
    const expired: Op[] = [];
    let turn = 0;
    for (const message of queue.next(credit)) {
      if (message.expiresAt !== null && message.expiresAt <= now) {
        expired.push(message.op);
        continue;
      }
      while (this.#creditOf(consumers[turn % consumers.length]!) === 0) turn += 1;
      const consumer = consumers[turn % consumers.length]!;
      turn += 1;
      this.#handOut(consumer);
      const share = shares.get(consumer);
      if (share === undefined) shares.set(consumer, [message.op]);
      else share.push(message.op);
    }
    this.#rotate(queue, turn);
    const commands: Command[] = [];
    if (expired.length > 0) {
      commands.push({ kind: "expire", queue: queue.key, messages: expired });
      this.#ready.add(queue);
    }
    for (const [{ owner, request }, messages] of shares)
      commands.push({
        kind: "deliver",
        owner,
        subscription: request.subscription,
        queue: queue.key,
        messages,
      });
    return commands;
  }

  /** Consumers that may get something: the first exclusive one alone, else those of the highest priority that has credit. */
  #eligible(queue: Queue): readonly Consumer[] {
    const consumers = this.#byQueue.get(queue) ?? [];
    const exclusive = consumers.find((consumer) => consumer.request.exclusive);
    if (exclusive !== undefined) return [exclusive];
    const first = consumers.find((consumer) => this.#creditOf(consumer) > 0);
    return first === undefined
      ? []
      : consumers.filter((one) => one.request.consumerPriority === first.request.consumerPriority);
  }

  /** The consumer after the last one served begins the next round. */
  #rotate(queue: Queue, turns: number): void {
    const consumers = this.#byQueue.get(queue);
    if (consumers === undefined || consumers.length < 2) return;
    const sameLevel = consumers.every(
      (consumer) => consumer.request.consumerPriority === consumers[0]?.request.consumerPriority,
    );
    if (sameLevel) consumers.push(...consumers.splice(0, turns % consumers.length));
  }

  #watchExpiry(queue: Queue, message: QueuedMessage): void {
    if (message.expiresAt !== null) this.#expiries.add({ at: message.expiresAt, queue, op: message.op });
  }
}

/** A subscription that takes nothing off a queue and leaves no trace when its client goes: of a topic, or a browser. */
export function isVolatile(request: SubscriptionRequest): boolean {
  return request.browser || (request.durable === null && isTopic(request.destination));
}

export function isTopic(destination: Destination): boolean {
  return destination.kind === "topic" || destination.kind === "temp-topic";
}

function reads({ destination, durable }: SubscriptionRequest, queue: Queue): boolean {
  if (durable !== null) return queue.key === durableKey(durable.clientId, durable.name);
  if (isTemporary(destination)) return queue.key === destinationKey(destination);
  return (
    queue.key.startsWith("queue://") && matchesPattern(destination.name, queue.key.slice("queue://".length))
  );
}
