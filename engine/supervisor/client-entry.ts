import { age, clockTime, duration } from "../base/words.ts";
import type { BrokerState, BuiltInClient, ClientStay, ClientView, NodeName } from "../control/views.ts";
import type { ClientCount, ClientIdentity } from "./channel.ts";
import { hintOf } from "./client-hints.ts";

/** One connection of a client to a node. */
export interface ClientSession {
  readonly node: NodeName;
  readonly session: number;
  counts: ClientCount | null;
}

/** One client across all its connections. */
export interface ClientEntry {
  readonly id: string;
  /** What it was recognised by, shared by clients that cannot be told apart. */
  readonly key: string;
  name: string;
  /** `null`: an external client. */
  settings: BuiltInClient | null;
  isPaused: boolean;
  identity: ClientIdentity;
  readonly since: number;
  readonly sessions: Map<string, ClientSession>;
  readonly stays: ClientStay[];
  /** Totals of connections that are over. */
  past: { sent: number; received: number };
  /** Of its last connection that is over: what it did there it will do again. */
  lastCounts: ClientCount | null;
  /** Last confirmed operation before its node was lost; `null`: it is not waiting for a first one after. */
  gapFrom: number | null;
  /** Arrival not told yet: who it is may still be found out. */
  arrival: { node: NodeName; at: number } | null;
  lastConfirmedAt: number | null;
  endedAt: number | null;
  /** Its node failed under it, so that it is expected back. */
  isExpected: boolean;
  /** Its node answers nothing, while the connection stands; since then. */
  stalledAt: number | null;
  /** The process behind its connection is known, or will stay unknown. */
  isLookedUp: boolean;
  /** On its first connection. */
  firstConfirmedAt: number | null;
  attempts: number;
  /** As the client itself reports; built-in ones only. */
  own: {
    state: ClientView["state"];
    address: string | null;
    sent: number;
    received: number;
    inFlight: number;
    unacknowledged: number;
  } | null;
}

/** What the clients' doors are like just now. */
export interface Doors {
  readonly states: Readonly<Record<NodeName, BrokerState>>;
  /** A node has been open for clients since then; `null`: none is. */
  readonly openSince: number | null;
}

const staysShownMax = 50;
/** A client whose node failed, and that has not come back when a node was open to it for so long, is gone. */
const expectedBackMs = 30_000;

/** The client as people see it. Pure. */
export function clientViewOf(entry: ClientEntry, doors: Doors, now: number): ClientView {
  const state = stateOf(entry, doors, now);
  const counts = [...entry.sessions.values()].flatMap(({ counts: one }) => (one === null ? [] : [one]));
  const total = (pick: (count: ClientCount) => number): number =>
    counts.reduce((sum, count) => sum + pick(count), 0);
  const { identity, own } = entry;
  const node = [...entry.sessions.values()].at(-1)?.node ?? null;
  const telling = counts.length > 0 || entry.lastCounts === null ? counts : [entry.lastCounts];
  return {
    id: entry.id,
    name: entry.name,
    builtIn: entry.settings !== null,
    role: roleOf(entry, telling),
    state,
    protocol: identity.protocol,
    clientId: identity.clientId,
    login: identity.login,
    failsOver: identity.failsOver,
    address:
      own?.address ?? (entry.sessions.size > 0 ? `${identity.remoteAddress}:${identity.remotePort}` : null),
    node,
    since: entry.since,
    destinations: destinationsOf(entry, telling),
    sent: own?.sent ?? entry.past.sent + total(({ sent }) => sent),
    received: own?.received ?? entry.past.received + total(({ received }) => received),
    inFlight: own?.inFlight ?? total(({ inFlight }) => inFlight),
    unacknowledged: own?.unacknowledged ?? total(({ unacknowledged }) => unacknowledged),
    reconnectAttempts: entry.attempts,
    stays: staysOf(entry).slice(-staysShownMax),
    story: storyOf(entry.stays, now),
    hint: hintOf(
      { state, node, failsOver: entry.identity.failsOver, lostMs: lostMs(entry, now) },
      doors.states,
    ),
    settings: entry.settings,
  };
}

