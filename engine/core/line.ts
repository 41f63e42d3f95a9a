import type { QueuedMessage } from "./queue.ts";

/**
 * Waiting messages of one priority, in the order of positions. Messages that were delivered or removed meanwhile are
 * skipped when they reach the front, so that taking one from the middle costs nothing.
 */
export class Line {
  #fifo: QueuedMessage[] = [];
  #start = 0;
  /** Sorted by position, lowest last, so that the front is taken with `pop`. */
  readonly #returned: QueuedMessage[] = [];

  push(message: QueuedMessage): void {
    this.#fifo.push(message);
  }

  putBack(message: QueuedMessage): void {
    let low = 0;
    let high = this.#returned.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#returned[middle]!.position > message.position) low = middle + 1;
      else high = middle;
    }
    this.#returned.splice(low, 0, message);
  }

  /** Adds the first waiting messages to `found` until it holds `countMax`. */
  collect(found: QueuedMessage[], countMax: number, isWaiting: (message: QueuedMessage) => boolean): void {
    this.#dropGone(isWaiting);
    let freshAt = this.#start;
    let returnedAt = this.#returned.length - 1;
    let last: QueuedMessage | undefined;
    while (found.length < countMax) {
      const fresh = this.#fifo[freshAt];
      const returned = this.#returned[returnedAt];
      const message =
        fresh === undefined || (returned !== undefined && returned.position <= fresh.position)
          ? returned
          : fresh;
      if (message === undefined) return;
      if (message === returned) returnedAt -= 1;
      else freshAt += 1;
      // One that came back before the front had passed it stands in both lists.
      if (message === last || !isWaiting(message)) continue;
      found.push(message);
      last = message;
    }
  }

  #dropGone(isWaiting: (message: QueuedMessage) => boolean): void {
    for (
      let last = this.#returned.at(-1);
      last !== undefined && !isWaiting(last);
      last = this.#returned.at(-1)
    )
      this.#returned.pop();
    for (
      let first = this.#fifo[this.#start];
      first !== undefined && !isWaiting(first);
      first = this.#fifo[this.#start]
    )
      this.#start += 1;
    this.#compact();
  }

  #compact(): void {
    if (this.#start < 1_024 || this.#start * 2 < this.#fifo.length) return;
    this.#fifo = this.#fifo.slice(this.#start);
    this.#start = 0;
  }
}
