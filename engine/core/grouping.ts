import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { Consumer } from "./consumer.ts";
import type { GroupChange, GroupHolder, Groups } from "./groups.ts";
import type { MessageGroup } from "./message.ts";
import type { Owners } from "./owner.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import type { TurnBudget } from "./turn-budget.ts";
import type { ReadMessage } from "./sieves.ts";

/** So many messages' groups are remembered, so that one that waits is not read again in each round. */
const knownMax = 10_000;

/** Who gets messages of groups: what the active node decides, and both remember by what it ordered (see groups.ts). */
export class Grouping {
  readonly #groups: Groups;
  readonly #owners: Owners;
  readonly #read: ReadMessage;
  readonly #known = new Map<Op, MessageGroup | null>();
  /** Groups of each queue, those used last at the end. */
  readonly #used = new Map<Queue, Set<string>>();

  constructor(groups: Groups, owners: Owners, read: ReadMessage) {
    this.#groups = groups;
    this.#owners = owners;
    this.#read = read;
  }

  covers(queue: Queue): boolean {
    return this.#groups.queues.has(queue);
  }

  forget(queue: Queue): void {
    this.#used.delete(queue);
  }

  /** The message's group, or `null`; `undefined` when it cannot be read yet, or not in this turn. */
  groupOf({ op }: QueuedMessage, budget: TurnBudget): MessageGroup | null | undefined {
    const known = this.#known.get(op);
    if (known !== undefined || budget.looks <= 0) return known;
    const head = this.#read(op);
    if (head === null) return undefined;
    budget.looks -= 1;
    if (this.#known.size >= knownMax) this.#known.clear();
    // [JMSXGroupID] An empty one is none.
    const group = head.group === null || head.group.id === "" ? null : head.group;
    this.#known.set(op, group);
    return group;
  }

  holderOf(queue: Queue, group: string): GroupHolder | undefined {
    return this.#groups.of(queue).get(group);
  }

  countOf(queue: Queue, { owner, request }: Consumer): number {
    return this.#groups.countOf(queue, this.#owners.get(owner)?.groups.get(request.subscription));
  }

  /** Notes that a group was used; of too many the one that was not used for longest is returned, and is nobody's from now on. */
  use(queue: Queue, group: string): string | null {
    let used = this.#used.get(queue);
    if (used === undefined) this.#used.set(queue, (used = new Set(this.#groups.of(queue).keys())));
    used.delete(group);
    used.add(group);
    if (used.size <= limits.groupsPerQueueMax) return null;
    const [oldest] = used;
    if (oldest === undefined) return null;
    used.delete(oldest);
    return oldest;
  }

  close(queue: Queue, group: string): void {
    this.#used.get(queue)?.delete(group);
  }
}

/** One round of sharing out a queue whose messages may be of groups. */
export class GroupRound {
  isComplete = true;
  readonly #grouping: Grouping;
  readonly #queue: Queue;
  readonly #line: readonly Consumer[];
  readonly #budget: TurnBudget;
  /** What this round has changed: nobody, or the consumer that a group goes to now. */
  readonly #changed = new Map<string, Consumer | null>();
  readonly #counts = new Map<Consumer, number>();
  /** Groups of which a message has to wait for its consumer: later ones wait behind it. */
  readonly #blocked = new Set<string>();

  constructor(grouping: Grouping, queue: Queue, line: readonly Consumer[], budget: TurnBudget) {
    this.#grouping = grouping;
    this.#queue = queue;
    this.#line = line;
    this.#budget = budget;
  }

  /** Who gets the message, of those who `couldHave` it, `may` they have it now; and what becomes of its group. */
  pick(
    message: QueuedMessage,
    couldHave: (consumer: Consumer) => boolean,
    may: (consumer: Consumer) => boolean,
  ): { consumer: Consumer; changes: readonly GroupChange[] } | null {
    const group = this.#grouping.groupOf(message, this.#budget);
    if (group === undefined) {
      this.isComplete = false;
      return null;
    }
    if (group === null) {
      const consumer = this.#line.find(may);
      return consumer === undefined ? null : { consumer, changes: [] };
    }
    if (this.#blocked.has(group.id)) return null;
    const holder = this.#holderOf(group);
    if (holder === "absent") return null;
    const consumer = holder === null ? this.#fewestGroups(may) : may(holder) ? holder : undefined;
    if (consumer === undefined) {
      if (holder === null || couldHave(holder)) this.#blocked.add(group.id);
      return null;
    }
    return { consumer, changes: this.#changesOf(group, message.op, holder, consumer) };
  }

  /** The consumer that the group goes to; `null`: anybody's. */
  #holderOf({ id, sequence }: MessageGroup): Consumer | "absent" | null {
    const changed = this.#changed.get(id);
    // As in ActiveMQ, the first message of a group may go to anybody.
    if (sequence === 1) return null;
    if (changed !== undefined) return changed;
    const holder = this.#grouping.holderOf(this.#queue, id);
    if (holder === undefined) return null;
    if (holder.owner === null) return "absent";
    // One that an exclusive consumer keeps from getting anything holds no group either.
    return (
      this.#line.find(
        ({ owner, request }) => owner === holder.owner && request.subscription === holder.subscription,
      ) ?? null
    );
  }

  /** Of the first in line and their equals, who has the fewest groups. */
  #fewestGroups(may: (consumer: Consumer) => boolean): Consumer | undefined {
    let fewest: Consumer | undefined;
    for (const consumer of this.#line) {
      if (fewest !== undefined && consumer.request.consumerPriority < fewest.request.consumerPriority) break;
      if (may(consumer) && (fewest === undefined || this.#countOf(consumer) < this.#countOf(fewest)))
        fewest = consumer;
    }
    return fewest;
  }

  #countOf(consumer: Consumer): number {
    return this.#grouping.countOf(this.#queue, consumer) + (this.#counts.get(consumer) ?? 0);
  }

  #changesOf(
    { id, sequence }: MessageGroup,
    op: Op,
    holder: Consumer | null,
    consumer: Consumer,
  ): GroupChange[] {
    const changes: GroupChange[] = [];
    if (holder === null) changes.push({ group: id, op });
    if (sequence < 0) {
      this.#grouping.close(this.#queue, id);
      this.#changed.set(id, null);
      changes.push({ group: id, op: null });
      return changes;
    }
    const forgotten = this.#grouping.use(this.#queue, id);
    if (forgotten !== null) {
      this.#changed.set(forgotten, null);
      changes.push({ group: forgotten, op: null });
    }
    if (holder !== null) return changes;
    this.#changed.set(id, consumer);
    this.#counts.set(consumer, (this.#counts.get(consumer) ?? 0) + 1);
    return changes;
  }
}
