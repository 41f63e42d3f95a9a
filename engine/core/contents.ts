import type { Op } from "../base/units.ts";

/**
 * Counts what refers to each sent message's content, which is the journal entry that sent it, and keeps that alive.
 * Nearly always there is one reference, a place in a queue; only those beyond the first are written down.
 */
export class Contents {
  readonly #further = new Map<Op, number>();
  /** Last entry of the last checkpoint: contents of messages up to it are kept outside the journal. */
  #through: Op;
  /** Messages sent since then that something refers to, and messages from before it that nothing refers to any more. */
  readonly #sentOps = new Set<Op>();
  #deadOps: Op[] = [];

  constructor(checkpointOp: Op) {
    this.#through = checkpointOp;
  }

  /** A new message, held by whoever sent it. */
  sent(op: Op): void {
    this.#sentOps.add(op);
  }

  /** One more reference to what is held already; also of a reader that the state does not know, such as a slow topic subscriber. */
  hold(op: Op): void {
    this.#further.set(op, (this.#further.get(op) ?? 0) + 1);
  }

  /** Whether more than one reference is left. */
  isShared(op: Op): boolean {
    return this.#further.has(op);
  }

  letGo(op: Op): void {
    const further = this.#further.get(op);
    if (further === undefined) {
      this.#sentOps.delete(op);
      if (op <= this.#through) this.#deadOps.push(op);
    } else if (further === 1) this.#further.delete(op);
    else this.#further.set(op, further - 1);
  }

  /** All references that a checkpoint's state has, in any order: `ops` names a message as often as there are. */
  restore(ops: Float64Array): void {
    if (ops.some((op, index) => op < ops[index - 1]!)) ops.sort();
    for (let index = 1; index < ops.length; index += 1)
      if (ops[index] === ops[index - 1]) this.hold(ops[index] as Op);
  }

  /**
   * For a checkpoint at entry `op`: messages whose contents must be kept from now on, and those whose contents need not
   * be any longer. A message that came and went in between is neither, and costs the store nothing.
   */
  takeChanges(op: Op): { newOps: readonly Op[]; deadOps: readonly Op[] } {
    const newOps = [...this.#sentOps];
    const deadOps = this.#deadOps.sort((one, other) => one - other);
    this.#sentOps.clear();
    this.#deadOps = [];
    this.#through = op;
    return { newOps, deadOps };
  }
}
