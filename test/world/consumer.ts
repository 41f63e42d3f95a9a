import type { Op } from "../../engine/base/units.ts";
import type { SessionAnswer, SubscriptionRequest } from "../../engine/core/dialogue.ts";
import { destinationKey, type Destination } from "../../engine/core/message.ts";
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
  /** Works in transactions, and sends on what it took. */
  readonly sendsTo: Destination | null;
  /** Takes all and refuses nothing: for the dead letters. */
  readonly isPlain: boolean;
}

const text = new TextDecoder();

/** Takes messages and settles each in some way; now and then it changes its mind, its subscription or its connection. */
export class SimulatedConsumer extends FailoverClient {
  readonly #options: ConsumerOptions;
  #subscriptions = 0;
  #attempts = 0;
  /** The durable subscription is known to exist. */
  isReady = false;

  constructor(world: World, ledger: Ledger, options: ConsumerOptions) {
    super(world, ledger);
    this.#options = options;
  }

  protected override connected(): void {
    const { destination, durable, prefetchCount } = this.#options;
    const subscription = `s${(this.#subscriptions += 1)}`;
    const rest = {
      ackMode: "client-individual",
      browser: false,
      exclusive: false,
      noLocal: false,
      selector: null,
      consumerPriority: 0,
    } as const;
    this.ask({ kind: "subscribe", subscription, destination, durable, prefetchCount, ...rest }, () => {
      this.isReady = true;
    });
  }

  protected override disconnected(): void {}

  protected override delivered({
    subscription,
    id,
    message: taken,
    deliveryCount,
  }: Extract<SessionAnswer, { kind: "deliver" }>): void {
    const body = text.decode(taken.body);
    this.ledger.delivered(this.#queue, body, deliveryCount);
    this.later(this.random.between(0, this.#options.workMs), () => this.#settle(subscription, id, body));
  }

  get #queue(): string {
    return this.#options.durable === null
      ? destinationKey(this.#options.destination)
      : this.#options.durable.name;
  }

  #settle(subscription: string, id: Op, body: string): void {
    const { isPlain, sendsTo, durable } = this.#options;
    // A subscription that was left has given all back.
    if (subscription !== `s${this.#subscriptions}`) return;
    if (!isPlain && this.random.chance(0.01)) return this.disconnect();
    if (!isPlain && durable === null && this.random.chance(0.01)) {
      this.ask({ kind: "unsubscribe", subscription, unseen: [] });
      return this.connected();
    }
    if (sendsTo !== null) return this.#sendOn({ subscription, id, body, sendsTo });
    const outcome =
      isPlain || this.random.chance(0.92) ? "accepted" : this.random.chance(0.5) ? "rejected" : "released";
    this.ask({ kind: "settle", subscription, messages: [id], outcome, transaction: null }, () => {
      if (outcome !== "released") this.ledger.settled(this.#queue, body);
    });
  }

  #sendOn(taken: { subscription: string; id: Op; body: string; sendsTo: Destination }): void {
    const { subscription, id, body, sendsTo } = taken;
    const transaction = `${this.#options.name} t${(this.#attempts += 1)}`;
    const copy = `${this.#options.name}+${body}/${this.#attempts}`;
    this.ledger.sent(copy, { producer: `${this.#options.name} ${this.#attempts}`, sequence: 1, transaction });
    this.ask({ kind: "begin", transaction });
    this.ask({ kind: "settle", subscription, messages: [id], outcome: "accepted", transaction });
    this.ask({ kind: "send", message: message(sendsTo, copy, null), transaction });
    const isUndone = this.random.chance(0.15);
    if (isUndone) this.ledger.finished(transaction, "rolled back");
    this.ask({ kind: isUndone ? "rollback" : "commit", transaction }, () => {
      if (isUndone) return this.#settle(subscription, id, body);
      this.ledger.finished(transaction, "committed");
      this.ledger.settled(this.#queue, body);
    });
  }
}
