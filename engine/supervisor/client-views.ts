import type { ActorCounters, ActorEvent } from "../clients/channel.ts";
import type { BrokerState, BuiltInClient, ClientView, NodeName } from "../control/views.ts";
import { otherNode } from "./arbiter-state.ts";
import type { ClientChange, ClientCount, ClientIdentity } from "./channel.ts";
import {
  clientViewOf,
  isAwaited,
  hasIntroducedItself,
  isMadeUp,
  isStalling,
  keyOf,
  type ClientEntry,
  type Doors,
} from "./client-entry.ts";
import {
  dated,
  endStall,
  endStay,
  expectBack,
  leave,
  newBuiltIn,
  newEntry,
  rejectMessages,
  resume,
  stall,
  type DatedEvent,
} from "./client-story.ts";
import type { SocketOwner } from "./socket-owner.ts";

/** Clients remembered after they left, so that they are recognised when they return. */
const goneCountMax = 200;
/** A node that ends in order closes its connections first, this long before its process is gone. */
const closingMsMax = 5_000;

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
  #doors: Doors = { states: { primary: "stopped", replica: "stopped" }, openSince: null };

  constructor(nodeOfPort: (port: number) => NodeName | null) {
    this.#nodeOfPort = nodeOfPort;
  }

  views(now: number): ClientView[] {
    return [...this.#entries.values()].map((entry) => clientViewOf(entry, this.#doors, now));
  }

  view(id: string, now: number): ClientView | null {
    const entry = this.#entries.get(id);
    return entry === undefined ? null : clientViewOf(entry, this.#doors, now);
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
    this.#entries.set(id, newBuiltIn(id, settings, now));
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
      case "rejected": {
        const entry = this.#bySession.get(`${node}:${change.session}`);
        return entry === undefined ? [] : rejectMessages(entry, node, change);
      }
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

  /** A node is in this state from now on: its clients may hang, or go on. */
  nodeIs(node: NodeName, state: BrokerState, at: number): DatedEvent[] {
    const { states, openSince } = this.#doors;
    const isOpen = state === "active" || states[otherNode(node)] === "active";
    this.#doors = { states: { ...states, [node]: state }, openSince: isOpen ? (openSince ?? at) : null };
    return this.#outsidersOn(node).flatMap((entry) => {
      if (entry.stalledAt === null) return isStalling(state) ? stall(entry, node, state, at) : [];
      return state === "active" ? endStall(entry, node, at) : [];
    });
  }

  /** A node stopped serving: all its connections are gone, and their clients are expected at the other one. */
  nodeLost(node: NodeName, at: number): DatedEvent[] {
    const events: DatedEvent[] = [];
    for (const [key, entry] of [...this.#bySession]) {
      const session = entry.sessions.get(key);
      if (session?.node !== node) continue;
      for (const event of this.#disconnect(node, session.session, at, true)) events.push(event);
    }
    for (const entry of this.#entries.values()) {
      const last = entry.stays.at(-1);
      const closing =
        entry.sessions.size === 0 && last?.node === node && at - (entry.endedAt ?? 0) < closingMsMax;
      if (closing && !entry.isExpected) expectBack(entry, entry.endedAt ?? at);
    }
    return events;
  }

  /** Sockets of connections that say nothing telling of who they are: ports to look up, by connection. */
  unrecognised(): Map<string, number> {
    const ports = new Map<string, number>();
    for (const [key, entry] of this.#bySession) {
      const { clientId, remotePort } = entry.identity;
      if (entry.settings !== null || entry.isLookedUp || !hasIntroducedItself(entry.identity)) continue;
      if (clientId === null || isMadeUp(clientId)) ports.set(key, remotePort);
    }
    return ports;
  }

  /** The process behind a connection was found, and it is that process's client from now on; or it will stay unknown. */
  recognised(sessionKey: string, owner: SocketOwner | null, now: number): DatedEvent[] {
    const entry = this.#bySession.get(sessionKey);
    if (entry?.settings !== null) return [];
    entry.isLookedUp = true;
    if (owner === null) return this.#tellArrival(entry);
    const name = `${owner.command} (${owner.pid})`;
    if (entry.identity.clientId === null)
      return this.#rekey(sessionKey, entry, `process:${owner.pid}`, name, now);
    entry.name = this.#unused(name);
    return [];
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
    to.isLookedUp ||= from.isLookedUp;
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
    this.#detach(entry, key);
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
    endStay(entry, at);
    entry.stays.push({
      node,
      from: at,
      to: null,
      blackoutMs: null,
      open: null,
      redelivered: 0,
      sentAgain: 0,
    });
    if (entry.endedAt !== null && !isAwaited(entry, this.#doors, at)) entry.gapFrom = null;
    entry.endedAt = null;
    entry.stalledAt = null;
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

  /**
   * The client known by this key that has no connection now, the longest away first; or one that hung at the other node
   * and gave that up, which a frozen node cannot tell; else a new one.
   */
  #entryFor(key: string, name: string, identity: ClientIdentity, at: number): ClientEntry {
    const alike = [...this.#entries.values()].filter((entry) => entry.key === key);
    const known = alike.find(({ sessions, settings }) => sessions.size === 0 || settings !== null);
    if (known !== undefined) return known;
    const hung = alike.find(({ stalledAt }) => stalledAt !== null);
    if (hung !== undefined) {
      this.#giveUp(hung);
      return hung;
    }
    let id = key;
    for (let count = 2; this.#entries.has(id); count += 1) id = `${key}#${count}`;
    const entry = newEntry(
      { id, key, name: id === key ? name : `${name} #${id.slice(key.length + 1)}`, identity, settings: null },
      at,
    );
    this.#entries.set(id, entry);
    return entry;
  }

  /** The connection is over; what was counted over it stays. */
  #detach(entry: ClientEntry, key: string): void {
    const counts = entry.sessions.get(key)?.counts;
    entry.past = {
      sent: entry.past.sent + (counts?.sent ?? 0),
      received: entry.past.received + (counts?.received ?? 0),
    };
    entry.lastCounts = counts ?? entry.lastCounts;
    entry.sessions.delete(key);
    this.#bySession.delete(key);
  }

  #giveUp(entry: ClientEntry): void {
    for (const key of [...entry.sessions.keys()]) this.#detach(entry, key);
  }

  #outsidersOn(node: NodeName): ClientEntry[] {
    return [...this.#entries.values()].filter(
      ({ settings, sessions }) =>
        settings === null && [...sessions.values()].some((session) => session.node === node),
    );
  }

  /** A process may have many connections, each with an id that its library made up. */
  #unused(name: string): string {
    const taken = new Set([...this.#entries.values()].map((entry) => entry.name));
    let unused = name;
    for (let count = 2; taken.has(unused); count += 1) unused = `${name} #${count}`;
    return unused;
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
