import type { Op } from "../../engine/base/units.ts";
import { plainWishes, type SessionAnswer, type SubscriptionRequest } from "../../engine/core/dialogue.ts";
import { durableKey } from "../../engine/core/durable.ts";
import { destinationKey, isTopic, type Destination } from "../../engine/core/message.ts";
import { FailoverClient } from "./clients.ts";
import type { Ledger } from "./ledger.ts";
import { message } from "./producer.ts";
import type { World } from "./world.ts";

export interface ConsumerOptions {
  readonly name: string;
  readonly destination: Destination;
  readonly durable: SubscriptionRequest["durable"];
  readonly prefetchCount: number;
  readonly workMs: number;
  /** Works in transactions, and sends on what it took: to a queue, or to whoever asked. */
  readonly sendsTo: Destination | "who asked" | null;
  /** Takes all and refuses nothing: for the dead letters. */
  readonly isPlain: boolean;
  /** Deletes its queue or durable subscription now and then, and what waited in it. */
  readonly isFickle?: boolean;
}

const text = new TextDecoder();

/** A delivery in its hands. */
interface Taken {
  readonly subscription: string;
  readonly id: Op;
  readonly queue: string;
  readonly body: string;
  readonly replyTo: Destination | null;
}

/** Takes messages and settles each in some way; now and then it changes its mind, its subscription or its connection. */
export class SimulatedConsumer extends FailoverClient {
  readonly #options: ConsumerOptions;
  #subscriptions = 0;
  #attempts = 0;
  #isHurried = false;
  /** The durable subscription is known to exist. */
  isReady = false;

  constructor(world: World, ledger: Ledger, options: ConsumerOptions) {
    super(world, ledger);
    this.#options = options;
  }

  /** From now on it takes no time over a message: a backlog is to be drained, and not to be waited for. */
  hurry(): void {
    this.#isHurried = true;
  }

  protected override connected(): void {
    const { destination, durable, prefetchCount } = this.#options;
    const subscription = `s${(this.#subscriptions += 1)}`;
    const rest = {
      ackMode: "client-individual",
      ...plainWishes,
      lastingName: this.#options.name,
    } as const;
    this.ask({ kind: "subscribe", ...rest, subscription, destination, durable, prefetchCount }, () => {
      this.isReady = true;
    });
  }

  protected override disconnected(): void {}

  protected override delivered({
    subscription,
    id,
    message: taken,
    source,
    deliveryCount,
  }: Extract<SessionAnswer, { kind: "deliver" }>): void {
    const body = text.decode(taken.body);
    const queue = this.#queueOf(source);
    const reader = `${this.#options.name}'s ${subscription}`;
    this.ledger.delivered({ queue, body, deliveryCount, reader }, this.presence);
    const taking = { subscription, id, queue, body, replyTo: taken.replyTo };
    const workMs = this.#isHurried ? 1 : this.#options.workMs;
    this.later(this.random.between(0, workMs), () => this.#settle(taking));
  }

  /** What a delivery is of: a queue, a durable subscription, or one that is nobody's when this connection ends. */
  #queueOf(source: Destination): string {
    const { name, destination, durable } = this.#options;
    if (durable !== null) return durableKey(durable.clientId, durable.name);
    return isTopic(destination) ? `${name}'s ${this.#subscriptions}` : destinationKey(source);
  }

  #settle(taken: Taken): void {
    const { subscription, id, body } = taken;
    const { isPlain, isFickle, sendsTo, durable } = this.#options;
    // A subscription that was left has given all back.
    if (subscription !== `s${this.#subscriptions}`) return;
    if (!isPlain && this.random.chance(0.01)) return this.disconnect();
    if (!isPlain && durable === null && this.random.chance(0.01)) {
      this.ask({ kind: "unsubscribe", subscription, unseen: [] });
      return this.connected();
    }
    if (isFickle === true && this.random.chance(0.05)) {
      this.ask({ kind: "unsubscribe", subscription, unseen: [] });
      this.#deleteSource();
      return this.connected();
    }
    const target = sendsTo === "who asked" ? taken.replyTo : sendsTo;
    if (target !== null) return this.#sendOn(taken, target);
    const outcome =
      isPlain || this.random.chance(0.92) ? "accepted" : this.random.chance(0.5) ? "rejected" : "released";
    this.ask({ kind: "settle", subscription, messages: [id], outcome, transaction: null }, () => {
      if (outcome !== "released") this.ledger.settled(taken.queue, body);
    });
  }

  #deleteSource(): void {
    const { durable, destination } = this.#options;
    if (durable !== null) return this.ask({ kind: "delete-durable", ...durable });
    // Its own former connection may still consume from it.
    const onRefused = (): void => {};
    this.ask({ kind: "delete-destination", destination }, undefined, onRefused);
  }

  #sendOn(taken: Taken, target: Destination): void {
    const { subscription, id, body } = taken;
    const isReply = this.#options.sendsTo === "who asked";
    const transaction = `${this.#options.name} t${(this.#attempts += 1)}`;
    const copy = `${this.#options.name}+${body}/${this.#attempts}`;
    const producer = `${this.#options.name} ${this.#attempts}`;
    const attempt = { producer, sequence: 1, destination: target, transaction, mayVanish: isReply };
    this.ledger.sent(copy, attempt);
    this.ask({ kind: "begin", transaction });
    this.ask({ kind: "settle", subscription, messages: [id], outcome: "accepted", transaction });
    // Who asked may be gone, and the temporary queue with it.
    const onRefused = isReply ? (): void => this.ledger.refused(copy) : null;
    this.ask({ kind: "send", message: message(target, copy, null), transaction }, undefined, onRefused);
    const isUndone = this.random.chance(0.15);
    if (isUndone) this.ledger.finished(transaction, "rolled back");
    this.ask({ kind: isUndone ? "rollback" : "commit", transaction }, () => {
      if (isUndone) return this.#settle(taken);
      this.ledger.finished(transaction, "committed");
      this.ledger.settled(taken.queue, body);
    });
  }
}
