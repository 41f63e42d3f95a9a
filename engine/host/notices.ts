import { counted } from "../base/words.ts";

const periodMs = 60_000;
const tellingsMax = 3;
const textsMax = 1_000;

/**
 * Keeps who tries the same in vain, over and over, from crowding everything else out of the timeline and the terminal: a
 * sentence is told three times a minute at most, and what was not told is counted in the next one.
 */
export class Notices {
  readonly #told = new Map<string, { readonly since: number; count: number }>();

  /** What to tell of `text` at `now`, by any clock in milliseconds; `null`: nothing, as it was told often enough. */
  take(text: string, now: number): string | null {
    const known = this.#told.get(text);
    if (known !== undefined && now - known.since < periodMs) {
      known.count += 1;
      return known.count > tellingsMax ? null : text;
    }
    this.#told.delete(text);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size >= textsMax) this.#told.delete(oldest);
    this.#told.set(text, { since: now, count: 1 });
    const untold = (known?.count ?? 0) - tellingsMax;
    return untold > 0 ? `${text} So it was ${counted(untold, "time")} more.` : text;
  }
}
