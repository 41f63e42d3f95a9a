import { assert } from "../base/assert.ts";
import type { Op } from "../base/units.ts";

/** Counts what refers to each sent message's content, which is the journal entry that sent it, and keeps that alive. */
export class Contents {
  readonly #references = new Map<Op, number>();
  /** Last entry of the last checkpoint: contents of messages up to it are kept outside the journal. */
  #through: Op;
  /** Messages sent since then, and messages from before it that nothing refers to any more. */
  #sentOps: Op[] = [];
  #deadOps: Op[] = [];

  constructor(checkpointOp: Op) {
    this.#through = checkpointOp;
  }

  /** A new message, held by whoever sent it. */
  sent(op: Op): void {
    this.#sentOps.push(op);
    this.hold(op);
  }

  /** Keeps the entry's content readable; also for a reader that the state does not know, such as a slow topic subscriber. */
  hold(op: Op): void {
    this.#references.set(op, (this.#references.get(op) ?? 0) + 1);
  }

  letGo(op: Op): void {
    const count = this.#references.get(op);
    assert(count !== undefined, "only what is held is let go");
    if (count > 1) {
      this.#references.set(op, count - 1);
      return;
    }
    this.#references.delete(op);
    if (op <= this.#through) this.#deadOps.push(op);
  }

  /** Messages whose content something refers to, ascending. */
  referencedOps(): readonly Op[] {
    return [...this.#references.keys()].sort((one, other) => one - other);
  }

  /**
   * For a checkpoint at entry `op`: messages whose contents must be kept from now on, and those whose contents need not
   * be any longer. A message that came and went in between is neither, and costs the store nothing.
   */
  takeChanges(op: Op): { newOps: readonly Op[]; deadOps: readonly Op[] } {
    const newOps = this.#sentOps.filter((sent) => this.#references.has(sent));
    const deadOps = this.#deadOps.sort((one, other) => one - other);
    this.#sentOps = [];
    this.#deadOps = [];
    this.#through = op;
    return { newOps, deadOps };
  }
}
