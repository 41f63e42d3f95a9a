import type { BrokerError } from "../base/errors.ts";
import type { Op, Unit } from "../base/units.ts";
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
  /** Messages handed out and not settled at any time, at least 1. */
  readonly prefetchCount: number;
  /** A durable topic subscription: kept, and filled, while its client is away. */
  readonly durable: { readonly clientId: string; readonly name: string } | null;
  /** ActiveMQ's `activemq.exclusive`: the first of the exclusive consumers gets everything. */
  readonly exclusive: boolean;
  /** ActiveMQ's `activemq.noLocal`: a topic subscription does not get what its own connection sends. */
  readonly noLocal: boolean;
  /** ActiveMQ's `activemq.priority`, 0 to 127: consumers of a higher one are served first. */
  readonly consumerPriority: number;
}

/**
 * What a session may ask of the node. Requests take effect in the order asked. Transactions are named by the session
 * and belong to it; all of a session's open work is given back when it leaves.
 */
export type SessionRequest =
  | { readonly kind: "send"; readonly message: Message; readonly transaction: string | null }
  | ({ readonly kind: "subscribe" } & SubscriptionRequest)
  | { readonly kind: "unsubscribe"; readonly subscription: string }
  | { readonly kind: "delete-durable"; readonly clientId: string; readonly name: string }
  | {
      readonly kind: "settle";
      readonly subscription: string;
      /** Deliveries of this subscription, as named by `deliver`; for a cumulative acknowledgement the session lists them all. */
      readonly messages: readonly Op[];
      /** `rejected` goes to the dead letter queue, `released` back to its queue. */
      readonly outcome: "accepted" | "rejected" | "released";
      readonly transaction: string | null;
    }
  | { readonly kind: "begin" | "commit" | "rollback"; readonly transaction: string }
  | { readonly kind: "create-temporary"; readonly destination: Destination }
  /** An administrator's wish: all that waits on a queue goes; what consumers have in hand stays theirs. */
  | { readonly kind: "purge"; readonly destination: Destination }
  /** Changes nothing; confirmed when all that was asked before it is safe. */
  | { readonly kind: "settle-down" };

/** What a session is told. `receipt` is the number it gave with its request. */
export type SessionAnswer =
  /** Exists only once the request, and all before it, is safe on both nodes (or alone under a grant). */
  | { readonly kind: "confirm"; readonly receipt: number }
  | { readonly kind: "refuse"; readonly receipt: number; readonly error: BrokerError }
  | {
      readonly kind: "deliver";
      readonly subscription: string;
      readonly id: Op;
      readonly message: Message;
      /** 1 for the first delivery; above 1 the message may have been seen before. */
      readonly deliveryCount: number;
      /** Set on messages of a dead letter queue. */
      readonly deadLetter: { readonly from: string; readonly cause: "rejected" | "expired" } | null;
    }
  /** The node ends the session: it stopped, was fenced, or the session's subscription was removed by an administrator. */
  | { readonly kind: "close"; readonly error: BrokerError | null };
