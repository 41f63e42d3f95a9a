import { assert } from "../base/assert.ts";
import type { Op, WallTime } from "../base/units.ts";
import { Backlogs } from "./backlog.ts";
import type { Broker } from "./broker.ts";
import type { BrokerObserver } from "./observer.ts";
import type { Command, OwnerId } from "./command.ts";
import {
  creditOf,
  isVolatile,
  newConsumer,
  takeRoom,
  type Consumer,
  type VolatileDelivery,
} from "./consumer.ts";
import type { SessionId, SubscriptionRequest } from "./dialogue.ts";
import { durableKey } from "./durable.ts";
import { DueHeap, type Expiry } from "./expiry.ts";
import { isComposite } from "./composite.ts";
import { destinationKey, type Destination, type MessageHead } from "./message.ts";
import { Grouping } from "./grouping.ts";
import { Outlets } from "./outlet.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import { covers, keysOf, partRead, Readers } from "./readers.ts";
import { selects, viewOf } from "./selection.ts";
import { Sharing } from "./sharing.ts";
import { Sieves, type ReadMessage } from "./sieves.ts";
import { hasCaughtUp, hasFallenBehind, isLeftBehind } from "./slowness.ts";
import type { SentMessage } from "./transaction.ts";
import { newTurnBudget } from "./turn-budget.ts";

/**
 * Who gets what now. It lives only on the active node and is built anew after a promotion: clients subscribe again.
 * Queues and durable subscriptions hand out through `deliver` commands, which are mirrored; subscribers of a topic
 * without a durable name get theirs directly, as what they miss is nobody's.
 */
export class Dispatcher implements BrokerObserver {
  /** Told of queues that come and go. */
  onQueue: (change: "added" | "removed", queue: Queue) => void = () => undefined;
  /** Told of consumers that stop keeping up, and of the queue or topic that showed it. */
  onSlow: (consumer: Consumer, destination: Destination) => void = () => undefined;
  readonly #broker: Broker;
  readonly #consumers = new Map<SessionId, Map<string, Consumer>>();
  readonly #queueReaders = new Readers();
  readonly #topicReaders = new Readers();
  /** Queues that may have something to hand out. */
  readonly #ready = new Set<Queue>();
  readonly #expiries = new DueHeap<Expiry>();
  #volatileDeliveries: VolatileDelivery[] = [];
  readonly #read: ReadMessage;
  readonly #sieves: Sieves;
  readonly #sharing: Sharing;
  /** Queues with messages that selectors have not looked at yet. */
  readonly #unsifted = new Set<Queue>();
  readonly #unsiftedBrowsers = new Set<Consumer>();
  #budget = newTurnBudget();
  readonly outlets: Outlets;
  readonly backlogs = new Backlogs();

