import type { Samples } from "./samples.ts";

/** What a lane shows over a stretch of time: a broker's state, the link's, or the node a client is on. */
export type LaneState =
  | "stopped"
  | "starting"
  | "active"
  | "standby"
  | "blocked"
  | "fenced"
  | "out of sync"
  | "shut down"
  | "killed"
  | "frozen"
  | "protected"
  | "unprotected"
  | "syncing"
  | "split"
  | "down"
  | "attached"
  | "detached"
  | "cut"
  | "half-open"
  | "delayed"
  | "on primary"
  | "on replica";

export type MarkKind =
  | "kill"
  | "promoted"
  | "opened"
  | "granted"
  | "link-lost"
  | "link-attached"
  | "connected"
  | "attempt"
  | "first-confirmed"
  | "action"
  | "verdict"
  | "recovery"
  | "notice";

export interface Segment {
  from: number;
  /** `null` while it lasts. */
  to: number | null;
  state: LaneState;
}

/** From the last confirmed operation before a failover to the first one after it; `to` is `null` while it lasts. */
export interface Blackout {
  from: number;
  to: number | null;
}

export interface Mark {
  at: number;
  kind: MarkKind;
  text: string;
  /** The event behind it. */
  event: number;
}

export interface Lane {
  readonly id: string;
  readonly kind: "pair" | "broker" | "link" | "client";
  label: string;
  /** A second, quieter word beside the label. */
  hint: string;
  segments: Segment[];
  blackouts: Blackout[];
  marks: Mark[];
  /** Messages per second through it. */
  readonly rate: Samples;
  /** The client has left for good: the first to go when lanes run out. */
  gone: boolean;
}

/** Bounds on what is kept; the oldest goes first. A lane at all of them takes about 400 KiB. */
export const keptMax = {
  events: 20_000,
  lanes: 250,
  segmentsPerLane: 2_000,
  marksPerLane: 4_000,
  blackoutsPerLane: 1_000,
  samplesPerLane: 4_096,
};

/** Drops the oldest tenth at once, so that a full list costs nothing per item. */
export function boundedPush<Item>(list: Item[], item: Item, max: number): void {
  if (list.length >= max) list.splice(0, Math.ceil(max / 10));
  list.push(item);
}

export function openSegment(lane: Lane, at: number, state: LaneState): void {
  const last = lane.segments.at(-1);
  if (last?.to === null) {
    if (last.state === state) return;
    last.to = Math.max(last.from, at);
  }
  boundedPush(lane.segments, { from: at, to: null, state }, keptMax.segmentsPerLane);
}

export function closeSegment(lane: Lane, at: number): void {
  const last = lane.segments.at(-1);
  if (last?.to === null) last.to = Math.max(last.from, at);
}

export function openBlackout(lane: Lane, at: number): void {
  if (lane.blackouts.at(-1)?.to === null) return;
  boundedPush(lane.blackouts, { from: at, to: null }, keptMax.blackoutsPerLane);
}

/** The measured length wins over what was guessed from when the connection broke. */
export function closeBlackout(lane: Lane, at: number, blackoutMs: number): void {
  const last = lane.blackouts.at(-1);
  if (last?.to === null) {
    last.from = at - blackoutMs;
    last.to = at;
    return;
  }
  boundedPush(lane.blackouts, { from: at - blackoutMs, to: at }, keptMax.blackoutsPerLane);
}
