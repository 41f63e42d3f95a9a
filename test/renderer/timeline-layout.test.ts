import { describe, expect, test } from "vitest";
import {
  barsOf,
  blackoutBarsOf,
  glyphsOf,
  labelsOf,
  panned,
  rowsOf,
  spanMsMin,
  ticksOf,
  timeAt,
  xOf,
  zoomed,
} from "../../renderer/timeline/layout.ts";
import type { Lane, Mark } from "../../renderer/timeline/lanes.ts";
import { Samples } from "../../renderer/timeline/samples.ts";

const span = { from: 10_000, to: 20_000 };
const width = 1_000;

function lane(given: Partial<Lane> = {}): Lane {
  return {
    id: "c",
    kind: "client",
    label: "c",
    hint: "",
    segments: [],
    blackouts: [],
    marks: [],
    rate: new Samples(8),
    gone: false,
    ...given,
  };
}

describe("time and pixels", () => {
  test("a moment and its pixel are each other's inverse, also outside the span", () => {
    for (const at of [9_000, 10_000, 12_345, 20_000, 31_000]) {
      expect(timeAt(xOf(at, span, width), span, width)).toBeCloseTo(at, 6);
    }
  });

  test("zooming keeps the moment under the pointer where it is, and stops at the shortest span", () => {
    const closer = zoomed(span, 0.5, 0.3);

    expect(xOf(13_000, closer, width)).toBeCloseTo(300, 6);
    expect(closer.to - closer.from).toBe(5_000);
    const closest = zoomed(span, 1e-9, 0.3);
    expect(closest.to - closest.from).toBe(spanMsMin);
  });

  test("panning moves both ends alike", () => {
    expect(panned(span, -500)).toEqual({ from: 9_500, to: 19_500 });
  });

  test("ticks are round moments with room between them, at every span", () => {
    for (const length of [20, 300, 10_000, 600_000, 86_400_000]) {
      const ticks = ticksOf({ from: 1_000_003, to: 1_000_003 + length }, width, 90);

      expect(ticks.length).toBeLessThanOrEqual(width / 90 + 1);
      for (const [index, tick] of ticks.entries()) {
        expect(tick.at % tick.stepMs).toBe(0);
        if (index > 0) expect(tick.x - ticks[index - 1]!.x).toBeGreaterThanOrEqual(89.9);
      }
    }
  });
});

describe("bars", () => {
  test("a segment is cut at the edges of what is in view; an open one ends now", () => {
    const segments = [
      { from: 5_000, to: 12_000, state: "active" as const },
      { from: 12_000, to: null, state: "killed" as const },
    ];

    expect(barsOf(segments, span, width, 15_000)).toEqual([
      { x: 0, width: 200, state: "active", isOpen: false },
      { x: 200, width: 300, state: "killed", isOpen: true },
    ]);
  });

  test("a hundred thousand short segments draw no more bars than there are pixels", () => {
    const segments = Array.from({ length: 100_000 }, (_, index) => ({
      from: 10_000 + index / 10,
      to: 10_000 + (index + 1) / 10,
      state: "active" as const,
    }));

    const bars = barsOf(segments, span, width, 20_000);

    expect(bars.length).toBeGreaterThan(width / 4);
    expect(bars.length).toBeLessThanOrEqual(width * 1.5);
  });

  test("a blackout of 31 ms in a span of ten seconds is wide enough to be seen, and says 31 ms", () => {
    const bars = blackoutBarsOf(lane({ blackouts: [{ from: 15_000, to: 15_031 }] }), span, width, 20_000);

    expect(bars).toHaveLength(1);
    expect(bars[0]!.x).toBeCloseTo(500, 6);
    expect(bars[0]!.width).toBeGreaterThanOrEqual(3);
    expect(bars[0]!.width).toBeLessThan(5);
    expect(bars[0]!.ms).toBe(31);
  });

  test("a blackout that lasts grows with the clock", () => {
    const open = lane({ blackouts: [{ from: 15_000, to: null }] });

    expect(blackoutBarsOf(open, span, width, 16_000)[0]).toMatchObject({ ms: 1_000, isOpen: true });
    expect(blackoutBarsOf(open, span, width, 17_500)[0]).toMatchObject({ ms: 2_500, width: 250 });
  });
});

describe("labels of blackouts", () => {
  const bar = (x: number, barWidth: number): Parameters<typeof labelsOf>[0][number] => ({
    x,
    width: barWidth,
    ms: 31,
    isOpen: false,
  });
  const places = (...bars: ReturnType<typeof bar>[]): number[] =>
    labelsOf(bars, width, () => 40).map((label) => label.x);

  test("stand right of a thin bar, in a wide one, and left of one at the edge", () => {
    expect(places(bar(100, 3))).toEqual([113]);
    expect(labelsOf([bar(100, 80)], width, () => 40)).toEqual([
      { x: 106, width: 40, ms: 31, isInside: true },
    ]);
    expect(places(bar(990, 3))).toEqual([940]);
  });

  test("go left when the next bar is too near on the right", () => {
    expect(places(bar(500, 3), bar(530, 3))).toEqual([450, 543]);
  });

  test("never cover each other: of many close ones some have none", () => {
    const crowd = Array.from({ length: 100 }, (_, index) => bar(300 + index * 6, 3));

    const labels = labelsOf(crowd, width, () => 40);

    expect(labels.length).toBeGreaterThan(3);
    for (const [index, label] of labels.entries()) {
      if (index > 0) expect(label.x).toBeGreaterThan(labels[index - 1]!.x + 40);
    }
  });
});

describe("marks", () => {
  const marks: Mark[] = [10_000, 10_010, 10_020, 15_000].map((at, event) => ({
    at,
    kind: "attempt",
    text: "",
    event,
  }));

  test("marks of one kind within a few pixels are one glyph with a count", () => {
    expect(glyphsOf(marks, span, width).map(({ x, count }) => [x, count])).toEqual([
      [0, 3],
      [500, 1],
    ]);
  });

  test("zooming in parts them", () => {
    expect(glyphsOf(marks, { from: 9_990, to: 10_090 }, width).map(({ count }) => count)).toEqual([1, 1, 1]);
  });
});

describe("rows", () => {
  const here = lane({ id: "here" });
  const goneInView = lane({
    id: "gone",
    gone: true,
    segments: [{ from: 0, to: 12_000, state: "on primary" }],
  });
  const goneLongAgo = lane({ id: "old", gone: true, segments: [{ from: 0, to: 500, state: "on primary" }] });
  const pair = lane({ id: "pair", kind: "pair" });

  test("fixed lanes come first; clients that left before the span take no room", () => {
    const rows = rowsOf([pair, goneLongAgo, goneInView, here], span);

    expect(rows.map((row) => row.lane.id)).toEqual(["pair", "here", "gone"]);
    expect(rows[1]!.top).toBe(rows[0]!.height);
  });

  test("rows grow into spare room, in steps of four pixels, and not without bound", () => {
    const plain = rowsOf([pair, here], span);
    const roomy = rowsOf([pair, here], span, 70);
    const vast = rowsOf([pair, here], span, 5_000);

    expect(roomy[0]!.height).toBeGreaterThanOrEqual(plain[0]!.height);
    expect(vast[1]!.height).toBeLessThan(plain[1]!.height * 2);
    for (const row of [...roomy, ...vast]) expect(row.height % 4).toBe(0);
  });
});
