import type { FailoverAddress, FailoverUri } from "./failover-uri.ts";

/**
 * Which address to try next, and when: ActiveMQ's failover transport without its threads. Addresses are tried in
 * passes. A pass takes each address once, in the order of the URI or shuffled, and the one that was lost last. The
 * first pass of a new client starts at once, the first after a loss after `initialReconnectDelay`, and each further
 * one after the delay that grows up to `maxReconnectDelay`. Attempts are counted in passes, as ActiveMQ counts them.
 *
 * No clock and no chance in here: `now` and `random` are arguments, so that every sequence can be replayed.
 */
export interface ReconnectState {
  readonly everConnected: boolean;
  /** Passes in which no address answered, since the last connection. */
  readonly failedPassCount: number;
  /** Still to be tried in this pass. */
  readonly rest: readonly FailoverAddress[];
  /** When the next pass may begin, or `null` while one is under way. */
  readonly passAt: number | null;
  /** Delay before the pass after the next failure. */
  readonly delayMs: number;
  readonly lost: string | null;
}

export type ReconnectStep =
  | {
      readonly kind: "try";
      readonly address: FailoverAddress;
      readonly at: number;
      readonly state: ReconnectState;
    }
  | { readonly kind: "give-up"; readonly failedPassCount: number };

/** Number from 0 up to, without, 1. */
export type Random = () => number;

export function reconnectStart(uri: FailoverUri, now: number): ReconnectState {
  const delayMs = uri.options.initialReconnectDelayMs;
  return { everConnected: false, failedPassCount: 0, rest: [], passAt: now, delayMs, lost: null };
}

/**
 * The connection to `lost` broke. `shortLivedCount` connections in a row broke soon after they were made: a broker that
 * lets clients in and throws them out again is asked ever more slowly, which ActiveMQ does not do.
 */
export function reconnectAfterLoss(
  uri: FailoverUri,
  lost: string,
  now: number,
  shortLivedCount: number,
): ReconnectState {
  const { initialReconnectDelayMs, maxReconnectDelayMs, useExponentialBackOff, reconnectDelayExponent } =
    uri.options;
  const factor = useExponentialBackOff ? reconnectDelayExponent ** Math.min(shortLivedCount, 64) : 1;
  const delayMs = Math.min(initialReconnectDelayMs * factor, maxReconnectDelayMs);
  return { everConnected: true, failedPassCount: 0, rest: [], passAt: now + delayMs, delayMs, lost };
}

/** The next address; call it again with the returned state when that address did not answer. */
export function nextAttempt(
  uri: FailoverUri,
  state: ReconnectState,
  now: number,
  random: Random,
): ReconnectStep {
  const [address, ...rest] = state.rest;
  if (address !== undefined) return { kind: "try", address, at: now, state: { ...state, rest } };
  const begun = state.passAt === null ? endPass(uri, state, now) : state;
  const limit = passLimit(uri, state.everConnected);
  if (limit >= 0 && begun.failedPassCount >= Math.max(limit, state.everConnected ? 0 : 1)) {
    return { kind: "give-up", failedPassCount: begun.failedPassCount };
  }
  const [first, ...others] = passOrder(uri, state.lost, random);
  if (first === undefined) return { kind: "give-up", failedPassCount: begun.failedPassCount };
  const at = Math.max(now, begun.passAt ?? now);
  return { kind: "try", address: first, at, state: { ...begun, rest: others, passAt: null } };
}

/** Keys of the addresses that `priorityBackup` prefers. */
export function priorityKeys(uri: FailoverUri): readonly string[] {
  if (!uri.options.priorityBackup) return [];
  return uri.options.priorityUris.length > 0
    ? uri.options.priorityUris
    : uri.addresses.slice(0, 1).map((one) => one.key);
}

function endPass(uri: FailoverUri, state: ReconnectState, now: number): ReconnectState {
  const { useExponentialBackOff, reconnectDelayExponent, maxReconnectDelayMs } = uri.options;
  const grown = useExponentialBackOff ? state.delayMs * reconnectDelayExponent : state.delayMs;
  return {
    ...state,
    failedPassCount: state.failedPassCount + 1,
    passAt: now + Math.min(state.delayMs, maxReconnectDelayMs),
    delayMs: Math.min(grown, maxReconnectDelayMs),
  };
}

function passLimit(uri: FailoverUri, everConnected: boolean): number {
  const { maxReconnectAttempts, startupMaxReconnectAttempts } = uri.options;
  return !everConnected && startupMaxReconnectAttempts >= 0
    ? startupMaxReconnectAttempts
    : maxReconnectAttempts;
}

function passOrder(uri: FailoverUri, lost: string | null, random: Random): FailoverAddress[] {
  const order = uri.options.randomize ? shuffled(uri.addresses, random) : [...uri.addresses];
  const preferred = priorityKeys(uri);
  // Stable: those of equal rank keep their order.
  return order.sort((one, other) => rank(one.key, lost, preferred) - rank(other.key, lost, preferred));
}

/** Who just failed comes last; with `priorityBackup`, the preferred ones come before the others. */
function rank(key: string, lost: string | null, preferred: readonly string[]): number {
  if (key === lost) return 2;
  return preferred.length === 0 || preferred.includes(key) ? 0 : 1;
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const copy = [...values];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}
