import type { BrokerError } from "../base/errors.ts";
import type { Op, Unit } from "../base/units.ts";
import type { Advisory } from "./advisory.ts";
import type { Destination, Message } from "./message.ts";

/** One client connection, numbered by its host; never reused within a process. */
export type SessionId = Unit<"session">;

/** How a subscription's deliveries count as done: when written to the socket, up to and including one, or one by one. */
export type AckMode = "auto" | "client" | "client-individual";

export interface SubscriptionRequest {
  /** Chosen by the session; unique within it. */
  readonly subscription: string;
  /** A queue or topic, or a wildcard pattern over them. */
  readonly destination: Destination;
  readonly ackMode: AckMode;
  /** Messages handed out and not settled at any time; 0: only what is asked for by `pull`. */
  readonly prefetchCount: number;
  /** Looks at what waits on a queue without taking it; told by `browsed` when it has seen all that was there. */
  readonly browser: boolean;
  /** A durable topic subscription: kept, and filled, while its client is away. */
  readonly durable: { readonly clientId: string; readonly name: string } | null;
  /** ActiveMQ's `activemq.exclusive`: the first of the exclusive consumers gets everything. */
  readonly exclusive: boolean;
  /** ActiveMQ's `activemq.noLocal`: the subscription does not get what its own connection sends. */
  readonly noLocal: boolean;
  /** ActiveMQ's `activemq.retroactive`: begins with the messages that its topics have kept. */
  readonly retroactive: boolean;
  /** A JMS message selector: the subscription gets only messages that match; `null`: all. */
  readonly selector: string | null;
  /** The client's own name for the consumer, the same after a reconnect; without one its message groups do not wait for it. */
  readonly lastingName?: string | null;
  /** ActiveMQ's `activemq.priority`, 0 to 127: consumers of a higher one are served first. */
  readonly consumerPriority: number;
}

/** The wishes of a subscription that has no special ones. */
export const plainWishes = {
  browser: false,
  durable: null,
  exclusive: false,
  noLocal: false,
  retroactive: false,
  selector: null,
  consumerPriority: 0,
} as const satisfies Partial<SubscriptionRequest>;

/**
 * What a session may ask of the node. Requests take effect in the order asked. Transactions are named by the session
 * and belong to it; all of a session's open work is given back when it leaves.
 */
export type SessionRequest =
  | { readonly kind: "send"; readonly message: Message; readonly transaction: string | null }
  | ({ readonly kind: "subscribe" } & SubscriptionRequest)
  /** `unseen`: deliveries that the client never looked at, which therefore do not count as such. */
  | { readonly kind: "unsubscribe"; readonly subscription: string; readonly unseen: readonly Op[] }
  /** Room for so many more deliveries as these are looked at, though not settled yet: each counts once. */
  | { readonly kind: "extend"; readonly subscription: string; readonly messages: readonly Op[] }
  /** The client will look once more at these deliveries, which stay in its hands. */
  | { readonly kind: "redeliver"; readonly subscription: string; readonly messages: readonly Op[] }
  /** A subscription without a prefetch may get so many messages, in place of what it asked for before. */
  | { readonly kind: "pull"; readonly subscription: string; readonly count: number }
  /** Somebody stays to send to this destination; only those who watch it are told. */
  | { readonly kind: "produce"; readonly producer: string; readonly destination: Destination }
  | { readonly kind: "stop-producing"; readonly producer: string }
  /** A subscription's prefetch from now on; clients that failed over begin with none. */
  | { readonly kind: "set-prefetch"; readonly subscription: string; readonly prefetchCount: number }
  /**
   * Who the client is: refused with CLIENT_ID_IN_USE while another client has that id. `connection` is the client's own
   * name for its connection, the same after a reconnect; a session that still has that name is ended.
   */
  | { readonly kind: "identify"; readonly clientId: string | null; readonly connection: string }
  | { readonly kind: "delete-durable"; readonly clientId: string; readonly name: string }
  | {
      readonly kind: "settle";
      readonly subscription: string;
      /** Deliveries of this subscription, as named by `deliver`; for a cumulative acknowledgement the session lists them all. */
      readonly messages: readonly Op[];
      /** `rejected` and `expired` go to the dead letter queue, `released` back to its queue. */
      readonly outcome: "accepted" | "rejected" | "released" | "expired";
      /** Why the client rejects them, if it says; for people, and not kept. */
      readonly reason?: string | null;
      readonly transaction: string | null;
    }
  /**
   * `xa:…` names a global transaction. `prepare` makes it survive its connection, both brokers and restarts; from then on
   * any connection may end it with `commit`, `rollback` or, which is the same as that, `forget`. A prepare is confirmed
   * after a `prepared` that names it, or nothing when there was no work in it, and which is then done with. To `begin`
   * or `prepare` a prepared one, or send again what it has, changes nothing; `prepared` names it.
   */
  | {
      readonly kind: "begin" | "rollback" | "forget";
      readonly transaction: string;
    }
  | {
      readonly kind: "prepare" | "commit";
      readonly transaction: string;
      /**
       * From clients that carry transactions over to a new connection: subscriptions whose acknowledgements in this one
       * may have gone astray. If they did, it is rolled back and refused with TRANSACTION_INCOMPLETE.
       */
      readonly exposed?: readonly string[];
    }
  /** Asks for all prepared transactions: told by `prepared`, then confirmed. */
  | { readonly kind: "recover" }
  /** Makes one, or takes over what this client made before its broker went away. */
  | { readonly kind: "create-temporary" | "delete-temporary"; readonly destination: Destination }
  /** An administrator's wish: all that waits on a queue goes; what consumers have in hand stays theirs. */
  | { readonly kind: "purge"; readonly destination: Destination }
  /** A queue goes with all that is in it, a topic is as if it had never been used; refused while somebody consumes from it. */
  | { readonly kind: "delete-destination"; readonly destination: Destination }
  /** Changes nothing; confirmed when all that was asked before it is safe. */
  | { readonly kind: "settle-down" };

/** What a session is told. `receipt` is the number it gave with its request. */
export type SessionAnswer =
  /** Exists only once the request, and all before it, is safe on both nodes (or alone under a grant). */
  | { readonly kind: "confirm"; readonly receipt: number }
  | { readonly kind: "refuse"; readonly receipt: number; readonly error: BrokerError }
  /** Comes before the `confirm` of a `prepare` or `recover`, or the `begin` of a prepared one. */
  | { readonly kind: "prepared"; readonly receipt: number; readonly transactions: readonly string[] }
  | {
      readonly kind: "deliver";
      readonly subscription: string;
      readonly id: Op;
      readonly message: Message;
      /** Where it was read: the queue, or for a topic the message's own destination. */
      readonly source: Destination;
      /** 1 for the first delivery; above 1 the message may have been seen before. */
      readonly deliveryCount: number;
      /** The consumer got the message's group with it. */
      readonly isFirstOfGroup: boolean;
      /** Set on messages of a dead letter queue. */
      readonly deadLetter: { readonly from: string; readonly cause: "rejected" | "expired" } | null;
    }
  /** Something happened that the subscription, to advisories, is about; it is not settled. */
  | { readonly kind: "advise"; readonly subscription: string; readonly advisory: Advisory }
  /** The browser has seen all. */
  | { readonly kind: "browsed"; readonly subscription: string }
  /** The node ends the session: it stopped, was fenced, or the session's subscription was removed by an administrator. */
  | { readonly kind: "close"; readonly error: BrokerError | null };
