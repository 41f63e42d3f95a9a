import type { Op, WallTime } from "../base/units.ts";
import type { Queue } from "./queue.ts";

interface Due {
  readonly at: number;
  readonly op: Op;
}

export interface Expiry extends Due {
  readonly at: WallTime;
  readonly queue: Queue;
}

/**
 * What is to happen at a time, the next first and what was sent first before others of the same time: a binary heap.
 * What is settled meanwhile is sorted out by the reader.
 */
export class DueHeap<Item extends Due> {
  readonly #heap: Item[] = [];

  add(item: Item): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  /** Takes the next one whose time has come. */
  takeDue(now: Item["at"]): Item | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(item: Item): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.op < other.op);
}
