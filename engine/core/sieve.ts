import { Line } from "./line.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import type { TurnBudget } from "./turn-budget.ts";

/** How many messages of the queue a walk takes up at a time; one in a consumer's hands is looked at when it comes back. */
const stepCount = 64;

/** Whether a message is selected; `null` when it cannot be read yet. */
export type Selects = (message: QueuedMessage) => boolean | null;

/**
 * The messages of one queue that a selector matches, as a line of its own beside the queue's. Like someone who walks
 * along a shelf once and puts the books that fit into a basket: it goes on where it stopped, only as far as its
 * consumers have room, and looks again only at what is put back. So other consumers' order is untouched, and what
 * does not match is read once, however long it stays.
 */
export class Sieve {
  readonly #queue: Queue;
  readonly #selects: Selects;
  /** By priority; one is made when the queue has, or gets, a message of it. */
  readonly #levels: (Level | undefined)[] = [];

  constructor(queue: Queue, selects: Selects) {
    this.#queue = queue;
    this.#selects = selects;
    for (const priority of queue.priorities) this.#levels[priority] = new Level(queue, priority);
  }

  /** A message became available: a new one, or one that was handed out and came back. */
  available(message: QueuedMessage): void {
    (this.#levels[message.priority] ??= new Level(this.#queue, null)).available(message);
  }

  /**
   * The next messages to hand out, at most `countMax`: the highest priority first, then the lowest position. What it
   * finds is incomplete when the budget ends, or when a message cannot be read yet.
   */
  next(countMax: number, budget: TurnBudget): { found: readonly QueuedMessage[]; isComplete: boolean } {
    const found: QueuedMessage[] = [];
    for (let priority = 9; priority >= 0 && found.length < countMax; priority -= 1) {
      const level = this.#levels[priority];
      if (level !== undefined && !level.collect(found, countMax, this.#selects, budget))
        return { found, isComplete: false };
    }
    return { found, isComplete: true };
  }
}

class Level {
  readonly #queue: Queue;
  readonly #line = new Line();
  /** It walks over what stands in the queue with this priority, and what joins it meanwhile; `null` when that ended. */
  #walk: number | null;
  #walkedThrough = 0;
  #linedThrough = 0;
  /** Still to be looked at, and not on the way of the walk. */
  #fresh: QueuedMessage[] = [];
  #keptCount = 0;

  constructor(queue: Queue, walkedPriority: number | null) {
    this.#queue = queue;
    this.#walk = walkedPriority;
  }

  available(message: QueuedMessage): void {
    if (this.#walk !== null && message.position > this.#walkedThrough) return;
    this.#fresh.push(message);
    // While its consumers have no room, others may empty the queue.
    if (this.#fresh.length < this.#keptCount * 2 + 1_024) return;
    this.#fresh = this.#fresh.filter(this.#queue.isWaiting);
    this.#keptCount = this.#fresh.length;
  }

  /** Adds matching messages to `found` until it holds `countMax`; whether it found all it could. */
  collect(found: QueuedMessage[], countMax: number, selects: Selects, budget: TurnBudget): boolean {
    // Those that came back stand before what the walk has still to find.
    let isComplete = this.#lookAtFresh(selects, budget);
    const start = found.length;
    for (;;) {
      this.#line.collect(found, countMax, this.#queue.isWaiting);
      if (!isComplete || found.length >= countMax) return isComplete;
      const outcome = this.#walkOn(countMax - found.length, selects, budget);
      if (outcome === "ended") return true;
      isComplete = outcome === "found";
      found.length = start;
    }
  }

  #lookAtFresh(selects: Selects, budget: TurnBudget): boolean {
    let at = 0;
    for (; at < this.#fresh.length; at += 1) {
      const message = this.#fresh[at]!;
      if (!this.#queue.isWaiting(message)) continue;
      if (budget.looks <= 0) break;
      const isSelected = selects(message);
      if (isSelected === null) break;
      budget.looks -= 1;
      if (isSelected) this.#lineUp(message);
    }
    this.#fresh.splice(0, at);
    return this.#fresh.length === 0;
  }

  /** Looks at what comes next in the queue until it has found `countMax`. */
  #walkOn(countMax: number, selects: Selects, budget: TurnBudget): "found" | "ended" | "stopped" {
    if (this.#walk === null) return "ended";
    let foundCount = 0;
    for (;;) {
      if (budget.looks <= 0) return "stopped";
      const ahead = this.#queue.waitingAfter(
        this.#walkedThrough,
        this.#walk,
        Math.min(budget.looks, stepCount),
      );
      if (ahead.length === 0) {
        this.#walk = null;
        return foundCount === 0 ? "ended" : "found";
      }
      for (const message of ahead) {
        this.#walkedThrough = message.position;
        const isSelected = selects(message);
        if (isSelected === null) {
          this.#fresh.push(message);
          return "stopped";
        }
        budget.looks -= 1;
        if (!isSelected) continue;
        this.#lineUp(message);
        foundCount += 1;
        if (foundCount === countMax) return "found";
      }
    }
  }

  #lineUp(message: QueuedMessage): void {
    if (message.position > this.#linedThrough) {
      this.#linedThrough = message.position;
      this.#line.push(message);
    } else {
      this.#line.putBack(message);
    }
  }
}
