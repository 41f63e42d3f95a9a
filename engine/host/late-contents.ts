import { asOp, type Op } from "../base/units.ts";
import type { Checkpoint } from "../core/checkpoint.ts";

/** What a checkpoint does with messages' contents. */
export interface ContentChanges {
  /** To be copied from the journal into the database, ascending. */
  readonly moved: readonly Op[];
  /** To be removed from the database, ascending. */
  readonly dead: readonly Op[];
  /** From then on the journal need not keep anything up to this entry for the sake of contents. */
  readonly through: Op;
}

/**
 * Messages whose contents stand in the journal alone although a checkpoint covers them. Most messages are gone soon, so
 * only those for which the journal would have to be kept for long are copied into the database; the others are written
 * once in all.
 */
export class LateContents {
  /** Ascending, as entries are made in that order. */
  readonly #ops: Set<Op>;

  constructor(ascending: Iterable<Op> = []) {
    this.#ops = new Set(ascending);
  }

  /** Takes in a checkpoint; whatever was sent up to `due` is to be moved now. */
  take({ op, newOps, deadOps }: Pick<Checkpoint, "op" | "newOps" | "deadOps">, due: Op): ContentChanges {
    for (const sent of newOps) this.#ops.add(sent);
    const dead = deadOps.filter((gone) => !this.#ops.delete(gone));
    const moved: Op[] = [];
    for (const late of this.#ops) {
      if (late > due) return { moved, dead, through: asOp(late - 1) };
      moved.push(late);
      this.#ops.delete(late);
    }
    return { moved, dead, through: op };
  }
}
