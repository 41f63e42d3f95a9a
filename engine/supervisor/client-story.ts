import { counted, duration } from "../base/words.ts";
import type { NewTimelineEvent } from "../control/events.ts";
import type { BuiltInClient, NodeName } from "../control/views.ts";
import type { ClientChange, ClientCount, ClientIdentity } from "./channel.ts";
import type { ClientEntry } from "./client-entry.ts";

/** Steps of one client's story. Each changes the entry and returns what is to be told of it. */

/** A timeline event with the moment it happened. */
export interface DatedEvent {
  readonly at: number;
  readonly event: NewTimelineEvent;
}

/** Counts arrive a few times a second: a client confirmed this shortly before its node failed counts as busy until then. */
const countsAgeMsMax = 600;

/** Its node failed under it. */
export function expectBack(entry: ClientEntry, at: number): void {
  entry.isExpected = true;
  // It hangs since before.
  if (entry.stalledAt !== null) return;
  const last = entry.lastConfirmedAt;
  // One that was idle has no blackout before it asks again; a busy one was confirmed until its node failed.
  entry.gapFrom = last === null ? null : at - last < countsAgeMsMax ? at : last;
}

/** Its node answers nothing from now on, and keeps the connection. */
export function stall(entry: ClientEntry, node: NodeName, state: string, at: number): DatedEvent[] {
  entry.stalledAt = at;
  if (entry.lastConfirmedAt === null) return [];
  entry.gapFrom = at;
  const text = `${entry.name} hangs: the ${node} is ${state} and answers nothing.`;
  return [dated(at, { kind: "client-stalled", client: entry.id, node, text })];
}

/** Its node answers again. */
export function endStall(entry: ClientEntry, node: NodeName, at: number): DatedEvent[] {
  const { gapFrom } = entry;
  entry.stalledAt = null;
  if (gapFrom === null) return [];
  entry.gapFrom = null;
  return [goesOn(entry, node, at, at - gapFrom)];
}

export function leave(entry: ClientEntry, node: NodeName, at: number): DatedEvent[] {
  const last = entry.stays.at(-1);
  if (last?.node !== node || last.to !== null) return [];
  const open = endStay(entry, at);
  const text = `${entry.name} lost its connection to the ${node}${open}.`;
  return [dated(at, { kind: "client-lost", client: entry.id, node, text })];
}

export function rejectMessages(
  entry: ClientEntry,
  node: NodeName,
  { at, destination, messages, count, reason }: Extract<ClientChange, { kind: "rejected" }>,
): DatedEvent[] {
  const which = count === 1 ? `message ${messages.join()}` : counted(count, "message");
  const why = reason === null ? "" : `, saying "${reason}"`;
  const text = `${entry.name} rejected ${which} of ${destination}${why}.`;
  return [
    dated(at, {
      kind: "messages-rejected",
      client: entry.id,
      node,
      destination,
      messages: [...messages],
      count,
      reason,
      text,
    }),
  ];
}

/** Closes the stay that lasts, with what was open then; says that in words. */
export function endStay(entry: ClientEntry, at: number): string {
  const last = entry.stays.at(-1);
  if (last?.to !== null) return "";
  const counts = [...entry.sessions.values()].flatMap(({ counts: one }) => one ?? []);
  const telling = counts.length > 0 ? counts : entry.lastCounts === null ? [] : [entry.lastCounts];
  const sum = (pick: (count: ClientCount) => number): number =>
    telling.reduce((total, count) => total + pick(count), 0);
  const open = { requests: sum((count) => count.inFlight), deliveries: sum((count) => count.unacknowledged) };
  entry.stays[entry.stays.length - 1] = {
    ...last,
    to: at,
    open,
    redelivered: sum((count) => count.redelivered),
    sentAgain: sum((count) => count.sentAgain),
  };
  const words = openWords(open);
  return words === "" ? "" : `, with ${words}`;
}

export function resume(entry: ClientEntry, node: NodeName, at: number, blackoutMs: number): DatedEvent[] {
  entry.gapFrom = null;
  entry.isExpected = false;
  const last = entry.stays.at(-1);
  if (last !== undefined) entry.stays[entry.stays.length - 1] = { ...last, blackoutMs };
  return [goesOn(entry, node, at, blackoutMs)];
}

function goesOn(entry: ClientEntry, node: NodeName, at: number, blackoutMs: number): DatedEvent {
  const text = `${entry.name} goes on at the ${node} after ${duration(blackoutMs)}.`;
  return dated(at, { kind: "client-resumed", client: entry.id, node, blackoutMs, text });
}

/** `2 requests unanswered and 3 deliveries unacknowledged`; empty when there was neither. */
function openWords({ requests, deliveries }: { requests: number; deliveries: number }): string {
  return [
    requests === 0 ? [] : `${counted(requests, "request")} unanswered`,
    deliveries === 0 ? [] : `${counted(deliveries, "message")} unacknowledged`,
  ]
    .flat()
    .join(" and ");
}

export function newEntry(
  facts: { id: string; key: string; name: string; identity: ClientIdentity; settings: BuiltInClient | null },
  since: number,
): ClientEntry {
  return {
    ...facts,
    isPaused: false,
    since,
    sessions: new Map(),
    stays: [],
    past: { sent: 0, received: 0 },
    lastCounts: null,
    gapFrom: null,
    arrival: null,
    lastConfirmedAt: null,
    endedAt: null,
    isExpected: false,
    stalledAt: null,
    isLookedUp: false,
    firstConfirmedAt: null,
    attempts: 0,
    own: null,
  };
}

/** Not connected yet; it reports for itself. */
export function newBuiltIn(id: string, settings: BuiltInClient, since: number): ClientEntry {
  const { protocol } = settings;
  const identity = { protocol, clientId: id, login: null, failsOver: true, remoteAddress: "", remotePort: 0 };
  return {
    ...newEntry({ id, key: id, name: id, identity, settings }, since),
    own: { state: "reconnecting", address: null, sent: 0, received: 0, inFlight: 0, unacknowledged: 0 },
  };
}

export function dated(at: number, event: NewTimelineEvent): DatedEvent {
  return { at, event };
}
