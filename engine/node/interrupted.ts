import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { Owner } from "../core/owner.ts";
import type { PendingSettlement } from "../core/transaction.ts";

/** Of a transaction that settled more than is worth remembering. */
const tooMany = null;

/**
 * What connections left open when they broke, with their broker or by themselves. A failover client begins its
 * transactions anew and repeats their sends, but not their acknowledgements: those are gone for good if the client
 * believes they arrived. A commit without them would let messages be consumed twice, so it is refused.
 */
export class Interrupted {
  /** The messages that each transaction was to settle, oldest transaction first. */
  readonly #settled = new Map<string, readonly Op[] | typeof tooMany>();
  #settledCount = 0;
  /** Subscriptions with messages in their hands, which a transaction may have been about to settle. */
  readonly #holding = new Set<string>();

  note({ held, transactions }: Owner): void {
    for (const [name, { settlements }] of transactions) {
      const ops = settlements.flatMap(({ messages }) => messages);
      if (ops.length > 0) this.#remember(name, ops);
    }
    for (const subscription of held.keys()) addLatest(this.#holding, subscription);
  }

  /**
   * Whether the transaction is without settlements that it had, or may have had: `exposed` names subscriptions whose
   * client could have acknowledged, in this transaction and over its former connection.
   */
  lacks(transaction: string, present: readonly PendingSettlement[], exposed: readonly string[]): boolean {
    if (exposed.some((subscription) => this.#holding.has(subscription))) return true;
    const wanted = this.#settled.get(transaction);
    if (wanted === undefined) return false;
    if (wanted === tooMany) return true;
    const found = new Set(present.flatMap(({ messages }) => messages));
    return wanted.some((op) => !found.has(op));
  }

  /** It was committed or rolled back: what its client does from now on is new. */
  over(transaction: string): void {
    this.#settledCount -= this.#settled.get(transaction)?.length ?? 0;
    this.#settled.delete(transaction);
  }

  #remember(transaction: string, ops: readonly Op[]): void {
    this.over(transaction);
    const isTooMuch = this.#settledCount + ops.length > limits.interruptedSettlementsMax;
    this.#settled.set(transaction, isTooMuch ? tooMany : ops);
    if (!isTooMuch) this.#settledCount += ops.length;
    if (this.#settled.size <= limits.interruptedNamesMax) return;
    for (const oldest of this.#settled.keys().take(1)) this.over(oldest);
  }
}

function addLatest(names: Set<string>, name: string): void {
  names.delete(name);
  names.add(name);
  if (names.size <= limits.interruptedNamesMax) return;
  for (const oldest of names.values().take(1)) names.delete(oldest);
}
