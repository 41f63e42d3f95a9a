import type { ActorCounters, ActorEvent } from "../clients/channel.ts";
import type { NewTimelineEvent } from "../control/events.ts";
import type { BuiltInClient, ClientView, NodeName } from "../control/views.ts";
import type { ClientChange, ClientCount, ClientIdentity } from "./channel.ts";
import { clientViewOf, expectedBackMs, type ClientEntry } from "./client-entry.ts";
import type { SocketOwner } from "./socket-owner.ts";

/** Clients remembered after they left, so that they are recognised when they return. */
const goneCountMax = 200;
/** Counts arrive a few times a second: a client confirmed this shortly before its node failed counts as busy until then. */
const countsAgeMsMax = 600;
/** A node that ends in order closes its connections first, this long before its process is gone. */
const closingMsMax = 5_000;

/** A timeline event with the moment it happened. */
export interface DatedEvent {
  readonly at: number;
  readonly event: NewTimelineEvent;
}

/**
 * Knows every client across its connections, as a doorman knows guests who come back through the other door: by the
 * name they give (client id), by the hat (the process that owns the socket), or at last by the door they used.
 * All times are arguments, wall clock.
 */
export class ClientBook {
  readonly #entries = new Map<string, ClientEntry>();
  /** Entry of each connection, `primary:12`. */
  readonly #bySession = new Map<string, ClientEntry>();
  readonly #nodeOfPort: (port: number) => NodeName | null;

  constructor(nodeOfPort: (port: number) => NodeName | null) {
    this.#nodeOfPort = nodeOfPort;
  }

