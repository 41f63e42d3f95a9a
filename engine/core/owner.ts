import { assert } from "../base/assert.ts";
import type { Op } from "../base/units.ts";
import type { OwnerId } from "./command.ts";
import type { GroupHolder } from "./groups.ts";
import type { Queue } from "./queue.ts";
import type { Transaction } from "./transaction.ts";

/** What a connection holds of the pair's state. */
export interface Owner {
  /** Queue of each message in its hands, by subscription. */
  readonly held: Map<string, Map<Op, Queue>>;
  readonly transactions: Map<string, Transaction>;
  readonly temporaries: Set<string>;
  /** By subscription, those that groups of messages go to. */
  readonly groups: Map<string, GroupHolder>;
}

/** All who hold something; somebody who holds nothing is not known. */
export class Owners extends Map<OwnerId, Owner> {
  /** The one of this name, known from now on. */
  of(id: OwnerId): Owner {
    let owner = this.get(id);
    if (owner === undefined)
      this.set(
        id,
        (owner = { held: new Map(), transactions: new Map(), temporaries: new Set(), groups: new Map() }),
      );
    return owner;
  }

  transaction(id: OwnerId, name: string): Transaction {
    const transaction = this.get(id)?.transactions.get(name);
    assert(transaction !== undefined, `the journal names only open transactions, not ${name}`);
    return transaction;
  }

  forgetIfIdle(id: OwnerId): void {
    const owner = this.get(id);
    if (owner === undefined) return;
    const { held, transactions, temporaries, groups } = owner;
    if (held.size + transactions.size + temporaries.size + groups.size === 0) this.delete(id);
  }

  /** Messages in one's hands were looked at once more. */
  redeliver(id: OwnerId, subscription: string, messages: readonly Op[]): void {
    const held = this.get(id)?.held.get(subscription);
    for (const op of messages) held?.get(op)?.countDelivery(op, 1);
  }

  /** A temporary destination is nobody's any more. */
  disown(temporary: string): void {
    for (const [id, { temporaries }] of this) if (temporaries.delete(temporary)) this.forgetIfIdle(id);
  }

  /** Messages in one's hands for the work of a transaction pass into another's, under the same subscription. */
  handOver(from: OwnerId, to: OwnerId, subscription: string, messages: Iterable<Op>): void {
    const source = this.get(from)?.held.get(subscription);
    if (source === undefined) return;
    const { held } = this.of(to);
    const target = held.get(subscription) ?? new Map<Op, Queue>();
    for (const op of messages) {
      const queue = source.get(op);
      if (queue === undefined) continue;
      source.delete(op);
      queue.handOver(op, to);
      target.set(op, queue);
    }
    if (target.size > 0) held.set(subscription, target);
    if (source.size === 0) this.get(from)?.held.delete(subscription);
    this.forgetIfIdle(to);
  }
}
