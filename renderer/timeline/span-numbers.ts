import { firstEndingAfter, firstMarkFrom, type Span } from "./layout.ts";
import type { TimelineModel } from "./model.ts";

/** What happened within a selected span, in numbers. */
export interface SpanNumbers {
  lengthMs: number;
  events: number;
  kills: number;
  promotions: number;
  linkLosses: number;
  attempts: number;
  blackouts: number;
  blackoutMsMax: number;
  blackoutMsMedian: number;
  /** Name of the client with the longest one. */
  longestOf: string | null;
  /** Messages through each broker, from its sampled rate. */
  messages: number;
}

export function spanNumbersOf(model: TimelineModel, span: Span, now: number): SpanNumbers {
  const lengths: number[] = [];
  let longestOf: string | null = null;
  let blackoutMsMax = 0;
  let messages = 0;
  const marks = { kill: 0, promoted: 0, "link-lost": 0, attempt: 0 };
  for (const lane of model.lanes) {
    for (let index = firstEndingAfter(lane.blackouts, span.from); index < lane.blackouts.length; index += 1) {
      const blackout = lane.blackouts[index];
      if (blackout === undefined || blackout.from > span.to) break;
      const ms = (blackout.to ?? Math.max(now, blackout.from)) - blackout.from;
      lengths.push(ms);
      if (ms > blackoutMsMax) [blackoutMsMax, longestOf] = [ms, lane.label];
    }
    for (let index = firstMarkFrom(lane.marks, span.from); index < lane.marks.length; index += 1) {
      const mark = lane.marks[index];
      if (mark === undefined || mark.at > span.to) break;
      if (mark.kind in marks) marks[mark.kind as keyof typeof marks] += 1;
    }
    if (lane.kind === "broker") messages += lane.rate.integralIn(span.from, span.to);
  }
  return {
    lengthMs: span.to - span.from,
    events: firstMarkFrom(model.events, span.to + 1) - firstMarkFrom(model.events, span.from),
    kills: marks.kill,
    promotions: marks.promoted,
    linkLosses: marks["link-lost"],
    attempts: marks.attempt,
    blackouts: lengths.length,
    blackoutMsMax,
    blackoutMsMedian: median(lengths),
    longestOf,
    messages: Math.round(messages),
  };
}

function median(values: number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