/** `on primary 4 m 12 s, blackout 38 ms, on replica since 12:04:03.221`. */
export function storyOf(
  stays: readonly Pick<ClientStay, "node" | "from" | "to" | "blackoutMs">[],
  now: number,
): string {
  const parts: string[] = [];
  for (const stay of stays.slice(-4)) {
    if (stay.blackoutMs !== null) parts.push(`blackout ${duration(stay.blackoutMs)}`);
    if (stay.to === null) parts.push(`on ${stay.node} since ${clockTime(stay.from)}`);
    else parts.push(`on ${stay.node} ${age(stay.to - stay.from)}`);
  }
  const last = stays.at(-1);
  if (last !== undefined && last.to !== null) parts.push(`away for ${age(now - last.to)}`);
  return parts.join(", ");
}

function stateOf(entry: ClientEntry, doors: Doors, now: number): ClientView["state"] {
  if (entry.own !== null)
    return entry.isPaused && entry.own.state === "connected" ? "paused" : entry.own.state;
  if (entry.sessions.size > 0) {
    const isStalled = [...entry.sessions.values()].every(({ node }) => isStalling(doors.states[node]));
    return isStalled ? "stalled" : "connected";
  }
  return entry.isExpected && isAwaited(entry, doors, now) ? "reconnecting" : "gone";
}

function lostMs({ isExpected, endedAt, sessions, settings }: ClientEntry, now: number): number | null {
  return settings === null && sessions.size === 0 && isExpected && endedAt !== null ? now - endedAt : null;
}

/** A client cannot come back before there is a node to come to. */
export function isAwaited({ endedAt }: ClientEntry, { openSince }: Doors, now: number): boolean {
  if (endedAt === null) return false;
  return openSince === null || now - Math.max(endedAt, openSince) < expectedBackMs;
}

/** Whether a node in this state holds its clients' connections, and answers nothing. */
export function isStalling(state: BrokerState): boolean {
  return state === "frozen" || state === "blocked";
}

/** The stay that lasts has its numbers from the connections. */
function staysOf({ stays, sessions }: ClientEntry): ClientStay[] {
  const last = stays.at(-1);
  if (last?.to !== null) return [...stays];
  const here = [...sessions.values()].filter(({ node }) => node === last.node);
  const sum = (pick: (count: ClientCount) => number): number =>
    here.reduce((total, { counts }) => total + (counts === null ? 0 : pick(counts)), 0);
  return [
    ...stays.slice(0, -1),
    { ...last, redelivered: sum((count) => count.redelivered), sentAgain: sum((count) => count.sentAgain) },
  ];
}

function roleOf(entry: ClientEntry, counts: readonly ClientCount[]): ClientView["role"] {
  if (entry.settings !== null) return entry.settings.role;
  const producing = counts.some((count) => count.producing);
  const consuming = counts.some((count) => count.consuming);
  return producing ? (consuming ? "both" : "producer") : consuming ? "consumer" : "idle";
}

function destinationsOf(entry: ClientEntry, counts: readonly ClientCount[]): string[] {
  const names = new Set(counts.flatMap(({ destinations }) => destinations));
  if (names.size === 0 && entry.settings !== null) names.add(entry.settings.destination);
  return [...names];
}

/** What a connection says of its client. */
export function keyOf({ clientId, remoteAddress, remotePort }: ClientIdentity): string {
  return clientId ?? `${remoteAddress}:${remotePort}`;
}

/** As ActiveMQ's clients do where nobody gave them one: `ID:host-37149-1795841546686-0:1`. */
export function isMadeUp(clientId: string): boolean {
  return /^ID:.*-\d+-\d+-\d+:\d+$/.test(clientId);
}

/** Whether it has said all that it will of who it is; OpenWire negotiates first, and has a client id in any case. */
export function hasIntroducedItself({ protocol, clientId, failsOver }: ClientIdentity): boolean {
  return protocol !== null && (!protocol.startsWith("OpenWire") || clientId !== null || failsOver !== null);
}
