import { assert } from "../base/assert.ts";
import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import { Backlogs } from "./backlog.ts";
import type { Broker } from "./broker.ts";
import type { OwnerId } from "./command.ts";
import { isComposite } from "./composite.ts";
import { creditOf, takeRoom, type Consumer, type VolatileDelivery } from "./consumer.ts";
import { destinationKey, type Destination, type MessageHead } from "./message.ts";
import { queuesRead, Readers } from "./readers.ts";
import { selects, viewOf } from "./selection.ts";
import type { ReadMessage } from "./sieves.ts";
import { hasFallenBehind } from "./slowness.ts";
import type { SentMessage } from "./transaction.ts";
import type { TurnBudget } from "./turn-budget.ts";

/**
 * Gives subscribers of topics, and browsers, their copies of messages: nothing leaves a queue for them, and what they miss
 * is nobody's. Each has a line of what waits for it, and is looked at once a turn when something may have changed.
 */
export class Copies {
  readonly backlogs = new Backlogs();
  readonly #broker: Broker;
  readonly #read: ReadMessage;
  readonly #subscribers = new Readers();
  #deliveries: VolatileDelivery[] = [];
  /** Those to be looked at, with the topic of the last message that came for them. */
  #awaiting = new Map<Consumer, Destination | null>();
  /** Copies put in line since everybody had been looked at. */
  #addedCount = 0;

  constructor(broker: Broker, read: ReadMessage) {
    this.#broker = broker;
    this.#read = read;
  }

  subscribe(consumer: Consumer): void {
    this.#subscribers.add(consumer);
  }

  /** A browser sees what waits now, and what others have in their hands, in the order in which it would be handed out. */
  browse(consumer: Consumer): void {
    const seen = new Set<Op>();
    for (const queue of queuesRead(consumer.request, this.#broker.queues))
      for (const { op } of queue.present()) seen.add(op);
    for (const op of seen) {
      this.#broker.contents.hold(op);
      consumer.pending.push(op);
    }
    this.wake(consumer);
  }

  remove(consumer: Consumer): void {
    this.#subscribers.remove(consumer);
    this.#awaiting.delete(consumer);
    for (const op of [...consumer.pending, ...consumer.inHand]) this.#broker.contents.letGo(op);
  }

  published(topic: Destination, sent: SentMessage, owner: OwnerId): void {
    for (const consumer of this.#subscribers.of(destinationKey(topic))) {
      const { noLocal } = consumer.request;
      if ((noLocal && consumer.owner === owner) || !selects(consumer.selector, sent)) continue;
      this.#add(consumer, sent, topic);
    }
  }

  /** A message that the topic kept, to a subscriber that has just come. */
  replay(consumer: Consumer, op: Op, { destination }: MessageHead, topic: Destination): void {
    consumer.replayed.add(op);
    this.#add(consumer, { op, destination }, topic);
  }

  /** It may have room again, or something new to look at. */
  wake(consumer: Consumer): void {
    this.#awaiting.set(consumer, this.#awaiting.get(consumer) ?? null);
  }

  /** It is done with these, all of which are in its hands. */
  settled(consumer: Consumer, ops: readonly Op[]): void {
    assert(
      ops.every((op) => consumer.inHand.has(op)),
      "only what is in its hands is settled",
    );
    for (const op of ops) {
      consumer.inHand.delete(op);
      this.#broker.contents.letGo(op);
    }
  }

  /** Hands out what the budget allows; `onSlow` is told of who stops keeping up, and of the topic that showed it. */
  run(budget: TurnBudget, onSlow: (consumer: Consumer, topic: Destination) => void): void {
    const awaiting = this.#awaiting;
    this.#awaiting = new Map();
    for (const [consumer, topic] of awaiting) {
      const isDone = budget.copies > 0 && this.#handOut(consumer, budget);
      if (!isDone) this.#awaiting.set(consumer, topic);
      else if (topic !== null && hasFallenBehind(consumer)) onSlow(consumer, topic);
    }
    if (this.#awaiting.size === 0) this.#addedCount = 0;
  }

  /** More is in line than a few turns hand out: no more should come in before. */
  get isFlooded(): boolean {
    return this.#addedCount >= limits.copiesInLineMax;
  }

  /** Whether somebody has yet to be looked at. */
  get isBehind(): boolean {
    return this.#awaiting.size > 0;
  }

  /** What was handed out since the last call. */
  take(): readonly VolatileDelivery[] {
    const deliveries = this.#deliveries;
    this.#deliveries = [];
    return deliveries;
  }

  #add(
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
    this.#addedCount += 1;
    this.#awaiting.set(consumer, topic);
  }

  /** Whether it got all that it has room for, as far as the budget went. */
  #handOut(consumer: Consumer, budget: TurnBudget): boolean {
    const { pending, inHand } = consumer;
    let isWanted: boolean | null = false;
    let lookedCount = 0;
    for (; lookedCount < pending.length && creditOf(consumer) > 0; lookedCount += 1) {
      const op = pending[lookedCount]!;
      // It knows a message by one id, so a second copy waits until it is done with the first.
      if (inHand.has(op)) break;
      isWanted = budget.copies > 0 ? this.#isWanted(consumer, op, budget) : null;
      if (isWanted === null) break;
      if (isWanted) {
        inHand.add(op);
        takeRoom(consumer, op);
        budget.copies -= 1;
        this.#deliveries.push({ consumer, op, source: takePart(consumer, op) });
      } else this.#broker.contents.letGo(op);
    }
    pending.splice(0, lookedCount);
    if (pending.length === 0) consumer.isSlow = false;
    if (consumer.isBrowsing && pending.length === 0) {
      consumer.isBrowsing = false;
      this.#deliveries.push({ consumer, op: null, source: null });
    }
    return isWanted !== null;
  }

  /** A browser's selector looks at a message only when there is room for it; `null`: it has no time for more in this turn. */
  #isWanted({ request, selector }: Consumer, op: Op, budget: TurnBudget): boolean | null {
    if (selector === null || !request.browser) return true;
    const head = budget.looks > 0 ? this.#read(op) : null;
    if (head === null) return null;
    budget.looks -= 1;
    const [queue] = queuesRead(request, this.#broker.queues);
    return selector.matches(viewOf(op, head, queue?.get(op)?.deliveryCount ?? 0));
  }
}

/** Of a message that was sent to several topics at once: the one that this copy was sent to. */
function takePart({ parts }: Consumer, op: Op): Destination | null {
  const left = parts.get(op);
  const part = left?.shift() ?? null;
  if (left?.length === 0) parts.delete(op);
  return part;
}
