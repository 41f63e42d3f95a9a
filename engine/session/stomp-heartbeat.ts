import type { Instant } from "../base/units.ts";
import { graceMs } from "./alarm.ts";
import { Pulse } from "./pulse.ts";

/** Beats closer together than this would cost more than they tell. */
const beatIntervalMsMin = 100;

/** What a client says in its `heart-beat` header: how often it can send, and how often it wants to hear; 0 is never. */
export interface HeartbeatWish {
  readonly sendsEveryMs: number;
  readonly wantsEveryMs: number;
}

export const noHeartbeats: HeartbeatWish = { sendsEveryMs: 0, wantsEveryMs: 0 };

/** Reads `<cx>,<cy>`; `null` when it is not that. */
export function parseHeartbeat(text: string): HeartbeatWish | null {
  const match = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(text);
  return match === null ? null : { sendsEveryMs: Number(match[1]), wantsEveryMs: Number(match[2]) };
}

/** The broker offers exactly what the client asks for, so a client decides alone whether there are beats. */
export class Heartbeats extends Pulse {
  /** The broker's half of the agreement, for the CONNECTED frame. */
  readonly header: string;

  constructor(wish: HeartbeatWish, now: Instant) {
    const sends = wish.wantsEveryMs === 0 ? 0 : Math.max(wish.wantsEveryMs, beatIntervalMsMin);
    const wants = wish.sendsEveryMs === 0 ? 0 : Math.max(wish.sendsEveryMs, beatIntervalMsMin);
    super(
      {
        // A quarter early: the interval is measured where the beat arrives.
        sendEveryMs: Math.floor(sends * 0.75),
        // Two missed ones.
        silenceMsMax: wants === 0 ? 0 : 2 * wants + graceMs,
      },
      now,
    );
    this.header = `${sends},${wants}`;
  }
}
