import { sentenceOf } from "../backend.ts";

export interface Notice {
  readonly id: number;
  readonly tone: "info" | "damage";
  readonly text: string;
}

const noticesMax = 4;
const infoShownMs = 5_000;

/** Short messages over the window. Failures stay until they are dismissed; the rest goes by itself. */
export class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #lastId = 0;
  readonly #after: (delayMs: number, run: () => void) => void;

  constructor(
    after: (delayMs: number, run: () => void) => void = (delayMs, run) => void setTimeout(run, delayMs),
  ) {
    this.#after = after;
  }

  tell(text: string): void {
    const id = this.#add("info", text);
    this.#after(infoShownMs, () => this.dismiss(id));
  }

  fail(error: unknown): void {
    this.#add("damage", sentenceOf(error));
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(tone: Notice["tone"], text: string): number {
    this.#lastId += 1;
    const others = this.list.filter((notice) => notice.text !== text);
    this.list = [...others, { id: this.#lastId, tone, text }].slice(-noticesMax);
    return this.#lastId;
  }
}
