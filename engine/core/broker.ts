import { assert, assertNever } from "../base/assert.ts";
import type { Op } from "../base/units.ts";
import type { Command, OwnerId, SettleOutcome } from "./command.ts";
import { usualChunkSizes, type ChunkSizes } from "./chunk.ts";
import { Contents } from "./contents.ts";
import { partsOf } from "./composite.ts";
import { Groups, holderIn } from "./groups.ts";
import { durableKey, isSameDurable, type DurableSubscription } from "./durable.ts";
import { deadLetterQueue, destinationKey, isTopic, type Destination, type Message } from "./message.ts";
import type { BrokerObserver } from "./observer.ts";
import { Owners } from "./owner.ts";
import { ProducerLog } from "./producer-log.ts";
import { Queue, type DeadLetter, type QueuedMessage } from "./queue.ts";
import { Retained } from "./retained.ts";
import { Routing } from "./routing.ts";
import { compiledSelector, keptHead } from "./selection.ts";
import { Schedule } from "./schedule.ts";
import { sentMessage, type SentMessage } from "./transaction.ts";

/**
 * The replicated state machine: what both nodes hold in the same state. `apply` does what an admitted command says
 * (see admission.ts), deterministically, on either node. Contents of messages are not kept here: a
 * message is the journal entry that sent it (see contents.ts).
 */
export class Broker {
  readonly queues = new Map<string, Queue>();
  readonly durables = new Map<string, DurableSubscription>();
  readonly owners = new Owners();
  /**
   * Transactions that wait for the second half of a two-phase commit, each with the connection that prepared it. Their
   * work is held by an owner of the transaction's name, which outlives connections and brokers.
   */
  readonly prepared = new Map<string, OwnerId>();
  /** Temporary destinations whose broker went away before their client did. */
  readonly orphans = new Set<string>();
  readonly producers = new ProducerLog();
  readonly schedule = new Schedule();
  readonly groups = new Groups();
  readonly #routing = new Routing(this);
  readonly contents: Contents;
  readonly retained: Retained;
  observer: BrokerObserver | null = null;
  nextPosition = 1;
  nextQueueId = 1;
  /** Queues of the store that are no more, and their chunks. */
  readonly deletedQueues: number[] = [];
  readonly deletedChunks: number[] = [];
  /** Of this node's own store: the other's may cut its queues up in another way. */
  nextChunkId = 1;
  chunkSizes: ChunkSizes = usualChunkSizes;

  /** Contents of messages up to `checkpointOp` are kept outside the journal. */
  constructor(checkpointOp = 0 as Op) {
    this.contents = new Contents(checkpointOp);
    this.retained = new Retained(this.contents);
  }

  /** Total of messages in all queues, durable subscriptions included. */
  get storedCount(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += queue.depth;
    return count;
  }

  /** Does what entry `op` says. The command was admitted by the active node in this same state. */
  apply(op: Op, command: Command): void {
    switch (command.kind) {
      case "send":
        return this.#send(op, command.owner, command.message, command.transaction);
      case "deliver":
        return this.#deliver(command);
      case "settle":
        return this.#settle(command);
      case "begin":
        this.owners.of(command.owner).transactions.set(command.transaction, { sends: [], settlements: [] });
        return;
      case "finish":
        return this.#finish(command.owner, command.transaction, command.outcome);
      case "prepare":
        return this.#prepare(command.owner, command.transaction);
      case "finish-prepared":
        return this.#finishPrepared(command.transaction, command.outcome);
      case "release":
        this.#release(command.owner, command.subscription, command.unseen);
        return this.owners.forgetIfIdle(command.owner);
      case "redeliver":
        return this.owners.redeliver(command.owner, command.subscription, command.messages);
      case "leave":
        return this.#leave(command.owner, command.keepsTemporaries);
      case "create-durable":
        return this.#createDurable(command);
      case "delete-durable":
        return this.#deleteDurable(durableKey(command.clientId, command.name));
      case "create-temporary":
        return this.#createTemporary(command.owner, command.destination);
      case "delete-temporary":
        return this.#deleteTemporary(destinationKey(command.destination));
      case "create-queue":
        this.queueFor(command.destination);
        return;
      case "delete-queue":
        return this.#deleteQueue(destinationKey(command.destination));
      case "claim-groups":
        return this.groups.claim(command, this.owners.of(command.owner));
      case "forget-groups":
        return this.groups.dropAbsent();
      case "expire":
        return this.#expire(command.queue, command.messages);
      case "purge":
        return this.#purge(command.queue);
      case "schedule":
        return this.schedule.plan(command.job, command.dueAt);
      case "fire":
        return this.#fire(op, command);
      case "replay":
        this.contents.sent(op);
        this.#enqueue(this.#queue(command.queue), sentMessage(op, command.message, null), null);
        return this.contents.letGo(op);
      case "unschedule":
        for (const job of command.jobs) if (this.schedule.remove(job)) this.contents.letGo(job);
        return;
      default:
        return assertNever(command);
    }
  }

