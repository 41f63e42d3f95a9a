import { asInstant } from "../base/units.ts";
import type { Instant } from "../base/units.ts";

/** Beats closer together than this would cost more than they tell. */
const beatIntervalMsMin = 100;
/** How much later than twice the agreed interval a beat may come, for the network's and our own delays. */
const graceMs = 1_000;

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

/**
 * Who has to be heard from, and by when. Two people on a bad telephone line agree to say "hm" now and then: whoever has
 * just spoken need not, and only after two missed ones does the other hang up.
 *
 * The broker offers exactly what the client asks for, so a client decides alone whether there are beats.
 */
export class Heartbeats {
  /** The broker's half of the agreement, for the CONNECTED frame. */
  readonly header: string;
  readonly #sendEveryMs: number;
  readonly #silenceMsMax: number;
  #sentAt: Instant;
  #receivedAt: Instant;

  constructor(wish: HeartbeatWish, now: Instant) {
    const sends = wish.wantsEveryMs === 0 ? 0 : Math.max(wish.wantsEveryMs, beatIntervalMsMin);
    const wants = wish.sendsEveryMs === 0 ? 0 : Math.max(wish.sendsEveryMs, beatIntervalMsMin);
    this.header = `${sends},${wants}`;
    // A quarter early: the interval is measured where the beat arrives.
    this.#sendEveryMs = Math.floor(sends * 0.75);
    this.#silenceMsMax = wants === 0 ? 0 : 2 * wants + graceMs;
    this.#sentAt = now;
    this.#receivedAt = now;
  }

  sent(at: Instant): void {
    this.#sentAt = at;
  }

  received(at: Instant): void {
    this.#receivedAt = at;
  }

  isBeatDue(now: Instant): boolean {
    return this.#sendEveryMs > 0 && now - this.#sentAt >= this.#sendEveryMs;
  }

  /** For how long the client has been silent beyond the agreement; `null` while it keeps to it. */
  overdueMs(now: Instant): number | null {
    const silentMs = now - this.#receivedAt;
    return this.#silenceMsMax > 0 && silentMs >= this.#silenceMsMax ? silentMs : null;
  }

  /** When to look again. */
  nextAt(): Instant | null {
    const beatAt = this.#sendEveryMs > 0 ? this.#sentAt + this.#sendEveryMs : Infinity;
    const silenceAt = this.#silenceMsMax > 0 ? this.#receivedAt + this.#silenceMsMax : Infinity;
    const next = Math.min(beatAt, silenceAt);
    return next === Infinity ? null : asInstant(next);
  }
}

/** A wake-up later than this means that this process stood still: what the client sent meanwhile has not been read yet. */
export const standstillMs = graceMs;
