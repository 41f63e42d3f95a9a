import { clockTime } from "../shared/format.ts";
import { markWords } from "./glyphs.ts";
import { barsOf, blackoutBarsOf, firstEndingAfter, glyphsOf, rowsOf, timeAt, type Span } from "./layout.ts";
import type { TimelineModel } from "./model.ts";

/** What the pointer is on, in words. */
export interface Explanation {
  x: number;
  y: number;
  title: string;
  text: string;
  lengthMs: number | null;
  /** Near the right edge: the words go to the left of the pointer. */
  isRight: boolean;
}

interface Point {
  model: TimelineModel;
  span: Span;
  width: number;
  now: number;
  x: number;
  /** From the top of the first lane. */
  y: number;
  /** Height for all lanes. */
  room: number;
}

const reachPixels = 7;

export function explanationAt({ model, span, width, now, x, y, room }: Point): Explanation | null {
  if (x < 0 || x > width) return null;
  const row = rowsOf(model.lanes, span, room).find(
    (candidate) => y >= candidate.top && y < candidate.top + candidate.height,
  );
  if (row === undefined) return null;
  const place = { x, y, isRight: x > width * 0.6 };
  const { lane } = row;

  const glyph = glyphsOf(lane.marks, span, width).findLast(
    (candidate) => Math.abs(candidate.x - x) <= reachPixels,
  );
  if (glyph !== undefined) {
    const more = glyph.count > 1 ? ` (${glyph.count} of these here)` : "";
    return {
      ...place,
      title: `${clockTime(glyph.mark.at)} ${markWords[glyph.kind]}${more}`,
      text: glyph.mark.text,
      lengthMs: null,
    };
  }
  const blackout = blackoutBarsOf(lane, span, width, now).find(
    (bar) => x >= bar.x - 3 && x <= bar.x + bar.width + 3,
  );
  if (blackout !== undefined) {
    const text = blackout.isOpen
      ? "No operation has been confirmed since."
      : "From the last confirmed operation to the next.";
    return { ...place, title: `${lane.label}: blackout`, text, lengthMs: blackout.ms };
  }
  if (!barsOf(lane.segments, span, width, now).some((bar) => x >= bar.x && x <= bar.x + bar.width))
    return null;
  const segment = lane.segments[firstEndingAfter(lane.segments, timeAt(x, span, width))];
  if (segment === undefined) return null;
  const end = segment.to === null ? "now" : clockTime(segment.to);
  return {
    ...place,
    title: `${lane.label}: ${segment.state}`,
    text: `${clockTime(segment.from)} to ${end}`,
    lengthMs: (segment.to ?? Math.max(now, segment.from)) - segment.from,
  };
}