  /** The queue of this destination, made when it is first needed. */
  queueFor(destination: Destination): Queue {
    const key = destinationKey(destination);
    return this.queues.get(key) ?? this.#createQueue(key);
  }

  /** Puts a queue of a checkpoint back; its messages follow. */
  restoreQueue(key: string, id: number): Queue {
    const queue = new Queue(key, id);
    this.queues.set(key, queue);
    this.#routing.virtualTopics.add(queue);
    return queue;
  }

  #send(op: Op, owner: OwnerId, message: Message, transaction: string | null): void {
    const sent = sentMessage(op, message, transaction === null ? message : keptHead(message));
    this.contents.sent(op);
    if (transaction === null) this.#publish(sent, owner);
    else this.owners.transaction(owner, transaction).sends.push(sent);
  }

  #fire(op: Op, { job, next, message }: Extract<Command, { kind: "fire" }>): void {
    this.contents.sent(op);
    this.#publish(sentMessage(op, message, message), "");
    if (next !== null) return this.schedule.fired(job, next);
    if (this.schedule.remove(job)) this.contents.letGo(job);
  }

  /** Makes a sent message visible, and drops the sender's own reference to it. */
  #publish(sent: SentMessage, owner: OwnerId): void {
    if (sent.schedule !== null) {
      // The reference passes to the schedule.
      this.schedule.add(sent.op, sent.schedule);
      if (sent.origin !== null) this.producers.note(sent.origin);
      return;
    }
    for (const part of partsOf(sent.destination)) this.#publishTo(part, sent, owner);
    if (sent.origin !== null) this.producers.note(sent.origin);
    this.contents.letGo(sent.op);
  }

  #publishTo(destination: Destination, sent: SentMessage, owner: OwnerId): void {
    for (const queue of this.#routing.queuesFor(destination, sent, owner))
      // One that was sent to several destinations may come to the same queue by several ways.
      if (!queue.has(sent.op)) this.#enqueue(queue, sent, null);
    if (!isTopic(destination)) return;
    if (sent.retention !== null) this.retained[sent.retention](destinationKey(destination), sent.op);
    this.observer?.published(destination, sent, owner);
  }

  #enqueue(
    queue: Queue,
    sent: Pick<SentMessage, "op" | "priority" | "expiresAt" | "persistent" | "isGrouped">,
    deadLetter: DeadLetter | null,
  ): void {
    const { op, priority, expiresAt, persistent } = sent;
    if (sent.isGrouped) this.groups.queues.add(queue);
    this.contents.hold(op);
    const position = this.nextPosition++;
    const message: QueuedMessage = {
      op,
      position,
      priority,
      expiresAt,
      persistent,
      deadLetter,
      deliveryCount: 0,
      stored: false,
    };
    queue.push(message);
    this.observer?.available(queue, message);
  }

  #deliver(command: Extract<Command, { kind: "deliver" }>): void {
    const { owner: ownerId, subscription, messages, groups } = command;
    const queue = this.#queue(command.queue);
    const owner = this.owners.of(ownerId);
    let held = owner.held.get(subscription);
    if (held === undefined) owner.held.set(subscription, (held = new Map<Op, Queue>()));
    for (const op of messages) {
      queue.deliver(op, ownerId, subscription);
      held.set(op, queue);
    }
    if (groups !== undefined)
      this.groups.change(queue, holderIn(owner, ownerId, subscription, groups.consumer), groups.changes);
  }

  #settle(command: Extract<Command, { kind: "settle" }>): void {
    if (command.transaction !== null) {
      this.owners.transaction(command.owner, command.transaction).settlements.push(command);
      return;
    }
    this.#settleNow(command.owner, command.subscription, command.messages, command.outcome);
    this.owners.forgetIfIdle(command.owner);
  }

  #settleNow(ownerId: OwnerId, subscription: string, messages: readonly Op[], outcome: SettleOutcome): void {
    const owner = this.owners.of(ownerId);
    const held = owner.held.get(subscription);
    for (const op of messages) {
      const queue = held?.get(op);
      // Settled twice within one transaction: the first one counts.
      if (queue === undefined) continue;
      held?.delete(op);
      if (outcome === "released") this.#giveBack(queue, op);
      else if (outcome === "accepted") this.#discard(queue, op);
      else this.#deadLetter(queue, op, outcome);
    }
    if (held?.size === 0) owner.held.delete(subscription);
  }

  #giveBack(queue: Queue, op: Op): void {
    // Apart from the call: without an observer its arguments are not even evaluated.
    const message = queue.release(op);
    this.observer?.available(queue, message);
  }

  #discard(queue: Queue, op: Op): QueuedMessage {
    const message = queue.remove(op);
    this.contents.letGo(op);
    return message;
  }

  /** As ActiveMQ does by default: persistent messages go to the dead letter queue, others are dropped. */
  #deadLetter(queue: Queue, op: Op, cause: DeadLetter["cause"]): void {
    this.contents.hold(op);
    const message = this.#discard(queue, op);
    const target = this.queueFor(deadLetterQueue);
    if (message.persistent && target !== queue && !target.has(op)) {
      this.#enqueue(
        target,
        { ...message, expiresAt: null, isGrouped: this.groups.queues.has(queue) },
        { from: queue.key, cause },
      );
    }
    this.contents.letGo(op);
  }

  #finish(ownerId: OwnerId, name: string, outcome: "commit" | "rollback", sender = ownerId): void {
    const owner = this.owners.of(ownerId);
    const transaction = this.owners.transaction(ownerId, name);
    owner.transactions.delete(name);
    if (outcome === "commit") {
      for (const { subscription, messages, outcome: settled } of transaction.settlements)
        this.#settleNow(ownerId, subscription, messages, settled);
      for (const sent of transaction.sends) this.#publish(sent, sender);
    } else {
      for (const sent of transaction.sends) this.contents.letGo(sent.op);
    }
    this.owners.forgetIfIdle(ownerId);
  }

  #prepare(ownerId: OwnerId, name: string): void {
    const transaction = this.owners.transaction(ownerId, name);
    this.owners.of(name).transactions.set(name, transaction);
    this.owners.get(ownerId)?.transactions.delete(name);
    for (const { subscription, messages } of transaction.settlements)
      this.owners.handOver(ownerId, name, subscription, messages);
    this.prepared.set(name, ownerId);
    this.owners.forgetIfIdle(ownerId);
  }

  /** After a rollback the connection that prepared it has the messages again, or is told to leave if it is no more. */
  #finishPrepared(name: string, outcome: "commit" | "rollback"): void {
    const preparer = this.prepared.get(name);
    assert(preparer !== undefined, `the journal names only prepared transactions, not ${name}`);
    this.prepared.delete(name);
    if (outcome === "rollback")
      for (const { subscription, messages } of this.owners.transaction(name, name).settlements)
        this.owners.handOver(name, preparer, subscription, messages);
    this.#finish(name, name, outcome, preparer);
  }

  #release(ownerId: OwnerId, subscription: string, unseen: readonly Op[]): void {
    const owner = this.owners.get(ownerId);
    if (owner === undefined) return;
    this.groups.drop(owner.groups.get(subscription));
    owner.groups.delete(subscription);
    const held = owner.held.get(subscription);
    if (held === undefined) return;
    owner.held.delete(subscription);
    for (const op of unseen) held.get(op)?.countDelivery(op, -1);
    for (const [op, queue] of held) this.#giveBack(queue, op);
  }

  #leave(ownerId: OwnerId, keepsTemporaries: boolean): void {
    const owner = this.owners.get(ownerId);
    if (owner === undefined) return;
    for (const transaction of owner.transactions.values())
      for (const sent of transaction.sends) this.contents.letGo(sent.op);
    this.groups.leave(owner, keepsTemporaries);
    for (const subscription of [...owner.held.keys()]) this.#release(ownerId, subscription, []);
    this.owners.delete(ownerId);
    for (const key of owner.temporaries)
      if (keepsTemporaries) this.orphans.add(key);
      else this.#deleteQueue(key);
  }

  #createTemporary(owner: OwnerId, destination: Destination): void {
    const key = destinationKey(destination);
    this.orphans.delete(key);
    this.owners.disown(key);
    this.owners.of(owner).temporaries.add(key);
    this.queueFor(destination);
  }

  #deleteTemporary(key: string): void {
    this.orphans.delete(key);
    this.owners.disown(key);
    this.#deleteQueue(key);
  }

  #createDurable(command: Extract<Command, { kind: "create-durable" }>): void {
    const { clientId, name, destination, selector, withoutFrom = null } = command;
    const key = durableKey(clientId, name);
    const existing = this.durables.get(key);
    if (existing !== undefined) {
      existing.withoutFrom = withoutFrom;
      if (isSameDurable(existing, command)) return;
      // [JMS 6.11.1] The same name with another topic or selector is a new subscription.
      this.#deleteDurable(key);
    }
    const queue = this.#createQueue(key);
    const made = { clientId, name, destination, queue, withoutFrom };
    this.durables.set(key, { ...made, selector: compiledSelector(selector) });
  }

  #deleteDurable(key: string): void {
    this.durables.delete(key);
    this.#deleteQueue(key);
  }

  #expire(queueKey: string, messages: readonly Op[]): void {
    const queue = this.#queue(queueKey);
    for (const op of messages)
      if (queue.has(op) && !queue.delivered.has(op)) this.#deadLetter(queue, op, "expired");
  }

  #purge(queueKey: string): void {
    const queue = this.#queue(queueKey);
    for (const op of queue.removeWaiting()) this.contents.letGo(op);
  }

  #createQueue(key: string): Queue {
    const queue = new Queue(key, this.nextQueueId++);
    this.queues.set(key, queue);
    this.#routing.virtualTopics.add(queue);
    this.observer?.queueCreated(queue);
    return queue;
  }

  #deleteQueue(key: string): void {
    this.retained.drop(key);
    const queue = this.queues.get(key);
    if (queue === undefined) return;
    for (const [op, { owner, subscription }] of queue.delivered)
      this.owners.get(owner)?.held.get(subscription)?.delete(op);
    for (const op of queue.removeWaiting()) this.contents.letGo(op);
    for (const op of [...queue.delivered.keys()]) this.#discard(queue, op);
    this.queues.delete(key);
    this.#routing.virtualTopics.remove(queue);
    this.groups.forget(queue);
    this.deletedQueues.push(queue.id);
    for (const { id } of queue.takeChunkChanges().emptied) this.deletedChunks.push(id);
    this.observer?.queueDeleted(queue);
  }

  #queue(key: string): Queue {
    const queue = this.queues.get(key);
    assert(queue !== undefined, `the journal names only queues that exist, not ${key}`);
    return queue;
  }
}
