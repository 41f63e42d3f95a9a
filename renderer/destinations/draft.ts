import type { ScheduleWish } from "../shared/schedule.ts";

/** A message being written. */
export interface Draft {
  destination: string;
  body: string;
  encoding: "text" | "base64";
  headers: { name: string; value: string }[];
  persistent: boolean;
  priority: number;
  /** Empty: for ever. */
  timeToLiveMs: number | null;
  correlationId: string;
  replyTo: string;
  type: string;
  count: number;
  /** As typed: whether it makes sense is for the engine to say. Empty: no such wish. */
  schedule: Record<ScheduleWish, string>;
}

export function emptyDraft(destination = "demo"): Draft {
  return {
    destination,
    body: '{ "hello": "replica" }',
    encoding: "text",
    headers: [],
    persistent: true,
    priority: 4,
    timeToLiveMs: null,
    correlationId: "",
    replyTo: "",
    type: "",
    count: 1,
    schedule: { delay: "", period: "", repeat: "", cron: "" },
  };
}
