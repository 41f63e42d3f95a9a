import type { Op } from "../base/units.ts";
import type { Command, OwnerId } from "./command.ts";
import type { Owner } from "./owner.ts";
import type { Queue } from "./queue.ts";

/** A consumer to which all messages of some groups go. */
export interface GroupHolder {
  /** Its connection; `null`: its broker went away, and the same client's consumer may come back for its groups. */
  owner: OwnerId | null;
  subscription: string;
  /** The client's own name for the consumer, the same after a reconnect; `null`: nobody can come back for its groups. */
  readonly name: string | null;
  readonly groups: Map<Queue, Set<string>>;
}

/** A consumer gets a group with the message `op`; `op: null`: the group is nobody's any more. */
export interface GroupChange {
  readonly group: string;
  readonly op: Op | null;
}

/** Which consumer has which group of a queue's messages: of one group only one consumer has messages at a time. */
export class Groups {
  /** Queues that had a message of a group; in others nobody needs to look for one. */
  readonly queues = new Set<Queue>();
  /** Holders whose broker went away before they did, by their own names. */
  readonly absent = new Map<string, GroupHolder>();
  readonly #holders = new Map<Queue, Map<string, GroupHolder>>();

  /** Holders of the queue's groups; those that have had one for longest come first. */
  of(queue: Queue): ReadonlyMap<string, GroupHolder> {
    return this.#holders.get(queue) ?? none;
  }

  /** How many of the queue's groups a consumer has. */
  countOf(queue: Queue, holder: GroupHolder | undefined): number {
    return holder?.groups.get(queue)?.size ?? 0;
  }

  change(queue: Queue, holder: GroupHolder, changes: readonly GroupChange[]): void {
    for (const { group, op } of changes) {
      this.#close(queue, group);
      if (op !== null) this.assign(queue, group, holder);
    }
  }

  assign(queue: Queue, group: string, holder: GroupHolder): void {
    const ofQueue = this.#holders.get(queue) ?? new Map<string, GroupHolder>();
    this.#holders.set(queue, ofQueue.set(group, holder));
    holder.groups.set(queue, (holder.groups.get(queue) ?? new Set()).add(group));
  }

  /** The consumer has gone: its groups are nobody's. */
  drop(holder: GroupHolder | undefined): void {
    if (holder === undefined) return;
    for (const [queue, groups] of holder.groups) for (const group of groups) this.#close(queue, group);
  }

  /** The connection is over. When its broker went away before it, its consumers' groups wait for them. */
  leave({ groups }: Owner, mayReturn: boolean): void {
    for (const holder of groups.values()) {
      if (!mayReturn || holder.name === null || holder.groups.size === 0) {
        this.drop(holder);
        continue;
      }
      this.drop(this.absent.get(holder.name));
      this.absent.set(holder.name, holder);
      holder.owner = null;
    }
    groups.clear();
  }

  /** A consumer of the same name is there again. */
  claim(claim: Extract<Command, { kind: "claim-groups" }>, owner: Owner): void {
    const holder = this.absent.get(claim.name);
    if (holder === undefined) return;
    this.absent.delete(claim.name);
    holder.owner = claim.owner;
    holder.subscription = claim.subscription;
    owner.groups.set(claim.subscription, holder);
  }

  dropAbsent(): void {
    for (const holder of this.absent.values()) this.drop(holder);
    this.absent.clear();
  }

  forget(queue: Queue): void {
    for (const holder of this.of(queue).values()) holder.groups.delete(queue);
    this.#holders.delete(queue);
    this.queues.delete(queue);
  }

  #close(queue: Queue, group: string): void {
    const ofQueue = this.#holders.get(queue);
    const holder = ofQueue?.get(group);
    if (ofQueue === undefined || holder === undefined) return;
    ofQueue.delete(group);
    if (ofQueue.size === 0) this.#holders.delete(queue);
    const groups = holder.groups.get(queue);
    if (groups?.delete(group) === true && groups.size === 0) holder.groups.delete(queue);
  }
}

const none: ReadonlyMap<string, GroupHolder> = new Map();

/** The consumer as a holder of groups, known as such from now on. */
export function holderIn(owner: Owner, id: OwnerId, subscription: string, name: string | null): GroupHolder {
  let holder = owner.groups.get(subscription);
  if (holder === undefined)
    owner.groups.set(subscription, (holder = { owner: id, subscription, name, groups: new Map() }));
  return holder;
}

/** Holders as a checkpoint keeps them: [connection, subscription, name, [queue id, groups]...]. */
export type StoredHolder = readonly [
  owner: OwnerId | null,
  subscription: string,
  name: string | null,
  groups: readonly (readonly [queue: number, groups: readonly string[]])[],
];

export interface StoredGroups {
  readonly queues: readonly number[];
  readonly holders: readonly StoredHolder[];
}

export function storedGroups(groups: Groups, owners: Iterable<Owner>): StoredGroups {
  const holders = [...[...owners].flatMap((owner) => [...owner.groups.values()]), ...groups.absent.values()];
  return {
    queues: [...groups.queues].map(({ id }) => id),
    holders: holders.map(({ owner, subscription, name, groups: held }) => [
      owner,
      subscription,
      name,
      [...held].map(([queue, ofQueue]) => [queue.id, [...ofQueue]]),
    ]),
  };
}

/** A store from before groups had owners does not say which queues have any: all that hold messages may. */
export function restoreGroups(
  groups: Groups,
  stored: StoredGroups | undefined,
  queues: ReadonlyMap<number, Queue>,
  ownerOf: (id: OwnerId) => Owner,
): void {
  for (const queue of queues.values())
    if (stored === undefined ? queue.depth > 0 : stored.queues.includes(queue.id)) groups.queues.add(queue);
  for (const [owner, subscription, name, held] of stored?.holders ?? []) {
    const holder: GroupHolder = { owner, subscription, name, groups: new Map() };
    if (owner !== null) ownerOf(owner).groups.set(subscription, holder);
    else if (name !== null) groups.absent.set(name, holder);
    for (const [id, ofQueue] of held) {
      const queue = queues.get(id);
      if (queue !== undefined) for (const group of ofQueue) groups.assign(queue, group, holder);
    }
  }
}
