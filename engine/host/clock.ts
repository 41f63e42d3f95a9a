import { asInstant, asWallTime, type Moment } from "../base/units.ts";

/** Both clocks of this process, read together. */
export function readClocks(): Moment {
  return { monotonic: asInstant(performance.now()), wall: asWallTime(Date.now()) };
}