  /** `sizeOf` tells about how many bytes a message takes. */
  constructor(broker: Broker, read: ReadMessage, sizeOf: (op: Op) => number) {
    this.#broker = broker;
    this.outlets = new Outlets(sizeOf);
    this.#read = read;
    this.#sieves = new Sieves(read);
    this.#sharing = new Sharing(
      this.#sieves,
      new Grouping(broker.groups, broker.owners, read),
      broker.owners,
    );
    for (const queue of broker.queues.values()) {
      this.#ready.add(queue);
      for (const message of queue.expiring()) this.#watchExpiry(queue, message);
    }
  }

  consumer(session: SessionId, subscription: string): Consumer | undefined {
    return this.#consumers.get(session)?.get(subscription);
  }

  consumersOf(session: SessionId): IterableIterator<Consumer> {
    return (this.#consumers.get(session) ?? new Map<string, Consumer>()).values();
  }

  consumerCount(queue: Queue): number {
    return this.#sharing.consumersOf(queue).length;
  }

  /** The session that uses this durable subscription now. */
  durableUser(clientId: string, name: string): SessionId | undefined {
    const queue = this.#broker.queues.get(durableKey(clientId, name));
    return queue === undefined ? undefined : this.#sharing.consumersOf(queue)[0]?.session;
  }

  add(session: SessionId, owner: OwnerId, request: SubscriptionRequest): void {
    const consumer = newConsumer(session, owner, request, this.outlets.of(session));
    let ofSession = this.#consumers.get(session);
    if (ofSession === undefined) this.#consumers.set(session, (ofSession = new Map<string, Consumer>()));
    ofSession.set(request.subscription, consumer);
    if (request.browser) return this.#browse(consumer);
    if (isVolatile(request)) {
      this.#topicReaders.add(consumer);
      return;
    }
    this.#queueReaders.add(consumer);
    for (const queue of this.#queuesOf(request)) this.#attach(consumer, queue);
  }

  remove(session: SessionId, subscription: string): void {
    const consumer = this.consumer(session, subscription);
    if (consumer === undefined) return;
    this.#consumers.get(session)?.delete(subscription);
    this.#topicReaders.remove(consumer);
    this.#queueReaders.remove(consumer);
    this.#unsiftedBrowsers.delete(consumer);
    for (const op of [...consumer.pending, ...consumer.inHand]) this.#broker.contents.letGo(op);
    for (const queue of consumer.sources) {
      this.#sharing.leave(consumer, queue);
      this.#ready.add(queue);
    }
  }

  removeSession(session: SessionId): void {
    for (const subscription of [...(this.#consumers.get(session)?.keys() ?? [])])
      this.remove(session, subscription);
    this.#consumers.delete(session);
    this.outlets.close(session);
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

  setPrefetch(consumer: Consumer, count: number): void {
    consumer.prefetchCount = count;
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

  /** Groups that waited for their consumers are others' now. */
  groupsForgotten(): void {
    for (const queue of this.#broker.groups.queues) this.#ready.add(queue);
  }

  /** Whether there was more to do than one turn had time for. */
  get isBehind(): boolean {
    const { looks, expiries, deliveries } = this.#budget;
    const isUnsifted = this.#unsifted.size + this.#unsiftedBrowsers.size > 0;
    return expiries <= 0 || deliveries <= 0 || (looks <= 0 && isUnsifted);
  }

  /** Orders the deliveries and expiries that can be made now. */
  run(now: WallTime, order: (command: Command) => void): void {
    this.#budget = newTurnBudget();
    for (const queue of this.#unsifted) this.#ready.add(queue);
    this.#unsifted.clear();
    const browsers = [...this.#unsiftedBrowsers];
    this.#unsiftedBrowsers.clear();
    for (const browser of browsers) this.#pump(browser);
    for (const session of this.outlets.takeReopened())
      for (const consumer of this.consumersOf(session)) this.#wake(consumer);
    for (const [queue, messages] of this.#takeExpired(now)) order({ kind: "expire", queue, messages });
    for (const queue of this.#ready) {
      if (this.#budget.deliveries <= 0) break;
      this.#ready.delete(queue);
      const { commands, hasExpired, isComplete } = this.#sharing.share(queue, now, this.#budget);
      for (const command of commands) {
        order(command);
        this.#budget.deliveries -= command.messages.length;
      }
      // Those served may have had less room than there was to hand out, and others of a lower priority still have some.
      if (hasExpired || (commands.length > 0 && queue.waitingCount > 0)) this.#ready.add(queue);
      else this.#noteSlow(queue);
      if (!isComplete) this.#unsifted.add(queue);
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
    this.#sieves.available(queue, message);
    this.#watchExpiry(queue, message);
  }

  queueCreated(queue: Queue): void {
    this.onQueue("added", queue);
    for (const consumer of this.#queueReaders.of(queue.key)) this.#attach(consumer, queue);
  }

  queueDeleted(queue: Queue): void {
    this.onQueue("removed", queue);
    this.#ready.delete(queue);
    this.#unsifted.delete(queue);
    this.#sharing.forget(queue);
  }

  published(topic: Destination, sent: SentMessage, owner: OwnerId): void {
    for (const consumer of this.#topicReaders.of(destinationKey(topic))) {
      const { noLocal } = consumer.request;
      if ((noLocal && consumer.owner === owner) || !selects(consumer.selector, sent)) continue;
      this.#hand(consumer, sent, topic);
      if (hasFallenBehind(consumer)) this.onSlow(consumer, topic);
    }
  }

  /** A message that the topic kept, to a subscriber that has just come. */
  replay(consumer: Consumer, op: Op, { destination }: MessageHead, topic: Destination): void {
    consumer.replayed.add(op);
    this.#hand(consumer, { op, destination }, topic);
  }

  #hand(
    consumer: Consumer,
    { op, destination }: Pick<SentMessage, "op" | "destination">,
    topic: Destination,
  ): void {
    this.#broker.contents.hold(op);
    if (isComposite(destination)) consumer.parts.set(op, [...(consumer.parts.get(op) ?? []), topic]);
    for (const discarded of this.backlogs.add(consumer, op)) {
      consumer.parts.delete(discarded);
      this.#broker.contents.letGo(discarded);
    }
    this.#pump(consumer);
  }

  /** A browser sees what waits now, and what others have in their hands, in the order in which it would be handed out. */
  #browse(consumer: Consumer): void {
    const seen = new Set<Op>();
    for (const queue of this.#queuesOf(consumer.request)) for (const { op } of queue.present()) seen.add(op);
    for (const op of seen) {
      this.#broker.contents.hold(op);
      consumer.pending.push(op);
    }
    this.#pump(consumer);
  }

  *#queuesOf(request: SubscriptionRequest): Generator<Queue> {
    const { queues } = this.#broker;
    const keys = keysOf(request);
    for (const key of keys ?? []) {
      const queue = queues.get(key);
      if (queue !== undefined) yield queue;
    }
    if (keys === null)
      for (const queue of queues.values()) if (covers(request.destination, queue.key)) yield queue;
  }

  #attach(consumer: Consumer, queue: Queue): void {
    this.#sharing.join(consumer, queue);
    this.#ready.add(queue);
  }

  #wake(consumer: Consumer): void {
    if (isVolatile(consumer.request)) return this.#pump(consumer);
    let isAwaited = false;
    for (const queue of consumer.sources)
      if (queue.waitingCount > 0) {
        this.#ready.add(queue);
        isAwaited = true;
      }
    if (!isAwaited) hasCaughtUp(consumer);
  }

  /** After all that could be was handed out. */
  #noteSlow(queue: Queue): void {
    for (const consumer of this.#sharing.consumersOf(queue))
      if (isLeftBehind(consumer, queue))
        this.onSlow(consumer, queue.destination ?? this.#topicOf(consumer, queue));
  }

  /** Of the topics of a durable subscription: the one that the next message was sent to. */
  #topicOf({ request }: Consumer, queue: Queue): Destination {
    const [next] = queue.next(1);
    const head = next === undefined ? null : this.#read(next.op);
    return head === null ? request.destination : partRead(request.destination, head.destination);
  }

  #pump(consumer: Consumer): void {
    const { pending, inHand } = consumer;
    let lookedCount = 0;
    for (; lookedCount < pending.length && creditOf(consumer) > 0; lookedCount += 1) {
      const op = pending[lookedCount]!;
      // It knows a message by one id, so a second copy waits until it is done with the first.
      if (inHand.has(op)) break;
      const isWanted = this.#isWanted(consumer, op);
      if (isWanted === null) break;
      if (isWanted) {
        inHand.add(op);
        takeRoom(consumer, op);
        this.#volatileDeliveries.push({ consumer, op, source: takePart(consumer, op) });
      } else this.#broker.contents.letGo(op);
    }
    pending.splice(0, lookedCount);
    if (!consumer.isBrowsing) return;
    if (consumer.pending.length > 0) {
      if (creditOf(consumer) > 0) this.#unsiftedBrowsers.add(consumer);
      return;
    }
    consumer.isBrowsing = false;
    this.#volatileDeliveries.push({ consumer, op: null, source: null });
  }

  /** What waits and is past its time, by queue. */
  #takeExpired(now: WallTime): ReadonlyMap<string, readonly Op[]> {
    const expired = new Map<string, Op[]>();
    for (; this.#budget.expiries > 0; this.#budget.expiries -= 1) {
      const due = this.#expiries.takeDue(now);
      if (due === undefined) return expired;
      const queue = this.#broker.queues.get(due.queue.key);
      if (queue?.has(due.op) !== true || queue.delivered.has(due.op)) continue;
      const ofQueue = expired.get(queue.key);
      if (ofQueue === undefined) expired.set(queue.key, [due.op]);
      else ofQueue.push(due.op);
    }
    return expired;
  }

  /** A browser's selector looks at a message only when there is room for it; `null`: it has no time for more in this turn. */
  #isWanted({ request, selector }: Consumer, op: Op): boolean | null {
    if (selector === null || !request.browser) return true;
    const head = this.#budget.looks > 0 ? this.#read(op) : null;
    if (head === null) return null;
    this.#budget.looks -= 1;
    const [queue] = this.#queuesOf(request);
    return selector.matches(viewOf(op, head, queue?.get(op)?.deliveryCount ?? 0));
  }

  #watchExpiry(queue: Queue, message: QueuedMessage): void {
    if (message.expiresAt !== null) this.#expiries.add({ at: message.expiresAt, queue, op: message.op });
  }
}

/** Of a message that was sent to several topics at once: the one that this copy was sent to. */
function takePart({ parts }: Consumer, op: Op): Destination | null {
  const left = parts.get(op);
  const part = left?.shift() ?? null;
  if (left?.length === 0) parts.delete(op);
  return part;
}
