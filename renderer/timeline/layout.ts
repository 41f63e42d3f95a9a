import type { Lane, LaneState, Mark, MarkKind, Segment } from "./lanes.ts";
import type { Samples } from "./samples.ts";

/** From time to pixels and back, without a canvas: all that can be checked by numbers. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly state: LaneState;
  /** Still going on at the right end. */
  readonly isOpen: boolean;
}

export interface BlackoutBar {
  readonly x: number;
  readonly width: number;
  readonly ms: number;
  readonly isOpen: boolean;
}

export interface MarkGlyph {
  readonly x: number;
  readonly kind: MarkKind;
  /** Marks of this kind within the same few pixels. */
  readonly count: number;
  readonly mark: Mark;
}

export interface Row {
  readonly lane: Lane;
  readonly top: number;
  readonly height: number;
}

const rowHeights: Record<Lane["kind"], number> = { pair: 24, broker: 40, link: 24, client: 28 };
const growthMax = 1.6;
const blackoutWidthMin = 3;
/** Marks of one kind closer than this are one glyph. */
const glyphGap = 5;

export const spanMsMin = 20;
export const spanMsMax = 24 * 3_600_000;

export function xOf(at: number, span: Span, width: number): number {
  return ((at - span.from) / (span.to - span.from)) * width;
}

export function timeAt(x: number, span: Span, width: number): number {
  return span.from + (x / width) * (span.to - span.from);
}

/** Zooms so that the moment under the pointer (0 left, 1 right) stays where it is. */
export function zoomed(span: Span, factor: number, anchor: number): Span {
  const length = span.to - span.from;
  const next = Math.min(spanMsMax, Math.max(spanMsMin, length * factor));
  const fixed = span.from + length * anchor;
  return { from: fixed - next * anchor, to: fixed + next * (1 - anchor) };
}

export function panned(span: Span, byMs: number): Span {
  return { from: span.from + byMs, to: span.to + byMs };
}

/**
 * Rows from top to bottom: the fixed lanes, then clients that are here, then those that are gone and still in view.
 * With `room` pixels to spare they grow, up to a point.
 */
export function rowsOf(lanes: readonly Lane[], span: Span, room = 0): Row[] {
  const clients = lanes.filter((lane) => lane.kind === "client");
  const shown = [
    ...lanes.filter((lane) => lane.kind !== "client"),
    ...clients.filter((lane) => !lane.gone),
    ...clients.filter((lane) => lane.gone && (lane.segments.at(-1)?.to ?? 0) >= span.from),
  ];
  const needed = shown.reduce((sum, lane) => sum + rowHeights[lane.kind], 0);
  const growth = Math.min(growthMax, Math.max(1, room / needed));
  let top = 0;
  return shown.map((lane) => {
    const row = { lane, top, height: Math.floor((rowHeights[lane.kind] * growth) / 4) * 4 };
    top += row.height;
    return row;
  });
}

