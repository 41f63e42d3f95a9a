import type { ControlFailure } from "../control/contract.ts";
import type { BuiltInClient } from "../control/views.ts";
import type { LedgerSnapshot, OutstandingMessage, StoredCount } from "./ledger.ts";

/**
 * What the supervisor and the process of the built-in clients say to each other, as JSON over the process channel.
 * When the channel closes the process ends, so that no client is left behind.
 */
export type HostOrder =
  | ({ readonly kind: "add" } & ActorOrder)
  | {
      readonly kind: "update";
      readonly id: string;
      readonly paused?: boolean;
      readonly ratePerSecond?: number;
    }
  | { readonly kind: "remove"; readonly id: string }
  /**
   * Remembers what is confirmed now, under a number that {@link stored} names again. Send it, then ask the active
   * broker what it stores, then send `stored`: in this order a message on its way is never taken for lost.
   */
  | { readonly kind: "mark"; readonly mark: number }
  | { readonly kind: "stored"; readonly mark: number; readonly destinations: readonly StoredCount[] }
  /** A queue was purged, or messages were taken off it by hand: what is missing there is no loss. */
  | { readonly kind: "forgive"; readonly destination: string }
  | { readonly kind: "reset-ledger" }
  | { readonly kind: "list-outstanding"; readonly request: number; readonly limit: number }
  /** Closes all clients in order and ends. */
  | { readonly kind: "stop" };

export interface ActorOrder {
  /** Also the client id on its connections, so that a broker's session is recognised. */
  readonly id: string;
  readonly settings: BuiltInClient;
  readonly failoverUri: string;
  readonly login: { readonly name: string; readonly password: string } | null;
  readonly paused: boolean;
}

export type HostReport =
  /** Orders are taken from now on. */
  | { readonly kind: "ready" }
  | { readonly kind: "event"; readonly id: string; readonly event: ActorEvent }
  /** All actors and the ledger, four times a second while anything changes. */
  | {
      readonly kind: "statistics";
      readonly at: number;
      readonly actors: readonly ActorCounters[];
      readonly ledger: LedgerReport;
    }
  | {
      readonly kind: "outstanding";
      readonly request: number;
      readonly messages: readonly OutstandingMessage[];
      readonly counts: readonly { readonly destination: string; readonly count: number }[];
    }
  /** An order could not be carried out. */
  | { readonly kind: "refused"; readonly id: string; readonly failure: ControlFailure }
  /** The process ends because of a mistake of its own. */
  | { readonly kind: "failure"; readonly text: string };

export interface LedgerReport extends LedgerSnapshot {
  readonly verdict: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Totals since the actor was added; `at` of events is milliseconds since 1970. */
export interface ActorCounters {
  readonly id: string;
  readonly state: "connected" | "reconnecting" | "paused" | "gone";
  /** `tcp://127.0.0.1:61616`, or `null` while it has no connection. */
  readonly address: string | null;
  /** Sends confirmed; with transactions, those of confirmed commits. */
  readonly sent: number;
  readonly received: number;
  /** Producer: sends that await their confirmation. */
  readonly inFlight: number;
  /** Consumer: deliveries not yet acknowledged. */
  readonly unacknowledged: number;
  /** Addresses that did not answer. */
  readonly attempts: number;
}

export type ActorEvent =
  | { readonly kind: "connected"; readonly at: number; readonly address: string }
  | { readonly kind: "lost"; readonly at: number; readonly address: string; readonly reason: string }
  | { readonly kind: "attempt"; readonly at: number; readonly address: string; readonly error: string }
  /**
   * First confirmed operation on the new connection. `blackoutMs`: since the last one on the old connection, or since
   * the loss when the client was idle; from the monotonic clock.
   */
  | { readonly kind: "resumed"; readonly at: number; readonly address: string; readonly blackoutMs: number }
  /** A send, a commit or a subscription was refused, or the attempts allowed are used up. */
  | { readonly kind: "failed"; readonly at: number; readonly error: string };

export const hostLimits = {
  actorsMax: 1_000,
  outstandingListMax: 10_000,
  marksMax: 16,
  reportIntervalMs: 250,
  /** Attempts reported of one actor per second; the counter counts them all. */
  attemptEventsPerSecondMax: 20,
} as const;
