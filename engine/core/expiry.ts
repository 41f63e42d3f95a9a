import type { Op, WallTime } from "../base/units.ts";
import type { Queue } from "./queue.ts";

export interface Expiry {
  readonly at: WallTime;
  readonly queue: Queue;
  readonly op: Op;
}

/** Messages with a time to live, the next to expire first: a binary heap. Those gone meanwhile are sorted out by the reader. */
export class ExpiryHeap {
  readonly #heap: Expiry[] = [];

  add(expiry: Expiry): void {
    const heap = this.#heap;
    let at = heap.push(expiry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]!.at <= expiry.at) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = expiry;
  }

  /** Takes the next one whose time has come. */
  takeDue(now: WallTime): Expiry | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(expiry: Expiry): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1;
      if (heap[child]!.at >= expiry.at) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = expiry;
  }
}