/** First index of a time-ordered list whose item ends after `at`. */
export function firstEndingAfter(items: readonly { to: number | null }[], at: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const to = items[middle]?.to;
    if (to === null || to === undefined || to > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function firstMarkFrom(marks: readonly { at: number }[], at: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((marks[middle]?.at ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Only what is in view; segments thinner than a pixel are joined to what follows, so cost is bounded by the width. */
export function barsOf(segments: readonly Segment[], span: Span, width: number, now: number): Bar[] {
  const bars: Bar[] = [];
  let drawnTo = -Infinity;
  for (let index = firstEndingAfter(segments, span.from); index < segments.length; index += 1) {
    const segment = segments[index];
    if (segment === undefined || segment.from > span.to) break;
    const x = Math.max(0, xOf(segment.from, span, width));
    const end = Math.min(width, xOf(segment.to ?? Math.max(now, segment.from), span, width));
    if (end - drawnTo < 0.75 && end - x < 0.75) continue;
    bars.push({ x, width: Math.max(0.75, end - x), state: segment.state, isOpen: segment.to === null });
    drawnTo = end;
  }
  return bars;
}

export function blackoutBarsOf(lane: Lane, span: Span, width: number, now: number): BlackoutBar[] {
  const bars: BlackoutBar[] = [];
  const blackouts = lane.blackouts;
  for (let index = firstEndingAfter(blackouts, span.from); index < blackouts.length; index += 1) {
    const blackout = blackouts[index];
    if (blackout === undefined || blackout.from > span.to) break;
    const to = blackout.to ?? Math.max(now, blackout.from);
    const x = Math.max(0, xOf(blackout.from, span, width));
    const end = Math.min(width, xOf(to, span, width));
    bars.push({
      x,
      width: Math.max(blackoutWidthMin, end - x),
      ms: to - blackout.from,
      isOpen: blackout.to === null,
    });
  }
  return bars;
}

/** A blackout's length in words, beside its bar or in it. */
export interface Label {
  readonly x: number;
  readonly width: number;
  readonly ms: number;
  readonly isInside: boolean;
}

const labelGap = 10;

/** To the right of the bar, else to its left, else over what follows; never over another label. */
export function labelsOf(
  bars: readonly BlackoutBar[],
  width: number,
  measure: (ms: number) => number,
): Label[] {
  const labels: Label[] = [];
  let takenTo = -Infinity;
  for (const [index, bar] of bars.entries()) {
    const words = measure(bar.ms);
    const end = bar.x + bar.width;
    const previousEnd = index === 0 ? -Infinity : (bars[index - 1]?.x ?? 0) + (bars[index - 1]?.width ?? 0);
    const nextStart = bars[index + 1]?.x ?? Infinity;
    const isInside = bar.width > words + 12;
    const left = bar.x - words - labelGap;
    const right = end + labelGap;
    const fitsRight = right + words + labelGap <= Math.min(width, nextStart);
    const fitsLeft = left >= Math.max(0, previousEnd + labelGap, takenTo + labelGap);
    const x = isInside ? bar.x + 6 : fitsRight ? right : fitsLeft ? left : Math.min(right, width - words - 6);
    if (!isInside && x < takenTo + labelGap) continue;
    labels.push({ x, width: words, ms: bar.ms, isInside });
    takenTo = x + words;
  }
  return labels;
}

export function glyphsOf(marks: readonly Mark[], span: Span, width: number): MarkGlyph[] {
  const glyphs: MarkGlyph[] = [];
  const lastOfKind = new Map<MarkKind, number>();
  for (let index = firstMarkFrom(marks, span.from); index < marks.length; index += 1) {
    const mark = marks[index];
    if (mark === undefined || mark.at > span.to) break;
    const x = xOf(mark.at, span, width);
    const before = lastOfKind.get(mark.kind);
    const last = before === undefined ? undefined : glyphs[before];
    if (before !== undefined && last !== undefined && x - last.x < glyphGap) {
      glyphs[before] = { ...last, count: last.count + 1 };
      continue;
    }
    lastOfKind.set(mark.kind, glyphs.length);
    glyphs.push({ x, kind: mark.kind, count: 1, mark });
  }
  return glyphs;
}

/** One column a pixel at most: the highest reading in it, held since the one before. */
export function rateColumnsOf(
  rate: Samples,
  span: Span,
  width: number,
): { from: number; to: number; value: number }[] {
  const columns: { from: number; to: number; value: number }[] = [];
  const first = Math.max(1, rate.firstFrom(span.from));
  if (rate.count < 2) return columns;
  let from = xOf(rate.at(first - 1), span, width);
  let peak = 0;
  for (let index = first; index < rate.count && from <= width; index += 1) {
    const to = xOf(rate.at(index), span, width);
    peak = Math.max(peak, rate.value(index));
    if (to - from < 1 && index < rate.count - 1) continue;
    columns.push({ from, to, value: peak });
    from = to;
    peak = 0;
  }
  return columns;
}

const tickStepsMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3,
  1800e3, 3600e3, 7200e3, 21600e3,
];

/** Round moments, no closer than `gap` pixels. */
export function ticksOf(span: Span, width: number, gap: number): { at: number; x: number; stepMs: number }[] {
  const perPixel = (span.to - span.from) / width;
  const stepMs = tickStepsMs.find((step) => step / perPixel >= gap) ?? 86_400_000;
  const ticks: { at: number; x: number; stepMs: number }[] = [];
  for (let at = Math.ceil(span.from / stepMs) * stepMs; at <= span.to; at += stepMs)
    ticks.push({ at, x: xOf(at, span, width), stepMs });
  return ticks;
}
