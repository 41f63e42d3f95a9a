import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { SubscriptionRequest } from "../core/dialogue.ts";
import { messageIdOf } from "../core/message.ts";

/** One subscription of a connection, and what it was handed and has not settled. */
export interface StompSubscription {
  readonly request: SubscriptionRequest;
  /** As the client named it; `null` for one of STOMP 1.0 that is known by its destination only. */
  readonly id: string | null;
  /** The destination as the client wrote it. */
  readonly destinationText: string;
  readonly mapsAsJson: boolean;
  /** Deliveries that await an ACK or NACK, oldest first, each with the transaction that will settle it if there is one. */
  readonly unsettled: Map<Op, string | null>;
  /** Deliveries of an `auto` subscription that have not left the process yet. */
  written: Op[];
}

/** The subscriptions and transactions of one connection. */
export class StompSubscriptions {
  readonly #byName = new Map<string, StompSubscription>();
  /** Keyed by the client's id, or by the destination for one without. */
  readonly #byId = new Map<string, StompSubscription>();
  /** Open transactions, and the subscriptions that they will settle deliveries of. */
  readonly #transactions = new Map<string, Set<StompSubscription>>();
  #count = 0;

  /** A name that no other subscription of this connection ever has: what was sent to the last owner of an id is not mistaken. */
  nextName(): string {
    this.#count += 1;
    return String(this.#count);
  }

  add(subscription: StompSubscription): void {
    const id = subscription.id ?? subscription.destinationText;
    if (this.#byId.has(id)) throw new BrokerError("SUBSCRIPTION_EXISTS", { subscription: id });
    if (this.#byId.size === limits.subscriptionsPerConnectionMax) {
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.subscriptionsPerConnectionMax,
        what: "subscriptions on a connection",
      });
    }
    this.#byId.set(id, subscription);
    this.#byName.set(subscription.request.subscription, subscription);
  }

  remove(subscription: StompSubscription): void {
    this.#byId.delete(subscription.id ?? subscription.destinationText);
    this.#byName.delete(subscription.request.subscription);
  }

  named(name: string): StompSubscription | null {
    return this.#byName.get(name) ?? null;
  }

  withId(id: string): StompSubscription | null {
    return this.#byId.get(id) ?? null;
  }

  /** [STOMP 1.0 UNSUBSCRIBE] The destination names a subscription too; the oldest one, should there be several. */
  withDestination(destinationText: string): StompSubscription | null {
    return (
      this.#byId.get(destinationText) ??
      this.all().find((each) => each.destinationText === destinationText) ??
      null
    );
  }

  /** [STOMP 1.0 ACK] A message is named alone; should two subscriptions await it, the older one is meant. */
  awaiting(message: Op): StompSubscription | null {
    return this.all().find((each) => each.unsettled.get(message) === null) ?? null;
  }

  all(): StompSubscription[] {
    return [...this.#byName.values()];
  }

  begin(transaction: string): void {
    if (this.#transactions.has(transaction)) throw new BrokerError("TRANSACTION_EXISTS", { transaction });
    if (this.#transactions.size === limits.transactionsPerConnectionMax) {
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.transactionsPerConnectionMax,
        what: "open transactions on a connection",
      });
    }
    this.#transactions.set(transaction, new Set());
  }

  checkTransaction(transaction: string): void {
    if (!this.#transactions.has(transaction)) throw new BrokerError("TRANSACTION_UNKNOWN", { transaction });
  }

  /** After a rollback the deliveries settled in the transaction await an ACK again, in their old places. */
  finish(transaction: string, outcome: "commit" | "rollback"): void {
    this.checkTransaction(transaction);
    for (const subscription of this.#transactions.get(transaction) ?? []) {
      for (const [message, settledBy] of subscription.unsettled) {
        if (settledBy !== transaction) continue;
        if (outcome === "commit") subscription.unsettled.delete(message);
        else subscription.unsettled.set(message, null);
      }
    }
    this.#transactions.delete(transaction);
  }

  /** Takes what an ACK or NACK of `message` settles, oldest first. */
  settle(subscription: StompSubscription, message: Op, transaction: string | null): Op[] {
    if (subscription.unsettled.get(message) !== null)
      throw new BrokerError("MESSAGE_UNKNOWN", { message: messageIdOf(message) });
    const settled =
      subscription.request.ackMode === "client" ? throughMessage(subscription, message) : [message];
    for (const each of settled) {
      if (transaction === null) subscription.unsettled.delete(each);
      else subscription.unsettled.set(each, transaction);
    }
    if (transaction !== null) this.#transactions.get(transaction)?.add(subscription);
    return settled;
  }
}

/** [STOMP 1.2 SUBSCRIBE ack Header] In `client` mode an acknowledgement is for all messages sent before, too. */
function throughMessage(subscription: StompSubscription, last: Op): Op[] {
  const messages: Op[] = [];
  for (const [message, transaction] of subscription.unsettled) {
    if (transaction === null) messages.push(message);
    if (message === last) break;
  }
  return messages;
}
