import type { Op } from "../base/units.ts";
import type { MessageHead } from "./message.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import { viewOf } from "./selection.ts";
import type { Selector } from "./selector/selector.ts";
import { Sieve } from "./sieve.ts";
import type { TurnBudget } from "./turn-budget.ts";

/** Reads a message; `null` when it is not on the disk yet, and no longer in memory. */
export type ReadMessage = (op: Op) => MessageHead | null;

interface UsedSieve {
  readonly sieve: Sieve;
  /** Consumers of the queue with this selector. */
  userCount: number;
}

/** The sieves of all queues: one for each selector that consumers of a queue have, however many those are. */
export class Sieves {
  readonly #read: ReadMessage;
  readonly #byQueue = new Map<Queue, Map<string, UsedSieve>>();

  constructor(read: ReadMessage) {
    this.#read = read;
  }

  /** Whether any consumer of the queue has a selector. */
  covers(queue: Queue): boolean {
    return this.#byQueue.has(queue);
  }

  join(queue: Queue, selector: Selector): void {
    let ofQueue = this.#byQueue.get(queue);
    if (ofQueue === undefined) this.#byQueue.set(queue, (ofQueue = new Map<string, UsedSieve>()));
    const used = ofQueue.get(selector.text);
    if (used !== undefined) {
      used.userCount += 1;
      return;
    }
    const selects = ({ op, deliveryCount }: QueuedMessage): boolean | null => {
      const message = this.#read(op);
      return message === null ? null : selector.matches(viewOf(op, message, deliveryCount));
    };
    ofQueue.set(selector.text, { sieve: new Sieve(queue, selects), userCount: 1 });
  }

  leave(queue: Queue, selector: Selector): void {
    const ofQueue = this.#byQueue.get(queue);
    const used = ofQueue?.get(selector.text);
    if (ofQueue === undefined || used === undefined) return;
    used.userCount -= 1;
    if (used.userCount > 0) return;
    ofQueue.delete(selector.text);
    if (ofQueue.size === 0) this.#byQueue.delete(queue);
  }

  forget(queue: Queue): void {
    this.#byQueue.delete(queue);
  }

  available(queue: Queue, message: QueuedMessage): void {
    const ofQueue = this.#byQueue.get(queue);
    if (ofQueue !== undefined) for (const { sieve } of ofQueue.values()) sieve.available(message);
  }

  /** Waiting messages that match, in order; see {@link Sieve.next}. */
  next(queue: Queue, selector: Selector, countMax: number, budget: TurnBudget): ReturnType<Sieve["next"]> {
    const used = this.#byQueue.get(queue)?.get(selector.text);
    return used === undefined ? { found: [], isComplete: true } : used.sieve.next(countMax, budget);
  }
}
