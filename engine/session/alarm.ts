import { asInstant } from "../base/units.ts";
import type { Instant } from "../base/units.ts";
import type { SessionPort } from "./session.ts";

/**
 * How late what was agreed may come, for the network's and our own delays. An alarm that rings later than this means that
 * this process stood still, and what the client sent meanwhile has not been read yet.
 */
export const graceMs = 1_000;

/** When a session wants to look at its deadlines again, as told to who keeps the clock. */
export class Alarm {
  readonly #port: Pick<SessionPort, "wakeAt">;
  #at: Instant | null = null;

  constructor(port: Pick<SessionPort, "wakeAt">) {
    this.#port = port;
  }

  /** Sets it to `at`, instead of what it was set to; `Infinity` is never. */
  set(at: number): void {
    if (at === (this.#at ?? Infinity)) return;
    this.#at = at === Infinity ? null : asInstant(at);
    this.#port.wakeAt(this.#at);
  }

  /** It rings, and is set no more. Whether that is so late that this process stood still. */
  ring(now: Instant): boolean {
    const stoodStill = this.#at !== null && now - this.#at > graceMs;
    this.#at = null;
    return stoodStill;
  }
}
