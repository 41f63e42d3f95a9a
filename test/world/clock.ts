/** An action that waits for its moment; `cancel` forgets it. */
export interface Alarm {
  cancel(): void;
}

class Waiting implements Alarm {
  readonly at: number;
  readonly order: number;
  action: (() => void) | null;

  constructor(at: number, order: number, action: () => void) {
    this.at = at;
    this.order = order;
    this.action = action;
  }

  cancel(): void {
    this.action = null;
  }
}

/** Virtual time in milliseconds: it jumps from one action to the next, and two at one moment keep their order. */
export class Clock {
  now = 0;
  #count = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Waiting[] = [];

  after(delayMs: number, action: () => void): Alarm {
    return this.at(this.now + Math.max(0, delayMs), action);
  }

  at(moment: number, action: () => void): Alarm {
    const waiting = new Waiting(moment, (this.#count += 1), action);
    this.#push(waiting);
    return waiting;
  }

  /** Runs all that is due up to `until`, or as long as `isWanted`. */
  run(until: number, isWanted: () => boolean = () => true): void {
    while (isWanted()) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) break;
      this.#pop();
      this.now = Math.max(this.now, first.at);
      first.action?.();
    }
    if (isWanted()) this.now = Math.max(this.now, until);
  }

  #push(waiting: Waiting): void {
    const heap = this.#heap;
    let at = heap.push(waiting) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(waiting, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = waiting;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}
