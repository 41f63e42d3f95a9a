import type { Random } from "./random.ts";

/**
 * What waits for a frozen process, by source. Each source keeps its order; between them, as in a real event loop after
 * a long sleep, anything may come first.
 */
export class Mailboxes {
  readonly #random: Random;
  readonly #waiting = new Map<string, (() => void)[]>();
  #behind: (() => void)[] = [];
  #isHeld = false;
  #isReleasing = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  put(source: string, action: () => void): void {
    if (!this.#isHeld && !this.#isReleasing) return action();
    const box = this.#waiting.get(source);
    if (box === undefined) this.#waiting.set(source, [action]);
    else box.push(action);
  }

  /** Whether something of this source waits. */
  holds(source: string): boolean {
    return this.#waiting.has(source);
  }

  /** Runs it once nothing waits any more. */
  putBehind(action: () => void): void {
    if (this.#isReleasing) this.#behind.push(action);
    else action();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#isReleasing = true;
    while (this.#waiting.size > 0) {
      const source = this.#random.pick([...this.#waiting.keys()]);
      const box = this.#waiting.get(source)!;
      const action = box.shift()!;
      if (box.length === 0) this.#waiting.delete(source);
      action();
    }
    this.#isReleasing = false;
    for (const action of this.#behind.splice(0)) action();
  }

  drop(): void {
    this.#waiting.clear();
    this.#behind = [];
  }
}
