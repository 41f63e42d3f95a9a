import type { Op, WallTime } from "../base/units.ts";
import type { Command } from "./command.ts";
import { takeRoom, type Consumer } from "./consumer.ts";
import type { GroupChange } from "./groups.ts";
import type { Queue, QueuedMessage } from "./queue.ts";

/** Consumers of a queue with the same selector, or with none, and the messages they could have next. */
export interface Takers {
  readonly consumers: readonly Consumer[];
  readonly messages: readonly QueuedMessage[];
  /** They have no selector: what others could have, they could have too. */
  readonly takesAll: boolean;
}

/** Messages that consumers with different selectors could have, in the queue's order, each with who could have it. */
export function mergeCandidates(
  takers: readonly Takers[],
): { message: QueuedMessage; consumers: ReadonlySet<Consumer> }[] {
  const byOp = new Map<Op, { message: QueuedMessage; consumers: Set<Consumer> }>();
  const unselective = takers.filter(({ takesAll }) => takesAll).flatMap(({ consumers }) => consumers);
  for (const { messages, consumers } of takers)
    for (const message of messages) {
      let could = byOp.get(message.op);
      if (could === undefined) byOp.set(message.op, (could = { message, consumers: new Set(unselective) }));
      for (const consumer of consumers) could.consumers.add(consumer);
    }
  return [...byOp.values()].sort(
    ({ message: one }, { message: other }) => other.priority - one.priority || one.position - other.position,
  );
}

export type ShareCommand = Extract<Command, { kind: "deliver" | "expire" }>;

/** What one round of sharing a queue out comes to. */
export class Shares {
  readonly expired: Op[] = [];
  /** Consumers that wait for a message until they are done with another queue's copy of it. */
  readonly heldUp = new Set<Consumer>();
  readonly #queue: Queue;
  readonly #now: WallTime;
  readonly #shares = new Map<Consumer, Op[]>();
  readonly #changes = new Map<Consumer, GroupChange[]>();
  /** Given to somebody in an earlier pass of the round. */
  readonly #given = new Set<Op>();

  constructor(queue: Queue, now: WallTime) {
    this.#queue = queue;
    this.#now = now;
  }

  /** A message past its time goes to nobody. */
  setAside({ op, expiresAt }: QueuedMessage): boolean {
    if (expiresAt === null || expiresAt > this.#now) return false;
    this.expired.push(op);
    return true;
  }

  has({ op }: QueuedMessage): boolean {
    return this.#given.has(op);
  }

  /** Gives a message that may be of a group, with what that changes. */
  giveGrouped(consumer: Consumer, message: QueuedMessage, changes: readonly GroupChange[]): void {
    this.give(consumer, message);
    this.#given.add(message.op);
    if (changes.length === 0) return;
    this.#changes.set(consumer, [...(this.#changes.get(consumer) ?? []), ...changes]);
  }

  give(consumer: Consumer, { op }: QueuedMessage): void {
    takeRoom(consumer, op);
    const share = this.#shares.get(consumer);
    if (share === undefined) this.#shares.set(consumer, [op]);
    else share.push(op);
  }

  get takers(): Iterable<Consumer> {
    return this.#shares.keys();
  }

  commands(): ShareCommand[] {
    const { key: queue } = this.#queue;
    const commands: ShareCommand[] = [];
    if (this.expired.length > 0) commands.push({ kind: "expire", queue, messages: this.expired });
    for (const [consumer, messages] of this.#shares) {
      const { owner, request } = consumer;
      const changes = this.#changes.get(consumer);
      const groups = changes === undefined ? null : { consumer: request.lastingName ?? null, changes };
      commands.push({
        kind: "deliver",
        owner,
        subscription: request.subscription,
        queue,
        messages,
        ...(groups === null ? {} : { groups }),
      });
    }
    return commands;
  }
}
