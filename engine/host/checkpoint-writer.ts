import type Database from "better-sqlite3";
import type { Op } from "../base/units.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Journal } from "./journal.ts";
import type { ContentChanges } from "./late-contents.ts";
import { savePlaces } from "./store-places.ts";
import type { Statements } from "./store-statements.ts";

/**
 * Writes a checkpoint in small steps, so that whoever is to be served meanwhile need not wait for all of it. Its
 * transaction is open from the first step to the last: nothing else may be written until it is {@link finish}ed.
 */
export class CheckpointWriter {
  readonly #database: Database.Database;
  readonly #statements: Statements;
  readonly #journal: Journal;
  readonly #onSaved: (contentsThrough: Op) => void;
  #steps: Generator<void, Op> | null = null;

  constructor(
    database: Database.Database,
    statements: Statements,
    journal: Journal,
    onSaved: (contentsThrough: Op) => void,
  ) {
    this.#database = database;
    this.#statements = statements;
    this.#journal = journal;
    this.#onSaved = onSaved;
  }

  /** The one before must be finished. */
  begin(checkpoint: Checkpoint, contents: ContentChanges): void {
    this.#steps = this.#write(checkpoint, contents);
  }

  /** Goes on with what was begun, for about so long; says whether there is more to do. */
  goOn(ms: number): boolean {
    const until = performance.now() + ms;
    return this.#goOnWhile(() => performance.now() < until);
  }

  finish(): void {
    this.#goOnWhile(() => true);
  }

  /** Finishes it, or gives it up. */
  end(): void {
    try {
      this.finish();
    } catch {
      // The checkpoint before, and the journal that goes with it, hold all of it.
    }
  }

  #goOnWhile(hasTime: () => boolean): boolean {
    const steps = this.#steps;
    if (steps === null) return false;
    try {
      let step = steps.next();
      while (step.done !== true && hasTime()) step = steps.next();
      if (step.done !== true) return true;
      this.#steps = null;
      this.#onSaved(step.value);
      return false;
    } catch (error) {
      this.#steps = null;
      if (this.#database.inTransaction) this.#statements.rollback.run();
      throw error;
    }
  }

  *#write(checkpoint: Checkpoint, { moved, dead, through }: ContentChanges): Generator<void, Op> {
    const { begin, putContent, deleteContents, set, commit } = this.#statements;
    begin.run();
    for (const { op, digest, bytes } of this.#journal.findAll(moved)) {
      putContent.run(op, digest, bytes);
      yield;
    }
    yield* savePlaces(this.#statements, checkpoint);
    for (const [first, last] of ranges(dead)) {
      yield;
      deleteContents.run(first, last);
    }
    set.run("summary", checkpoint.summary);
    set.run("contents_through", through);
    set.run("checkpoint_op", checkpoint.op);
    set.run("checkpoint_epoch", checkpoint.epoch);
    set.run("checkpoint_stamped_at", checkpoint.stampedAt);
    set.run("checkpoint_digest", checkpoint.digest);
    yield;
    commit.run();
    return through;
  }
}

/** Runs of consecutive numbers in an ascending list. */
function* ranges(ops: readonly Op[]): Generator<[number, number]> {
  let first = ops[0];
  let through = first;
  if (first === undefined || through === undefined) return;
  for (const op of ops) {
    if (op > through + 1) {
      yield [first, through];
      first = op;
    }
    through = op;
  }
  yield [first, through];
}
