import { limits } from "../base/limits.ts";
import type { ClientError } from "./errors.ts";
import type { FailoverUri } from "./failover-uri.ts";

export interface StompClientOptions {
  readonly uri: FailoverUri;
  readonly login?: string | null;
  readonly passcode?: string | null;
  readonly clientId?: string | null;
  /** Both ways; 0: none, then a frozen broker is not noticed. */
  readonly heartbeatMs?: number;
  /** Limit of one attempt, from the first packet to the broker's CONNECTED, where the URI sets no `connectionTimeout`. */
  readonly connectTimeoutMs?: number;
  readonly pendingCountMax?: number;
  readonly pendingBytesMax?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly onEvent?: (event: ClientEvent) => void;
}

/** `at` is a reading of `now`. */
export type ClientEvent =
  | { readonly kind: "attempt"; readonly at: number; readonly address: string; readonly error: string }
  | { readonly kind: "connected"; readonly at: number; readonly address: string }
  | { readonly kind: "lost"; readonly at: number; readonly address: string; readonly reason: string }
  /** First confirmed operation on a connection; `blackoutMs` is `null` on the first connection of all. */
  | {
      readonly kind: "first-confirmed";
      readonly at: number;
      readonly address: string;
      readonly blackoutMs: number | null;
    }
  | { readonly kind: "gave-up"; readonly at: number; readonly error: ClientError };

export const clientDefaults = {
  /** So that silence is noticed about when a replica notices it too, and has taken over. */
  heartbeatMs: 800,
  /** ActiveMQ's 30 s would be spent on a frozen broker while its replica is already there. */
  connectTimeoutMs: 2_000,
  pendingCountMax: 10_000,
  pendingBytesMax: limits.uncommittedBytesMax,
  /** Room that a frame takes beside its body. */
  frameOverheadBytes: 512,
  /** Connections in a row that the same oldest request may cost before it is given up as refused. */
  blameCountMax: 3,
  disconnectTimeoutMs: 1_000,
} as const;
