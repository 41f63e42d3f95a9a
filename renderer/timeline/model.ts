import type { TimelineEvent, ViewUpdate } from "../../engine/control/events.ts";
import type { ClientView, LinkView, NodeName } from "../../engine/control/views.ts";
import {
  boundedPush,
  closeBlackout,
  closeSegment,
  keptMax,
  openBlackout,
  openSegment,
  type Lane,
  type LaneState,
  type MarkKind,
} from "./lanes.ts";
import { Samples } from "./samples.ts";

/**
 * The timeline as data: lanes with segments, blackouts and marks, built from events as they come and kept within
 * fixed bounds. It knows neither pixels nor the clock; `layout.ts` turns it into positions, `draw.ts` into a picture.
 */
export class TimelineModel {
  readonly lanes: Lane[] = [];
  readonly events: TimelineEvent[] = [];
  /** Grows with every change; whoever draws compares it with what was last drawn. */
  revision = 0;
  #byId = new Map<string, Lane>();
  #lastEventId = 0;
  #totals = new Map<string, { at: number; total: number }>();

  constructor() {
    this.#lane("pair", "pair", "Pair");
    this.#lane("primary", "broker", "Primary");
    this.#lane("link", "link", "Link");
    this.#lane("replica", "broker", "Replica");
  }

  get lastEventId(): number {
    return this.#lastEventId;
  }

  get startedAt(): number | null {
    const firsts = this.lanes.map((lane) => lane.segments[0]?.from).filter((from) => from !== undefined);
    const event = this.events[0]?.at;
    if (event !== undefined) firsts.push(event);
    return firsts.length === 0 ? null : Math.min(...firsts);
  }

  lane(id: string): Lane | undefined {
    return this.#byId.get(id);
  }

  /** Takes an event once: those seen already (after a reconnect) are passed over. Says whether it was new. */
  add(event: TimelineEvent): boolean {
    if (event.id <= this.#lastEventId) return false;
    this.#lastEventId = event.id;
    boundedPush(this.events, event, keptMax.events);
    this.#apply(event);
    this.revision += 1;
    return true;
  }

  /** The newest snapshot: names lanes, samples rates, and mends what the kept events do not tell. */
  observe(view: ViewUpdate, isSample = true): void {
    for (const node of ["primary", "replica"] as const) {
      const broker = view.pair[node];
      const lane = this.#broker(node);
      lane.hint = `:${String(broker.port)}`;
      if (isSample) lane.rate.push(view.at, broker.inPerSecond + broker.outPerSecond);
      this.#mend(lane, broker.state, broker.since, view.at);
    }
    this.#mend(this.#fixed("pair"), view.pair.protection, view.pair.startedAt, view.at);
    this.#mend(this.#fixed("link"), linkState(view.pair.link), view.pair.startedAt, view.at);
    const present = new Set<string>();
    for (const client of view.clients) {
      present.add(client.id);
      this.#observeClient(client, view.at);
    }
    for (const lane of this.lanes)
      if (lane.kind === "client" && !present.has(lane.id)) this.#leave(lane, view.at);
    this.revision += 1;
  }

  #apply(event: TimelineEvent): void {
    switch (event.kind) {
      case "state":
        openSegment(this.#broker(event.node), event.at, event.state);
        if (event.state === "active") this.#mark(event.node, event, "opened");
        return;
      case "protection":
        openSegment(this.#fixed("pair"), event.at, event.protection);
        return;
      case "killed":
        this.#mark(event.node, event, "kill");
        return;
      case "action":
        this.#mark(event.node ?? "pair", event, "action");
        return;
      case "link": {
        const lane = this.#fixed("link");
        const wasAttached =
          lane.segments.at(-1)?.state === "attached" || lane.segments.at(-1)?.state === "delayed";
        openSegment(lane, event.at, linkState(event));
        if (wasAttached !== event.attached)
          this.#mark("link", event, event.attached ? "link-attached" : "link-lost");
        return;
      }
      case "granted":
        this.#mark(event.node, event, "granted");
        return;
      case "promoted":
        this.#mark(event.node, event, "promoted");
        return;
      case "client-connected": {
        const lane = this.#client(event.client);
        openSegment(lane, event.at, event.node === "primary" ? "on primary" : "on replica");
        this.#mark(event.client, event, "connected");
        return;
      }
      case "client-lost": {
        const lane = this.#client(event.client);
        closeSegment(lane, event.at);
        openBlackout(lane, event.at);
        return;
      }
      case "client-stalled":
        openBlackout(this.#client(event.client), event.at);
        return;
      case "client-attempt":
        this.#client(event.client);
        this.#mark(event.client, event, "attempt");
        return;
      case "client-resumed":
        closeBlackout(this.#client(event.client), event.at, event.blackoutMs);
        this.#mark(event.client, event, "first-confirmed");
        return;
      case "messages-rejected":
        this.#mark(event.client, event, "notice");
        return;
      case "verdict":
      case "recovery":
      case "notice":
        this.#mark("pair", event, event.kind);
    }
  }

  #mark(laneId: string, event: TimelineEvent, kind: MarkKind): void {
    const lane = this.#byId.get(laneId);
    if (lane !== undefined)
      boundedPush(
        lane.marks,
        { at: event.at, kind, text: event.text, event: event.id },
        keptMax.marksPerLane,
      );
  }

  /** Events tell of changes; a snapshot that says otherwise (events from before are gone) is believed. */
  #mend(lane: Lane, state: LaneState, since: number, at: number): void {
    const last = lane.segments.at(-1);
    if (last === undefined) openSegment(lane, Math.min(since, at), state);
    else if (last.to !== null || (last.state !== state && at > last.from))
      openSegment(lane, Math.max(last.to ?? last.from, Math.min(since, at)), state);
  }

  #observeClient(client: ClientView, at: number): void {
    const isNew = !this.#byId.has(client.id);
    const lane = this.#client(client.id);
    lane.label = client.name;
    lane.hint = client.builtIn ? "" : (client.protocol ?? "");
    if (isNew || lane.segments.length === 0) seedStays(lane, client);
    this.#sampleClient(lane, client, at);
    if (client.state === "gone") {
      this.#leave(lane, at);
      return;
    }
    lane.gone = false;
    const last = lane.segments.at(-1);
    const isLost = last !== undefined && last.to !== null && at > last.to;
    if (isLost && client.state === "connected" && client.node !== null)
      openSegment(
        lane,
        Math.max(last.to ?? 0, client.since),
        client.node === "primary" ? "on primary" : "on replica",
      );
  }

  #sampleClient(lane: Lane, client: ClientView, at: number): void {
    const total = client.sent + client.received;
    const before = this.#totals.get(client.id);
    if (before !== undefined && at > before.at)
      lane.rate.push(at, Math.max(0, ((total - before.total) * 1_000) / (at - before.at)));
    this.#totals.set(client.id, { at, total });
  }

