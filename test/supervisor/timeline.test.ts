import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PairEvent, ViewUpdate } from "../../engine/control/events.ts";
import { Timeline } from "../../engine/supervisor/timeline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const notice = { kind: "notice", severity: "info", text: "so it is" } as const;

/** Only the numbers of rows matter here. */
function timelineWith(rowCount: number): { timeline: Timeline; madeCount: () => number } {
  let madeCount = 0;
  const views = { kind: "views", clients: [], destinations: Array.from({ length: rowCount }) };
  const timeline = new Timeline(
    () => {
      madeCount += 1;
      return views as unknown as ViewUpdate;
    },
    () => 1_000,
  );
  return { timeline, madeCount: () => madeCount };
}

describe("timeline", () => {
  test("whoever follows the events alone has no views made", () => {
    const { timeline, madeCount } = timelineWith(1);
    const heard: PairEvent[] = [];
    const leave = timeline.follow((event) => heard.push(event));
    timeline.add(notice);
    vi.advanceTimersByTime(10_000);
    expect(madeCount()).toBe(0);
    expect(heard).toMatchObject([{ ...notice, id: 1 }]);

    leave();
    timeline.add(notice);
    expect(heard).toHaveLength(1);
  });

  test.each([
    { rowCount: 10, perMinute: 240 },
    { rowCount: 12_000, perMinute: 20 },
  ])(
    "views of $rowCount rows are made about $perMinute times a minute at most",
    ({ rowCount, perMinute }) => {
      const { timeline, madeCount } = timelineWith(rowCount);
      timeline.subscribe(() => undefined);
      for (let passed = 0; passed < 60_000; passed += 10) {
        timeline.touch();
        vi.advanceTimersByTime(10);
      }
      expect(madeCount()).toBeGreaterThan(perMinute * 0.9);
      expect(madeCount()).toBeLessThan(perMinute * 1.1);
    },
  );

  test("a change of state is shown at once, however much there is to show", () => {
    const { timeline, madeCount } = timelineWith(12_000);
    timeline.subscribe(() => undefined);
    vi.advanceTimersByTime(1);
    expect(madeCount()).toBe(1);
    timeline.touch({ urgent: true });
    vi.advanceTimersByTime(1);
    expect(madeCount()).toBe(2);
  });

  test("when all has stopped, the views are made once more, as rates look back", () => {
    const { timeline, madeCount } = timelineWith(1);
    timeline.subscribe(() => undefined);
    for (let change = 0; change < 4; change += 1) {
      timeline.touch();
      vi.advanceTimersByTime(250);
    }
    const before = madeCount();

    vi.advanceTimersByTime(1_000);
    expect(madeCount()).toBe(before);
    vi.advanceTimersByTime(60_000);
    expect(madeCount()).toBe(before + 1);
  });
});
