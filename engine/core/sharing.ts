import { limits } from "../base/limits.ts";
import type { WallTime } from "../base/units.ts";
import { creditOf, toEndOfLine, type Consumer } from "./consumer.ts";
import { GroupRound, type Grouping } from "./grouping.ts";
import type { Owners } from "./owner.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import { mergeCandidates, Shares, type ShareCommand, type Takers } from "./share.ts";
import type { Sieves } from "./sieves.ts";
import type { TurnBudget } from "./turn-budget.ts";

/** What one round of sharing out a queue comes to. */
export interface Round {
  readonly commands: readonly ShareCommand[];
  readonly hasExpired: boolean;
  /** Whether selectors looked at all that they could have matched. */
  readonly isComplete: boolean;
}

interface Pass {
  readonly shares: Shares;
  readonly budget: TurnBudget;
  /** `null`: no message of the queue is of a group. */
  readonly groups: GroupRound | null;
  readonly lookahead: number;
}

/** Who stands in line at each queue, and who of them gets what waits there. */
export class Sharing {
  readonly #sieves: Sieves;
  readonly #grouping: Grouping;
  readonly #owners: Owners;
  /** By priority, the next one to be served first. */
  readonly #lines = new Map<Queue, Consumer[]>();

  constructor(sieves: Sieves, grouping: Grouping, owners: Owners) {
    this.#grouping = grouping;
    this.#sieves = sieves;
    this.#owners = owners;
  }

  consumersOf(queue: Queue): readonly Consumer[] {
    return this.#lines.get(queue) ?? [];
  }

  join(consumer: Consumer, queue: Queue): void {
    const line = this.#lines.get(queue) ?? [];
    this.#lines.set(queue, line);
    line.push(consumer);
    consumer.sources.add(queue);
    if (consumer.selector !== null) this.#sieves.join(queue, consumer.selector);
    line.sort((one, other) => other.request.consumerPriority - one.request.consumerPriority);
  }

  leave(consumer: Consumer, queue: Queue): void {
    const others = this.consumersOf(queue).filter((other) => other !== consumer);
    if (others.length === 0) this.#lines.delete(queue);
    else this.#lines.set(queue, others);
    if (consumer.selector !== null) this.#sieves.leave(queue, consumer.selector);
  }

  forget(queue: Queue): void {
    for (const consumer of this.consumersOf(queue)) consumer.sources.delete(queue);
    this.#lines.delete(queue);
    this.#sieves.forget(queue);
    this.#grouping.forget(queue);
  }

  /** Shares out what waits on a queue. */
  share(queue: Queue, now: WallTime, budget: TurnBudget): Round {
    if (queue.waitingCount === 0) return { commands: [], hasExpired: false, isComplete: true };
    const shares = new Shares(queue, now);
    const isPlain = !this.#sieves.covers(queue) && !this.#grouping.covers(queue);
    const isComplete = isPlain
      ? this.#shareInTurn(queue, shares, budget)
      : this.#shareSelected(queue, shares, budget);
    for (const { sources } of shares.takers) {
      // Whoever reads several queues looks next at those that it got nothing from.
      if (sources.size > 1 && sources.delete(queue)) sources.add(queue);
    }
    return { commands: shares.commands(), hasExpired: shares.expired.length > 0, isComplete };
  }

