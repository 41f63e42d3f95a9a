import { beforeEach, describe, expect, test } from "vitest";
import { TimelineView } from "../../renderer/state/timeline-view.svelte.ts";

let now: number;
let gaze: TimelineView;

beforeEach(() => {
  now = 1_000_000;
  gaze = new TimelineView(() => now);
});

describe("following", () => {
  test("the span moves with the clock, with now just inside its right edge", () => {
    const before = gaze.span();
    now += 5_000;

    expect(gaze.span().to - before.to).toBe(5_000);
    expect(gaze.span().to).toBeGreaterThan(now);
    expect(gaze.span().to - now).toBeLessThan(gaze.spanMs * 0.05);
  });

  test("a pause holds the picture; following again jumps to now", () => {
    gaze.pause();
    const held = gaze.span();
    now += 60_000;

    expect(gaze.span()).toEqual(held);
    gaze.follow();
    expect(gaze.span().to).toBeGreaterThan(now);
  });

  test("zooming while live keeps following", () => {
    gaze.zoom(0.5, 0.1);

    expect(gaze.isLive).toBe(true);
    expect(gaze.spanMs).toBe(15_000);
  });
});

describe("looking back", () => {
  test("moving left pauses; moving right beyond now follows again", () => {
    gaze.pan(-0.5);
    expect(gaze.isLive).toBe(false);

    gaze.pan(0.2);
    expect(gaze.isLive).toBe(false);

    gaze.pan(0.6);
    expect(gaze.isLive).toBe(true);
  });

  test("a moment of an event is brought to the middle", () => {
    gaze.centre(900_000);

    const { from, to } = gaze.span();
    expect((from + to) / 2).toBe(900_000);
  });
});

describe("selecting", () => {
  test("works in both directions, and pauses so that it does not run away", () => {
    gaze.select(5_000, 3_000);

    expect(gaze.selection).toEqual({ from: 3_000, to: 5_000 });
    expect(gaze.isLive).toBe(false);
  });

  test("is over when it is cleared: it follows again, unless it was paused or moved meanwhile", () => {
    gaze.select(3_000, 5_000);
    gaze.clearSelection();
    expect(gaze.isLive).toBe(true);

    gaze.select(3_000, 5_000);
    gaze.pan(-0.5);
    gaze.clearSelection();
    expect(gaze.isLive).toBe(false);

    gaze.follow();
    gaze.pause();
    gaze.select(3_000, 5_000);
    gaze.clearSelection();
    expect(gaze.isLive).toBe(false);
  });

  test("from the keyboard begins at the middle, grows, shrinks, and never turns round", () => {
    gaze.extendSelection(0.1);
    gaze.extendSelection(0.1);
    const { from, to } = gaze.selection!;
    expect(to - from).toBeCloseTo(gaze.spanMs * 0.2, 6);

    for (let times = 0; times < 5; times += 1) gaze.extendSelection(-0.1);
    expect(gaze.selection).toEqual({ from, to: from });

    gaze.clearSelection();
    expect(gaze.selection).toBeNull();
  });
});