  views(now: number): ClientView[] {
    return [...this.#entries.values()].map((entry) => clientViewOf(entry, now));
  }

  view(id: string, now: number): ClientView | null {
    const entry = this.#entries.get(id);
    return entry === undefined ? null : clientViewOf(entry, now);
  }

  /** Whether this connection is of a client that is not built in. */
  isOutsider(node: NodeName, session: number): boolean {
    return this.#bySession.get(`${node}:${session}`)?.settings === null;
  }

  /** Connections to each node. */
  counts(): Record<NodeName, number> {
    const counts = { primary: 0, replica: 0 };
    for (const { sessions } of this.#entries.values())
      for (const { node } of sessions.values()) counts[node] += 1;
    return counts;
  }

  addBuiltIn(id: string, settings: BuiltInClient, now: number): void {
    const identity = {
      protocol: settings.protocol,
      clientId: id,
      login: null,
      remoteAddress: "",
      remotePort: 0,
    };
    const entry = newEntry({ id, key: id, name: id, identity, settings }, now);
    entry.own = {
      state: "reconnecting",
      address: null,
      sent: 0,
      received: 0,
      inFlight: 0,
      unacknowledged: 0,
    };
    this.#entries.set(id, entry);
  }

  updateBuiltIn(id: string, settings: BuiltInClient, isPaused: boolean): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.settings = settings;
    entry.isPaused = isPaused;
  }

  removeBuiltIn(id: string): void {
    this.#entries.delete(id);
  }

  /** A broker says that a connection came, was identified, had its first confirmation or went. */
  changed(node: NodeName, change: ClientChange): DatedEvent[] {
    switch (change.kind) {
      case "connected":
        return this.#connect(node, change.session, change.client, change.at);
      case "identified":
        return this.#identify(node, change.session, change.client, change.at);
      case "first-confirmed":
        return this.#confirm(node, change.session, change.at);
      case "disconnected":
        return this.#disconnect(node, change.session, change.at, false);
    }
  }

  /** Numbers of those connections to a node that did anything. */
  counted(node: NodeName, counts: readonly ClientCount[]): void {
    for (const count of counts) {
      const entry = this.#bySession.get(`${node}:${count.session}`);
      const session = entry?.sessions.get(`${node}:${count.session}`);
      if (entry === undefined || session === undefined) continue;
      session.counts = count;
      if (count.lastConfirmedAt !== null)
        entry.lastConfirmedAt = Math.max(entry.lastConfirmedAt ?? 0, count.lastConfirmedAt);
    }
  }

  /** A node stopped serving: all its connections are gone, and their clients are expected at the other one. */
  nodeLost(node: NodeName, at: number): DatedEvent[] {
    const events: DatedEvent[] = [];
    for (const [key, entry] of [...this.#bySession]) {
      const session = entry.sessions.get(key);
      if (session?.node === node) events.push(...this.#disconnect(node, session.session, at, true));
    }
    for (const entry of this.#entries.values()) {
      const last = entry.stays.at(-1);
      const closing =
        entry.sessions.size === 0 && last?.node === node && at - (entry.endedAt ?? 0) < closingMsMax;
      if (closing && !entry.isExpected) expectBack(entry, entry.endedAt ?? at);
    }
    return events;
  }

  /** Sockets of connections that say nothing of who they are: ports to look up, by connection. */
  unrecognised(): Map<string, number> {
    const ports = new Map<string, number>();
    for (const [key, entry] of this.#bySession) {
      const { clientId, remotePort } = entry.identity;
      if (entry.settings !== null || clientId !== null || entry.isUnknown || entry.key.startsWith("process:"))
        continue;
      ports.set(key, remotePort);
    }
    return ports;
  }

  /** The process behind a connection was found, and it is that process's client from now on; or it will stay unknown. */
  recognised(sessionKey: string, owner: SocketOwner | null, now: number): DatedEvent[] {
    const entry = this.#bySession.get(sessionKey);
    if (entry?.identity.clientId !== null || entry.settings !== null) return [];
    if (owner !== null)
      return this.#rekey(sessionKey, entry, `process:${owner.pid}`, `${owner.command} (${owner.pid})`, now);
    entry.isUnknown = true;
    return this.#tellArrival(entry);
  }

  /** Numbers of the built-in clients, from the clients themselves. */
  actorsCounted(actors: readonly ActorCounters[]): void {
    for (const actor of actors) {
      const entry = this.#entries.get(actor.id);
      if (entry === undefined) continue;
      const { state, address, sent, received, inFlight, unacknowledged, attempts } = actor;
      entry.own = {
        state,
        address: address?.replace(/^tcp:\/\//, "") ?? null,
        sent,
        received,
        inFlight,
        unacknowledged,
      };
      entry.attempts = attempts;
    }
  }

  /** What a built-in client did or met: its own word counts more than the broker's, as it has seen the blackout. */
  actorEvent(id: string, event: ActorEvent): DatedEvent[] {
    const entry = this.#entries.get(id);
    if (entry === undefined) return [];
    if (event.kind === "failed") {
      return [
        dated(event.at, { kind: "notice", severity: "warning", text: `${entry.name}: ${event.error}` }),
      ];
    }
    const node = this.#nodeOfPort(Number(event.address.split(":").at(-1)));
    switch (event.kind) {
      case "connected":
        if (entry.own !== null) entry.own = { ...entry.own, state: "connected" };
        return node === null ? [] : this.#arrive(entry, node, event.at);
      case "lost":
        if (entry.own !== null) entry.own = { ...entry.own, state: "reconnecting" };
        return node === null ? [] : leave(entry, node, event.at);
      case "attempt": {
        const text = `${entry.name} found nobody at ${event.address}: ${event.error}`;
        return [
          dated(event.at, {
            kind: "client-attempt",
            client: id,
            target: event.address,
            error: event.error,
            text,
          }),
        ];
      }
      case "resumed":
        return node === null ? [] : resume(entry, node, event.at, event.blackoutMs);
    }
  }

  #connect(node: NodeName, session: number, identity: ClientIdentity, at: number): DatedEvent[] {
    const key = `${node}:${session}`;
    const entry = this.#entryFor(keyOf(identity), keyOf(identity), identity, at);
    this.#attach(key, { node, session, counts: null }, entry, identity);
    if (entry.settings !== null) return [];
    if (identity.clientId !== null) return this.#arrive(entry, node, at);
    entry.arrival = { node, at };
    return [];
  }

  #identify(node: NodeName, session: number, identity: ClientIdentity, at: number): DatedEvent[] {
    const sessionKey = `${node}:${session}`;
    const entry = this.#bySession.get(sessionKey);
    if (entry === undefined) return this.#connect(node, session, identity, at);
    entry.identity = identity;
    const key = keyOf(identity);
    if (identity.clientId === null || entry.key === key) return [];
    return this.#rekey(sessionKey, entry, key, key, at);
  }

  /** Moves a connection to the client it really belongs to; the provisional entry goes if it has nothing else. */
  #rekey(sessionKey: string, from: ClientEntry, key: string, name: string, now: number): DatedEvent[] {
    const session = from.sessions.get(sessionKey);
    if (session === undefined) return [];
    from.sessions.delete(sessionKey);
    const to = this.#entryFor(key, name, from.identity, now);
    if (from.sessions.size === 0) this.#entries.delete(from.id);
    this.#attach(sessionKey, session, to, from.identity);
    if (to.settings !== null) return [];
    const events = this.#arrive(to, session.node, from.arrival?.at ?? now);
    // The first confirmation may have come before the client was recognised.
    const firstAt = session.counts?.firstConfirmedAt ?? from.firstConfirmedAt;
    if (firstAt === null) return events;
    const gapFrom = to.gapFrom;
    to.lastConfirmedAt = Math.max(to.lastConfirmedAt ?? 0, firstAt);
    return gapFrom === null
      ? events
      : [...events, ...resume(to, session.node, firstAt, Math.max(0, firstAt - gapFrom))];
  }

  #confirm(node: NodeName, session: number, at: number): DatedEvent[] {
    const entry = this.#bySession.get(`${node}:${session}`);
    if (entry === undefined) return [];
    const gapFrom = entry.gapFrom;
    entry.firstConfirmedAt ??= at;
    entry.lastConfirmedAt = Math.max(entry.lastConfirmedAt ?? 0, at);
    if (gapFrom === null || entry.settings !== null) return [];
    return resume(entry, node, at, Math.max(0, at - gapFrom));
  }