  /** Whether the consumer has another queue's copy of the message: it holds one at a time, as it knows it by one id. */
  #hasCopy({ sources, owner, request }: Consumer, { op }: QueuedMessage): boolean {
    if (sources.size <= 1) return false;
    return this.#owners.get(owner)?.held.get(request.subscription)?.has(op) === true;
  }

  #mayHave(consumer: Consumer, message: QueuedMessage, { heldUp }: Shares): boolean {
    return creditOf(consumer) > 0 && !heldUp.has(consumer) && !this.#hasCopy(consumer, message);
  }

  /** Nobody gets the message now; whoever waits for it gets no later one before it. */
  #passOver(message: QueuedMessage, consumers: Iterable<Consumer>, { heldUp }: Shares): void {
    for (const consumer of consumers) if (this.#hasCopy(consumer, message)) heldUp.add(consumer);
  }

  /** In turn among the consumers of the highest priority that have credit. */
  #shareInTurn(queue: Queue, shares: Shares, budget: TurnBudget): true {
    const consumers = this.#eligible(queue);
    const credit = Math.min(creditOfAll(consumers), budget.deliveries);
    if (credit === 0) return true;
    let turn = 0;
    for (const message of queue.next(credit)) {
      if (shares.setAside(message)) continue;
      const next = this.#nextInTurn(consumers, turn, message, shares);
      if (next === null) {
        this.#passOver(message, consumers, shares);
        continue;
      }
      shares.give(consumers[next % consumers.length]!, message);
      turn = next + 1;
    }
    // Where one consumer gets everything, the others keep their places in the line to succeed it.
    if (consumers.length > 1) this.#rotate(queue, turn);
    return true;
  }

  /** Each message to the first in line who may have it, and who then goes to the end of the line. */
  #shareSelected(queue: Queue, shares: Shares, budget: TurnBudget): boolean {
    const all = this.#lines.get(queue) ?? [];
    const exclusive = all.find((consumer) => consumer.request.exclusive);
    const line = exclusive === undefined ? all : [exclusive];
    const groups = this.#grouping.covers(queue) ? new GroupRound(this.#grouping, queue, line, budget) : null;
    let isComplete = this.#pass(queue, line, { shares, budget, groups, lookahead: 0 });
    // What stands in front may have to wait for the consumers of its groups, while others have room for what is behind.
    if (isComplete && groups?.isComplete === true && creditOfAll(line) > 0)
      isComplete = this.#pass(queue, line, { shares, budget, groups, lookahead: limits.groupLookaheadMax });
    return isComplete && (groups?.isComplete ?? true);
  }

  #pass(queue: Queue, line: Consumer[], { shares, budget, groups, lookahead }: Pass): boolean {
    const open = line.filter((consumer) => creditOf(consumer) > 0);
    const alike = [...Map.groupBy(open, ({ selector }) => selector?.text ?? null).values()];
    const candidates = alike.map((consumers) => this.#candidates(queue, consumers, lookahead, budget));
    for (const { message, consumers } of mergeCandidates(candidates.map(({ takers }) => takers))) {
      if (shares.has(message) || shares.setAside(message)) continue;
      const couldHave = (one: Consumer): boolean => consumers.has(one);
      const may = (one: Consumer): boolean => consumers.has(one) && this.#mayHave(one, message, shares);
      const picked = groups === null ? firstInLine(line, may) : groups.pick(message, couldHave, may);
      if (picked === null) {
        this.#passOver(message, consumers, shares);
        continue;
      }
      shares.giveGrouped(picked.consumer, message, picked.changes);
      toEndOfLine(line, picked.consumer);
    }
    return candidates.every(({ isComplete }) => isComplete);
  }

  /** What consumers with the same selector could have next, as many as they have room for and then some. */
  #candidates(
    queue: Queue,
    consumers: readonly Consumer[],
    lookahead: number,
    budget: TurnBudget,
  ): { takers: Takers; isComplete: boolean } {
    const count = Math.min(creditOfAll(consumers), budget.deliveries) + lookahead;
    const selector = consumers[0]?.selector ?? null;
    if (selector === null)
      return { takers: { consumers, takesAll: true, messages: queue.next(count) }, isComplete: true };
    const { found, isComplete } = this.#sieves.next(queue, selector, count, budget);
    return { takers: { consumers, takesAll: false, messages: found }, isComplete };
  }

  /** Consumers that may get something: the first exclusive one alone, else those of the highest priority that has credit. */
  #eligible(queue: Queue): readonly Consumer[] {
    const consumers = this.consumersOf(queue);
    const exclusive = consumers.find((consumer) => consumer.request.exclusive);
    if (exclusive !== undefined) return [exclusive];
    const first = consumers.find((consumer) => creditOf(consumer) > 0);
    return first === undefined
      ? []
      : consumers.filter((one) => one.request.consumerPriority === first.request.consumerPriority);
  }

  /** The first turn from `turn` on whose consumer has credit and may have the message. */
  #nextInTurn(
    consumers: readonly Consumer[],
    turn: number,
    message: QueuedMessage,
    shares: Shares,
  ): number | null {
    for (let next = turn; next < turn + consumers.length; next += 1)
      if (this.#mayHave(consumers[next % consumers.length]!, message, shares)) return next;
    return null;
  }

  /** The consumer after the last one served begins the next round. */
  #rotate(queue: Queue, turns: number): void {
    const consumers = this.#lines.get(queue);
    if (consumers === undefined || consumers.length < 2) return;
    const sameLevel = consumers.every(
      (consumer) => consumer.request.consumerPriority === consumers[0]?.request.consumerPriority,
    );
    if (!sameLevel) return;
    for (const consumer of consumers.splice(0, turns % consumers.length)) consumers.push(consumer);
  }
}

/** Who gets a message where none is of a group. */
function firstInLine(
  line: readonly Consumer[],
  may: (consumer: Consumer) => boolean,
): { consumer: Consumer; changes: [] } | null {
  const consumer = line.find(may);
  return consumer === undefined ? null : { consumer, changes: [] };
}

function creditOfAll(consumers: readonly Consumer[]): number {
  return consumers.reduce((sum, consumer) => sum + creditOf(consumer), 0);
}
