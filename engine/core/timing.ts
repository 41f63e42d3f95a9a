import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { jobIdProperty, scheduleProperties as names } from "../base/schedule.ts";
import { asWallTime, type Op, type WallTime } from "../base/units.ts";
import { nextCronTime, parseCron, type Cron } from "./cron.ts";
import { propertyText, type Message, type PropertyValue } from "./message.ts";

const jobIdPrefix = "ID:understudy-job-";

/** A scheduled message's name for clients. */
export function jobIdOf(job: Op): string {
  return jobIdPrefix + String(job);
}

/** Reads {@link jobIdOf} back; `null` when it is none of ours. */
export function parseJobId(text: string): Op | null {
  const digits = text.startsWith(jobIdPrefix) ? text.slice(jobIdPrefix.length) : "";
  return /^[1-9]\d{0,15}$/.test(digits) ? (Number(digits) as Op) : null;
}

/** When a scheduled message is to be delivered. */
export interface Timing {
  readonly delayMs: number;
  readonly periodMs: number;
  /** Deliveries after the first; below 0 there is no end. */
  readonly repeatCount: number;
  readonly cron: Cron | null;
}

/** After some time, or at times of the calendar. */
export const scheduleKinds = ["delay", "calendar"] as const;
export type ScheduleKind = (typeof scheduleKinds)[number];

/** How it is to be delivered later than it is sent; `null`: it is not. */
export function scheduleKindOf({ properties }: Pick<Message, "properties">): ScheduleKind | null {
  // Nearly all messages have none.
  if (properties.size === 0 || properties.has(jobIdProperty)) return null;
  const has = (name: string) => (properties.get(name) ?? null) !== null;
  if (has(names.cron)) return "calendar";
  return has(names.delay) || has(names.period) ? "delay" : null;
}

/** What a scheduled message's properties say; throws SCHEDULE_INVALID. */
export function timingOf({ properties }: Pick<Message, "properties">): Timing {
  const cronText = propertyText(properties.get(names.cron) ?? "");
  const cron = cronText === "" ? null : parseCron(cronText);
  if (typeof cron === "string") throw invalid(names.cron, cronText, cron);
  const delayMs = wholeOf(properties, names.delay, limits.scheduleDelayMsMax);
  const periodMs = wholeOf(properties, names.period, limits.scheduleDelayMsMax);
  const repeatCount = wholeOf(properties, names.repeat, limits.scheduleRepeatMax);
  // ActiveMQ takes a time that is over for now.
  const timing = { delayMs: Math.max(0, delayMs), periodMs: Math.max(0, periodMs), repeatCount, cron };
  if (repeatCount < 0 && timing.periodMs === 0)
    throw invalid(names.period, String(periodMs), "above 0, as the message is to be repeated without end");
  return timing;
}

function wholeOf(properties: ReadonlyMap<string, PropertyValue>, name: string, max: number): number {
  const value = properties.get(name) ?? null;
  if (value === null) return 0;
  const text = propertyText(value);
  const number = /^-?\d{1,18}$/.test(text) ? Number(text) : NaN;
  if (!(number <= max)) throw invalid(name, text, `a whole number of at most ${max}`);
  return number;
}

function invalid(property: string, value: string, expected: string): BrokerError {
  return new BrokerError("SCHEDULE_INVALID", {
    property,
    value: JSON.stringify(value.slice(0, 128)),
    expected,
  });
}

/** When a message is delivered first, or after a cron time has come once more; `null` when that is never. */
function firstTime({ delayMs, periodMs, cron }: Timing, now: WallTime): WallTime | null {
  const start = cron === null ? now : nextCronTime(cron, now);
  return start === null ? null : asWallTime(start + (delayMs > 0 ? delayMs : periodMs));
}

/** When it is delivered first; throws SCHEDULE_INVALID when that is never. */
export function dueTime(message: Message, now: WallTime): WallTime {
  const dueAt = firstTime(timingOf(message), now);
  if (dueAt !== null) return dueAt;
  const text = propertyText(message.properties.get(names.cron) ?? "");
  throw invalid(names.cron, text, "a time that ever comes");
}

/**
 * When it is delivered once more, after `firedCount` deliveries of which the last one is `lateMs` late; `null` when it
 * is not. With a cron entry and repetitions each time of the entry starts a whole series.
 */
export function nextTime(timing: Timing, firedCount: number, now: WallTime, lateMs: number): WallTime | null {
  const { periodMs, repeatCount, cron } = timing;
  if (repeatCount < 0 || firedCount % (repeatCount + 1) !== 0) {
    // Late by more than that, as after a failover: what was missed is not made up for.
    return asWallTime(now + periodMs - (lateMs < periodMs ? lateMs : 0));
  }
  return cron === null ? null : firstTime(timing, now);
}

/** The message that is delivered when a scheduled one's time has come. */
export function firedMessage(message: Message, job: Op, now: WallTime): Message {
  const { repeatCount, cron } = timingOf(message);
  const properties = new Map(message.properties);
  for (const name of Object.values(names)) properties.delete(name);
  properties.set(jobIdProperty, jobIdOf(job));
  // One of several needs an id of its own.
  const origin = repeatCount === 0 && cron === null ? message.origin : null;
  return { ...message, ...restarted(message, now), properties, origin };
}

/** As in ActiveMQ its time to live begins when it is delivered. */
function restarted({ sentAt, expiresAt }: Message, now: WallTime): Pick<Message, "sentAt" | "expiresAt"> {
  if (sentAt === 0 || expiresAt === null || expiresAt <= sentAt || now <= sentAt)
    return { sentAt, expiresAt };
  return { sentAt: now, expiresAt: asWallTime(now + (expiresAt - sentAt)) };
}

/** The message that tells of a scheduled one, to who asked for that. */
export function listedMessage(message: Message, job: Op, to: NonNullable<Message["replyTo"]>): Message {
  const properties = new Map(message.properties).set(jobIdProperty, jobIdOf(job));
  return {
    ...message,
    destination: to,
    properties,
    persistent: false,
    expiresAt: null,
    type: "Advisory",
    origin: null,
  };
}