  /** Gone is not a blackout: nobody waits. */
  #leave(lane: Lane, at: number): void {
    // A snapshot from before its last arrival says nothing about now.
    if (lane.gone || at <= (lane.segments.at(-1)?.from ?? 0)) return;
    lane.gone = true;
    closeSegment(lane, at);
    if (lane.blackouts.at(-1)?.to === null) lane.blackouts.pop();
    this.#totals.delete(lane.id);
  }

  #broker(node: NodeName): Lane {
    return this.#fixed(node);
  }

  #fixed(id: "pair" | "link" | NodeName): Lane {
    const lane = this.#byId.get(id);
    if (lane === undefined) throw new Error(`The lane ${id} is made by the constructor.`);
    return lane;
  }

  #client(id: string): Lane {
    return this.#byId.get(id) ?? this.#lane(id, "client", id);
  }

  #lane(id: string, kind: Lane["kind"], label: string): Lane {
    if (this.lanes.length >= keptMax.lanes) this.#dropLane();
    const rate = new Samples(keptMax.samplesPerLane);
    const lane: Lane = {
      id,
      kind,
      label,
      hint: "",
      segments: [],
      blackouts: [],
      marks: [],
      rate,
      gone: false,
    };
    this.lanes.push(lane);
    this.#byId.set(id, lane);
    return lane;
  }

  /** Makes room: first a client that is gone, else the oldest one. */
  #dropLane(): void {
    const clients = this.lanes.filter((lane) => lane.kind === "client");
    const dropped = clients.find((lane) => lane.gone) ?? clients[0];
    if (dropped === undefined) return;
    this.lanes.splice(this.lanes.indexOf(dropped), 1);
    this.#byId.delete(dropped.id);
    this.#totals.delete(dropped.id);
  }
}

/** What a client's stays tell, for a lane whose events are no longer kept. */
function seedStays(lane: Lane, client: ClientView): void {
  for (const stay of client.stays) {
    if (stay.blackoutMs !== null) closeBlackout(lane, stay.from, stay.blackoutMs);
    openSegment(lane, stay.from, stay.node === "primary" ? "on primary" : "on replica");
    if (stay.to !== null) closeSegment(lane, stay.to);
  }
}

function linkState(link: Pick<LinkView, "attached"> & { mode: string }): LaneState {
  if (link.mode === "cut" || link.mode === "half-open") return link.mode;
  if (!link.attached) return "detached";
  return link.mode === "delay" ? "delayed" : "attached";
}
