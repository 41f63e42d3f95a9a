import { describe, expect, test } from "vitest";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import type { Message, PropertyValue } from "../../engine/core/message.ts";
import {
  dueTime,
  firedMessage,
  jobIdOf,
  nextTime,
  parseJobId,
  scheduleKindOf,
  timingOf,
} from "../../engine/core/timing.ts";
import { messageTo, orders } from "./helpers.ts";

type Asked = Partial<Record<"DELAY" | "PERIOD" | "REPEAT" | "CRON", PropertyValue>>;

function scheduled(asked: Asked, changes: Partial<Message> = {}): Message {
  const properties = new Map(
    Object.entries(asked).map(([name, value]) => [`AMQ_SCHEDULED_${name}`, value] as const),
  );
  return messageTo(orders, { ...changes, properties });
}

/** All times at which it would be delivered, each `lateMs` late, but no more than 6. */
function times(asked: Asked, lateMs = 0): number[] {
  const message = scheduled(asked);
  const timing = timingOf(message);
  const found: number[] = [];
  let dueAt: number | null = dueTime(message, asWallTime(0));
  while (dueAt !== null && found.length < 6) {
    const now = asWallTime(dueAt + lateMs);
    found.push(now);
    dueAt = nextTime(timing, found.length, now, lateMs);
  }
  return found;
}

describe("timing: when", () => {
  test("a delay, a period, a count of repetitions", () => {
    expect(times({ DELAY: 5_000n })).toEqual([5_000]);
    expect(times({ DELAY: "5000" })).toEqual([5_000]);
    expect(times({ DELAY: { type: "int", value: 5_000 } })).toEqual([5_000]);
    expect(times({ DELAY: -5n })).toEqual([0]);
    expect(times({ PERIOD: 700n })).toEqual([700]);
    expect(times({ DELAY: 100n, PERIOD: 700n, REPEAT: 2n })).toEqual([100, 800, 1_500]);
    expect(times({ PERIOD: 700n, REPEAT: 1n })).toEqual([700, 1_400]);
    expect(times({ DELAY: 100n, REPEAT: 2n })).toEqual([100, 100, 100]);
    expect(times({ PERIOD: 10n, REPEAT: -1n })).toEqual([10, 20, 30, 40, 50, 60]);
  });

  test("being late does not add up, and what was missed is not made up for", () => {
    expect(times({ PERIOD: 100n, REPEAT: -1n }, 30)).toEqual([130, 230, 330, 430, 530, 630]);
    expect(times({ PERIOD: 100n, REPEAT: 2n }, 250)).toEqual([350, 700, 1_050]);
  });

  test("each time of a cron entry starts a series", () => {
    const minute = 60_000;
    expect(times({ CRON: "* * * * *" }).slice(0, 3)).toEqual([minute, 2 * minute, 3 * minute]);
    expect(times({ CRON: "* * * * *", DELAY: 1_000n, PERIOD: 2_000n, REPEAT: 1n })).toEqual([
      minute + 1_000,
      minute + 3_000,
      2 * minute + 1_000,
      2 * minute + 3_000,
      3 * minute + 1_000,
      3 * minute + 3_000,
    ]);
  });

  test.each<[Asked, RegExp]>([
    [{ DELAY: "soon" }, /AMQ_SCHEDULED_DELAY has the value "soon", which is not a whole number/],
    [{ DELAY: 10n ** 15n }, /a whole number of at most/],
    [{ PERIOD: 5n, REPEAT: 1_001n }, /AMQ_SCHEDULED_REPEAT.*at most 1000/],
    [{ DELAY: 5n, REPEAT: -1n }, /AMQ_SCHEDULED_PERIOD.*above 0/],
    [{ CRON: "every day" }, /AMQ_SCHEDULED_CRON.*five fields/],
    [{ CRON: "0 0 30 2 *" }, /a time that ever comes/],
  ])("%o is refused", (asked, why) => {
    expect(() => dueTime(scheduled(asked), asWallTime(0))).toThrow(why);
  });

  test("only what asks for it is scheduled, and nothing twice", () => {
    expect(scheduleKindOf(messageTo(orders))).toBeNull();
    expect(scheduleKindOf(scheduled({ REPEAT: 5n }))).toBeNull();
    expect(scheduleKindOf(scheduled({ PERIOD: 5n }))).toBe("delay");
    expect(scheduleKindOf(scheduled({ DELAY: 5n, CRON: "* * * * *" }))).toBe("calendar");
    const fired = firedMessage(scheduled({ DELAY: 5n }), asOp(3), asWallTime(0));
    expect(
      scheduleKindOf({ properties: new Map([...fired.properties, ["AMQ_SCHEDULED_DELAY", 5n]]) }),
    ).toBeNull();
  });
});

describe("timing: what is delivered", () => {
  const origin = { producer: "p", sequence: 5 };

  test("properties of the schedule are replaced by the job's name", () => {
    const message = scheduled({ DELAY: 5n, PERIOD: 5n, REPEAT: 0n }, { origin });
    const properties = new Map<string, PropertyValue>([...message.properties, ["kept", 7n]]);
    const fired = firedMessage({ ...message, properties }, asOp(3), asWallTime(9));
    expect([...fired.properties]).toEqual([
      ["kept", 7n],
      ["scheduledJobId", jobIdOf(asOp(3))],
    ]);
    expect(fired.origin).toBe(origin);
    expect(parseJobId(jobIdOf(asOp(3)))).toBe(3);
    expect(parseJobId("ID:other-3")).toBeNull();
  });

  test("one of several has an id of its own", () => {
    for (const asked of [{ PERIOD: 5n, REPEAT: 1n }, { CRON: "* * * * *" }])
      expect(firedMessage(scheduled(asked, { origin }), asOp(3), asWallTime(9)).origin).toBeNull();
  });

  test("the time to live begins with the delivery", () => {
    const mortal = scheduled({ DELAY: 5n }, { sentAt: asWallTime(1_000), expiresAt: asWallTime(1_500) });
    expect(firedMessage(mortal, asOp(3), asWallTime(9_000))).toMatchObject({
      sentAt: 9_000,
      expiresAt: 9_500,
    });
    const undated = { ...mortal, sentAt: asWallTime(0) };
    expect(firedMessage(undated, asOp(3), asWallTime(9_000))).toMatchObject({ sentAt: 0, expiresAt: 1_500 });
    expect(firedMessage(scheduled({ DELAY: 5n }), asOp(3), asWallTime(9_000))).toMatchObject({
      sentAt: 1_000,
    });
  });
});
