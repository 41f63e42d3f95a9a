import type { Op, WallTime } from "../base/units.ts";
import type { Broker } from "./broker.ts";
import type { BrokerObserver } from "./observer.ts";
import type { Command, OwnerId } from "./command.ts";
import { isVolatile, newConsumer, type Consumer } from "./consumer.ts";
import { Copies } from "./copies.ts";
import type { SessionId, SubscriptionRequest } from "./dialogue.ts";
import { durableKey } from "./durable.ts";
import { DueHeap, type Expiry } from "./expiry.ts";
import type { Destination } from "./message.ts";
import { Grouping } from "./grouping.ts";
import { Outlets } from "./outlet.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import { partRead, queuesRead, Readers } from "./readers.ts";
import { Sharing } from "./sharing.ts";
import { Sieves, type ReadMessage } from "./sieves.ts";
import { hasCaughtUp, isLeftBehind } from "./slowness.ts";
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
  /** Queues that may have something to hand out. */
  readonly #ready = new Set<Queue>();
  readonly #expiries = new DueHeap<Expiry>();
  readonly #read: ReadMessage;
  readonly #sieves: Sieves;
  readonly #sharing: Sharing;
  /** Queues with messages that selectors have not looked at yet. */
  readonly #unsifted = new Set<Queue>();
  #budget = newTurnBudget();
  readonly outlets: Outlets;
  readonly copies: Copies;

  /** `sizeOf` tells about how many bytes a message takes. */
  constructor(broker: Broker, read: ReadMessage, sizeOf: (op: Op) => number) {
    this.#broker = broker;
    this.outlets = new Outlets(sizeOf);
    this.#read = read;
    this.copies = new Copies(broker, read);
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
    if (request.browser) return this.copies.browse(consumer);
    if (isVolatile(request)) return this.copies.subscribe(consumer);
    this.#queueReaders.add(consumer);
    for (const queue of queuesRead(request, this.#broker.queues)) this.#attach(consumer, queue);
  }

  remove(session: SessionId, subscription: string): void {
    const consumer = this.consumer(session, subscription);
    if (consumer === undefined) return;
    this.#consumers.get(session)?.delete(subscription);
    this.#queueReaders.remove(consumer);
    this.copies.remove(consumer);
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
    this.copies.settled(consumer, ops);
    this.settled(consumer, ops);
  }

  /** Groups that waited for their consumers are others' now. */
  groupsForgotten(): void {
    for (const queue of this.#broker.groups.queues) this.#ready.add(queue);
  }

  /** Whether there was more to do than one turn had time for. */
  get isBehind(): boolean {
    const { looks, expiries, deliveries, copies } = this.#budget;
    const isWaiting = this.#unsifted.size > 0 || this.copies.isBehind;
    return expiries <= 0 || deliveries <= 0 || ((looks <= 0 || copies <= 0) && isWaiting);
  }

  /** Orders the deliveries and expiries that can be made now. */
  run(now: WallTime, order: (command: Command) => void): void {
    this.#budget = newTurnBudget();
    for (const queue of this.#unsifted) this.#ready.add(queue);
    this.#unsifted.clear();
    for (const session of this.outlets.takeReopened())
      for (const consumer of this.consumersOf(session)) this.#wake(consumer);
    this.copies.run(this.#budget, this.onSlow);
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
    this.copies.published(topic, sent, owner);
  }

  #attach(consumer: Consumer, queue: Queue): void {
    this.#sharing.join(consumer, queue);
    this.#ready.add(queue);
  }

  #wake(consumer: Consumer): void {
    if (isVolatile(consumer.request)) return this.copies.wake(consumer);
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

  #watchExpiry(queue: Queue, message: QueuedMessage): void {
    if (message.expiresAt !== null) this.#expiries.add({ at: message.expiresAt, queue, op: message.op });
  }
}
