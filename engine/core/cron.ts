import { asWallTime, type WallTime } from "../base/units.ts";

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const fields = {
  minute: { name: "minute", min: 0, max: 59 },
  hour: { name: "hour", min: 0, max: 23 },
  day: { name: "day of the month", min: 1, max: 31 },
  month: { name: "month", min: 1, max: 12 },
  weekday: { name: "day of the week (0 is Sunday)", min: 0, max: 6 },
} as const satisfies Record<string, Field>;

type FieldName = keyof typeof fields;

/** When something happens again and again: the values that each part of the time may have. */
export type Cron = Readonly<Record<FieldName, ReadonlySet<number>>>;

const minuteMs = 60_000;
/** From one 29th of February to the next there may be eight years. */
const searchMs = 9 * 366 * 24 * 60 * minuteMs;

/**
 * Reads minute, hour, day, month and day of the week as ActiveMQ writes them: `*`, `?`, numbers, lists, ranges and
 * steps. Of a step count the values that it divides, so that `10-59/20` is 20 and 40. Says what is wrong otherwise.
 */
export function parseCron(text: string): Cron | string {
  const parts = text.trim().split(/\s+/);
  const names = Object.keys(fields) as FieldName[];
  if (parts.length !== names.length) return `five fields (${names.join(" ")})`;
  const sets: Partial<Record<FieldName, ReadonlySet<number>>> = {};
  for (const [index, name] of names.entries()) {
    const values = valuesOf(parts[index] ?? "", fields[name]);
    if (values === null) {
      const { name: called, min, max } = fields[name];
      return `a cron entry: of ${JSON.stringify(parts[index])} as ${called} there is no value from ${min} to ${max}`;
    }
    sets[name] = values;
  }
  return sets as Cron;
}

function valuesOf(text: string, field: Field): ReadonlySet<number> | null {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const match = /^(?:[*?]|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item);
    if (match === null) return null;
    const first = match[1] === undefined ? field.min : Number(match[1]);
    const last = match[1] === undefined ? field.max : Number(match[2] ?? match[1]);
    const step = Number(match[3] ?? 1);
    if (first < field.min || last > field.max || step === 0) return null;
    for (let value = first; value <= last; value += 1) if (value % step === 0) values.add(value);
  }
  return values.size === 0 ? null : values;
}

/**
 * The first such time later than `after`, on the minute, in the time zone of this process; `null` when there is none,
 * as on a 30th of February. A time that the clocks are put over is left out.
 */
export function nextCronTime(cron: Cron, after: WallTime): WallTime | null {
  let at = (Math.floor(after / minuteMs) + 1) * minuteMs;
  for (const until = at + searchMs; at < until;) {
    const next = skip(cron, new Date(at));
    if (next === null) return asWallTime(at);
    at = Math.max(next, at + minuteMs);
  }
  return null;
}

/** Where to go on when this is no such time. */
function skip(cron: Cron, date: Date): number | null {
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  if (!cron.month.has(month + 1)) return new Date(year, month + 1, 1).getTime();
  if (!hasDay(cron, date)) return new Date(year, month, day + 1).getTime();
  if (!cron.hour.has(date.getHours())) return date.getTime() + (60 - date.getMinutes()) * minuteMs;
  return cron.minute.has(date.getMinutes()) ? null : date.getTime() + minuteMs;
}

/** As in every cron, of two restricted fields of days either will do. */
function hasDay(cron: Cron, date: Date): boolean {
  const isDay = cron.day.has(date.getDate());
  const isWeekday = cron.weekday.has(date.getDay());
  if (isWhole(cron.day, fields.day) || isWhole(cron.weekday, fields.weekday)) return isDay && isWeekday;
  return isDay || isWeekday;
}

function isWhole(values: ReadonlySet<number>, { min, max }: Field): boolean {
  return values.size === max - min + 1;
}
