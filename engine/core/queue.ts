import { assert } from "../base/assert.ts";
import type { Op, WallTime } from "../base/units.ts";
import type { OwnerId } from "./command.ts";
import { Line } from "./line.ts";
import { parseDestinationKey, type Destination } from "./message.ts";

/** Why a message lies in a dead letter queue, and where it came from. */
export interface DeadLetter {
  readonly from: string;
  readonly cause: "rejected" | "expired";
}

/** A message's place in one queue. Its content is the journal entry `op`. */
export interface QueuedMessage {
  readonly op: Op;
  /** Order within the queue: given when the message became visible, kept when it is handed out and comes back. */
  readonly position: number;
  readonly priority: number;
  readonly expiresAt: WallTime | null;
  readonly persistent: boolean;
  readonly deadLetter: DeadLetter | null;
  /** Times it was handed to a consumer, the present one included. */
  deliveryCount: number;
  /** Whether the last checkpoint knows it. */
  stored: boolean;
}

/** A message in a consumer's hands. */
export interface Delivery {
  readonly message: QueuedMessage;
  readonly owner: OwnerId;
  readonly subscription: string;
}

/**
 * One queue, or one durable subscription, which is a queue with a single reader. Waiting messages stand in ten lines,
 * one for each priority, each in the order of positions. New ones join at the end of their line; one that comes back
 * goes to the place it had, which is nearly always at the front, so it is kept in a short sorted list of its own.
 */
export class Queue {
  readonly key: string;
  /** `null` for a durable subscription. */
  readonly destination: Destination | null;
  /** Short name in the store. */
  readonly id: number;
  readonly delivered = new Map<Op, Delivery>();
  /** Messages whose stored row is missing or out of date. */
  readonly dirty = new Set<Op>();
  enqueuedCount = 0;
  dequeuedCount = 0;
  /** How many messages had come and gone at the last checkpoint, together; -1: it does not know the queue. */
  storedCount = -1;
  readonly #messages = new Map<Op, QueuedMessage>();
  readonly #lines: (Line | undefined)[] = [];
  #waitingCount = 0;

  constructor(key: string, id: number) {
    this.key = key;
    this.destination = key.startsWith("durable://") ? null : parseDestinationKey(key);
    this.id = id;
  }

  /** All messages, waiting and delivered. */
  get depth(): number {
    return this.#messages.size;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  get(op: Op): QueuedMessage | undefined {
    return this.#messages.get(op);
  }

  has(op: Op): boolean {
    return this.#messages.has(op);
  }

  push(message: QueuedMessage): void {
    assert(!this.#messages.has(message.op), "a message is in a queue at most once");
    this.#messages.set(message.op, message);
    this.#line(message.priority).push(message);
    this.#waitingCount += 1;
    this.enqueuedCount += 1;
    this.dirty.add(message.op);
  }

  /** The next messages to hand out, at most `countMax`: the highest priority first, then the lowest position. */
  next(countMax: number): QueuedMessage[] {
    const found: QueuedMessage[] = [];
    for (let priority = 9; priority >= 0 && found.length < countMax; priority -= 1)
      this.#lines[priority]?.collect(found, countMax, this.isWaiting);
    return found;
  }

  /** All that wait or are in somebody's hands, in the order in which they are, or were, to be handed out. */
  present(): QueuedMessage[] {
    const present = this.next(this.#waitingCount);
    if (this.delivered.size === 0) return present;
    for (const { message } of this.delivered.values()) present.push(message);
    return present.sort((one, other) => other.priority - one.priority || one.position - other.position);
  }

  deliver(op: Op, owner: OwnerId, subscription: string): void {
    const message = this.#messages.get(op);
    assert(message !== undefined && !this.delivered.has(op), "only a waiting message is delivered");
    this.delivered.set(op, { message, owner, subscription });
    message.deliveryCount += 1;
    this.#waitingCount -= 1;
    this.dirty.add(op);
  }

  /** A delivered message passes to somebody else's hands; that is no delivery of its own. */
  handOver(op: Op, owner: OwnerId): void {
    const delivery = this.delivered.get(op);
    assert(delivery !== undefined, "only a delivered message is in somebody's hands");
    this.delivered.set(op, { ...delivery, owner });
  }

  /** Corrects how often a delivered message was looked at. */
  countDelivery(op: Op, change: 1 | -1): void {
    const delivery = this.delivered.get(op);
    if (delivery === undefined) return;
    delivery.message.deliveryCount += change;
    this.dirty.add(op);
  }

  /** Back to its place among the waiting. */
  release(op: Op): QueuedMessage {
    const delivery = this.delivered.get(op);
    assert(delivery !== undefined, "only a delivered message comes back");
    this.delivered.delete(op);
    this.#line(delivery.message.priority).putBack(delivery.message);
    this.#waitingCount += 1;
    return delivery.message;
  }

  /** Removes it for good, waiting or delivered. */
  remove(op: Op): QueuedMessage {
    const message = this.#messages.get(op);
    assert(message !== undefined, "only a message of the queue is removed");
    this.#messages.delete(op);
    if (!this.delivered.delete(op)) this.#waitingCount -= 1;
    this.dequeuedCount += 1;
    if (message.stored) this.dirty.add(op);
    else this.dirty.delete(op);
    return message;
  }

  /** Puts back what a checkpoint had, in order of position; deliveries are then restored by their owners. */
  restore(message: QueuedMessage): void {
    this.#messages.set(message.op, message);
    this.#line(message.priority).push(message);
    this.#waitingCount += 1;
  }

  /** Hands a restored message out again, without counting a delivery: the count was stored with it. */
  restoreDelivery(op: Op, owner: OwnerId, subscription: string): void {
    const message = this.#messages.get(op);
    assert(message !== undefined, "a stored delivery is of a stored message");
    this.delivered.set(op, { message, owner, subscription });
    this.#waitingCount -= 1;
  }

  /** Every message in the order of positions; those that became visible first come first, whatever their priority. */
  inOrder(): IterableIterator<QueuedMessage> {
    return this.#messages.values();
  }

  readonly isWaiting = (message: QueuedMessage): boolean =>
    this.#messages.get(message.op) === message && !this.delivered.has(message.op);

  #line(priority: number): Line {
    return (this.#lines[priority] ??= new Line());
  }
}