  #disconnect(node: NodeName, session: number, at: number, isNodeLost: boolean): DatedEvent[] {
    const key = `${node}:${session}`;
    const entry = this.#bySession.get(key);
    if (entry === undefined) return [];
    const counts = entry.sessions.get(key)?.counts;
    entry.past = {
      sent: entry.past.sent + (counts?.sent ?? 0),
      received: entry.past.received + (counts?.received ?? 0),
    };
    entry.lastCounts = counts ?? entry.lastCounts;
    entry.sessions.delete(key);
    this.#bySession.delete(key);
    if (entry.sessions.size > 0 || entry.settings !== null) return [];
    entry.endedAt = at;
    entry.isExpected = false;
    // It came and went without saying who it is: a look at the port, no client.
    if (entry.arrival !== null && entry.identity.protocol === null) {
      this.#entries.delete(entry.id);
      return [];
    }
    const arrived = this.#tellArrival(entry);
    if (isNodeLost) expectBack(entry, at);
    this.#forgetOldest();
    return [...arrived, ...leave(entry, node, at)];
  }

  #tellArrival(entry: ClientEntry): DatedEvent[] {
    const { arrival } = entry;
    entry.arrival = null;
    return arrival === null ? [] : this.#arrive(entry, arrival.node, arrival.at);
  }

  #arrive(entry: ClientEntry, node: NodeName, at: number): DatedEvent[] {
    const last = entry.stays.at(-1);
    if (last?.node === node && last.to === null) return [];
    if (last?.to === null) entry.stays[entry.stays.length - 1] = { ...last, to: at };
    entry.stays.push({ node, from: at, to: null, blackoutMs: null });
    if (entry.endedAt !== null && at - entry.endedAt > expectedBackMs) entry.gapFrom = null;
    entry.endedAt = null;
    return [
      dated(at, {
        kind: "client-connected",
        client: entry.id,
        node,
        text: `${entry.name} connected to the ${node}.`,
      }),
    ];
  }

  #attach(
    key: string,
    session: { node: NodeName; session: number; counts: ClientCount | null },
    entry: ClientEntry,
    identity: ClientIdentity,
  ): void {
    entry.sessions.set(key, session);
    entry.identity = identity;
    this.#bySession.set(key, entry);
  }

  /** The client known by this key that has no connection now, the longest away first; else a new one. */
  #entryFor(key: string, name: string, identity: ClientIdentity, at: number): ClientEntry {
    const alike = [...this.#entries.values()].filter((entry) => entry.key === key);
    const known = alike.find(({ sessions, settings }) => sessions.size === 0 || settings !== null);
    if (known !== undefined) return known;
    let id = key;
    for (let count = 2; this.#entries.has(id); count += 1) id = `${key}#${count}`;
    const entry = newEntry(
      { id, key, name: id === key ? name : `${name} #${id.slice(key.length + 1)}`, identity, settings: null },
      at,
    );
    this.#entries.set(id, entry);
    return entry;
  }

  #forgetOldest(): void {
    const gone = [...this.#entries.values()].filter(
      ({ sessions, settings }) => sessions.size === 0 && settings === null,
    );
    if (gone.length <= goneCountMax) return;
    gone.sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0));
    for (const entry of gone.slice(0, gone.length - goneCountMax)) this.#entries.delete(entry.id);
  }
}

function expectBack(entry: ClientEntry, at: number): void {
  entry.isExpected = true;
  const last = entry.lastConfirmedAt;
  // One that was idle has no blackout before it asks again; a busy one was confirmed until its node failed.
  entry.gapFrom = last === null ? null : at - last < countsAgeMsMax ? at : last;
}

function leave(entry: ClientEntry, node: NodeName, at: number): DatedEvent[] {
  const last = entry.stays.at(-1);
  if (last?.node !== node || last.to !== null) return [];
  entry.stays[entry.stays.length - 1] = { ...last, to: at };
  return [
    dated(at, {
      kind: "client-lost",
      client: entry.id,
      node,
      text: `${entry.name} lost its connection to the ${node}.`,
    }),
  ];
}

function resume(entry: ClientEntry, node: NodeName, at: number, blackoutMs: number): DatedEvent[] {
  entry.gapFrom = null;
  entry.isExpected = false;
  const last = entry.stays.at(-1);
  if (last !== undefined) entry.stays[entry.stays.length - 1] = { ...last, blackoutMs };
  const text = `${entry.name} goes on at the ${node} after ${Math.round(blackoutMs)} ms.`;
  return [dated(at, { kind: "client-resumed", client: entry.id, node, blackoutMs, text })];
}

function keyOf({ clientId, remoteAddress, remotePort }: ClientIdentity): string {
  return clientId ?? `${remoteAddress}:${remotePort}`;
}

function newEntry(
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
    isUnknown: false,
    firstConfirmedAt: null,
    attempts: 0,
    own: null,
  };
}

function dated(at: number, event: NewTimelineEvent): DatedEvent {
  return { at, event };
}
