import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asWallTime } from "../../engine/base/units.ts";
import { nextCronTime, parseCron, type Cron } from "../../engine/core/cron.ts";

const zone = process.env["TZ"];

function setZone(name: string | undefined): void {
  if (name === undefined) delete process.env["TZ"];
  else process.env["TZ"] = name;
}

function cron(text: string): Cron {
  const parsed = parseCron(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

/** The times that follow, in the zone set, as `2026-02-28 13:05`. */
function next(text: string, after: string, count = 1): string[] {
  const times: string[] = [];
  let at = new Date(after).getTime();
  for (let index = 0; index < count; index += 1) {
    const found = nextCronTime(cron(text), asWallTime(at));
    if (found === null) return [...times, "never"];
    at = found;
    const date = new Date(at);
    const digits = [
      date.getFullYear(),
      date.getMonth() + 1,
      date.getDate(),
      date.getHours(),
      date.getMinutes(),
    ];
    const [year, month, day, hour, minute] = digits.map((number) => String(number).padStart(2, "0"));
    times.push(`${year}-${month}-${day} ${hour}:${minute}`);
  }
  return times;
}

beforeEach(() => {
  setZone("Europe/Vienna");
});
afterEach(() => {
  setZone(zone);
});

describe("cron: when it is time next", () => {
  test.each([
    ["* * * * *", "2026-11-28T10:00:00", ["2026-11-28 10:01", "2026-11-28 10:02"]],
    ["* * * * *", "2026-11-28T10:00:59.999", ["2026-11-28 10:01"]],
    ["0 * * * *", "2026-11-28T10:00:00", ["2026-11-28 11:00", "2026-11-28 12:00"]],
    ["0 0 1 1 *", "2026-11-28T10:00:00", ["2027-01-01 00:00", "2028-01-01 00:00"]],
    ["30 4 * * 1-5", "2026-11-27T05:00:00", ["2026-11-30 04:30", "2026-12-01 04:30"]],
    ["0 12 ? * 0", "2026-11-28T10:00:00", ["2026-11-29 12:00", "2026-12-06 12:00"]],
    // Either field of days will do when both are restricted.
    ["0 0 13 * 5", "2026-11-01T10:00:00", ["2026-11-06 00:00", "2026-11-13 00:00", "2026-11-20 00:00"]],
    ["*/20 9-17/4 * * *", "2026-11-28T10:00:00", ["2026-11-28 12:00", "2026-11-28 12:20"]],
    ["10-59/20 1 * * *", "2026-11-28T10:00:00", ["2026-11-29 01:20", "2026-11-29 01:40", "2026-11-30 01:20"]],
    [
      "5,10,59 23 31 * *",
      "2026-11-28T10:00:00",
      ["2026-12-31 23:05", "2026-12-31 23:10", "2026-12-31 23:59"],
    ],
    ["0 0 29 2 *", "2096-03-01T00:00:00", ["2104-02-29 00:00"]],
    ["0 0 30 2 *", "2026-11-28T10:00:00", ["never"]],
  ])("%s after %s", (text, after, expected) => {
    expect(next(text, after, expected.length)).toEqual(expected);
  });

  test("a time that the clocks are put over is left out, one that comes twice is taken twice", () => {
    expect(next("30 2 * * *", "2026-03-28T12:00:00", 2)).toEqual(["2026-03-30 02:30", "2026-03-31 02:30"]);
    expect(next("30 2 * * *", "2026-10-24T12:00:00", 3)).toEqual([
      "2026-10-25 02:30",
      "2026-10-25 02:30",
      "2026-10-26 02:30",
    ]);
  });

  test("it is the time zone of the process that counts", () => {
    const after = asWallTime(Date.UTC(2026, 0, 1, 0, 0));
    setZone("UTC");
    expect(nextCronTime(cron("0 12 * * *"), after)).toBe(Date.UTC(2026, 0, 1, 12));
    setZone("America/New_York");
    expect(nextCronTime(cron("0 12 * * *"), after)).toBe(Date.UTC(2026, 0, 1, 17));
  });

  test("it is the first minute of all that follow that fits", () => {
    const number = (min: number, max: number): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constantFrom("*", "?", "*/7", "*/2"),
        fc.integer({ min, max }).map(String),
        fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([one, other]) => `${one},${other}`),
        fc.integer({ min, max: max - 1 }).map((first) => `${first}-${max}`),
      );
    const entry = fc.tuple(number(0, 59), number(0, 23), number(1, 28), fc.constant("*"), number(0, 6));
    const start = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2028, 0) });
    fc.assert(
      fc.property(entry, start, (fields, after) => {
        const found = nextCronTime(cron(fields.join(" ")), asWallTime(after));
        let at = (Math.floor(after / 60_000) + 1) * 60_000;
        while (!fits(fields, new Date(at))) at += 60_000;
        expect(found).toBe(at);
      }),
      { numRuns: 60 },
    );
  });
});

/** The same by plain comparison of texts. */
function fits([minute, hour, day, , weekday]: readonly string[], date: Date): boolean {
  const has = (text: string, value: number): boolean =>
    text.split(",").some((item) => {
      if (item === "*" || item === "?") return true;
      if (item.startsWith("*/")) return value % Number(item.slice(2)) === 0;
      const [first, last = first] = item.split("-").map(Number);
      return value >= first! && value <= last!;
    });
  const isFree = (text: string, count: number): boolean =>
    Array.from({ length: count }, (_, index) => index).every((index) =>
      has(text, index + (count === 31 ? 1 : 0)),
    );
  const [isDay, isWeekday] = [has(day!, date.getDate()), has(weekday!, date.getDay())];
  const isDated = isFree(day!, 31) || isFree(weekday!, 7) ? isDay && isWeekday : isDay || isWeekday;
  return isDated && has(minute!, date.getMinutes()) && has(hour!, date.getHours());
}

describe("cron: what is no entry", () => {
  test.each([
    ["", "five fields"],
    ["* * * *", "five fields"],
    ["* * * * * *", "five fields"],
    ["60 * * * *", '"60" as minute'],
    ["* 24 * * *", '"24" as hour'],
    ["* * 0 * *", "day of the month"],
    ["* * * 13 *", "month"],
    ["* * * * 7", "0 is Sunday"],
    ["* * * * MON", "from 0 to 6"],
    ["*/0 * * * *", '"*/0" as minute'],
    ["5/10 * * * *", '"5/10" as minute'],
    ["1,,2 * * * *", '"1,,2" as minute'],
    ["9-5 * * * *", '"9-5" as minute'],
    ["-1 * * * *", '"-1" as minute'],
  ])("%s", (text, expected) => {
    expect(parseCron(text)).toContain(expected);
  });
});
