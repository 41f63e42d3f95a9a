import { assert } from "../base/assert.ts";
import { asOp, asWallTime, type Op, type WallTime } from "../base/units.ts";
import type { MessageRow } from "./checkpoint.ts";
import { scheduleKinds, type ScheduleKind } from "./timing.ts";

/** A message that is delivered later. Its content, which says when, is the journal entry `op` that sent it. */
export interface Job {
  readonly op: Op;
  readonly kind: ScheduleKind;
  /** When the active node delivers it next; `null` until that is in the journal. */
  dueAt: WallTime | null;
  firedCount: number;
}

/** What is scheduled stands in the store like the messages of a queue, whose number no queue has. */
export const scheduleQueueId = 0;

/** All that is to be delivered later. */
export class Schedule {
  readonly #jobs = new Map<Op, Job>();
  /** Jobs whose next time is not in the journal yet. */
  readonly unplanned = new Set<Op>();
  readonly #dirty = new Set<Op>();
  readonly #stored = new Set<Op>();

  get size(): number {
    return this.#jobs.size;
  }

  get(op: Op): Job | undefined {
    return this.#jobs.get(op);
  }

  jobs(): IterableIterator<Job> {
    return this.#jobs.values();
  }

  add(op: Op, kind: ScheduleKind): void {
    this.#jobs.set(op, { op, kind, dueAt: null, firedCount: 0 });
    this.unplanned.add(op);
    this.#dirty.add(op);
  }

  plan(op: Op, dueAt: WallTime): void {
    const job = this.#jobs.get(op);
    assert(job !== undefined, "only what is scheduled has a next time");
    job.dueAt = dueAt;
    this.unplanned.delete(op);
    this.#dirty.add(op);
  }

  /** It was delivered, and will be once more. */
  fired(op: Op, next: WallTime): void {
    const job = this.#jobs.get(op);
    if (job !== undefined) job.firedCount += 1;
    this.plan(op, next);
  }

  /** Whether there was such a job. */
  remove(op: Op): boolean {
    if (!this.#jobs.delete(op)) return false;
    this.unplanned.delete(op);
    this.#dirty.add(op);
    return true;
  }

  /** Adds what changed since the last call, as rows of the store. */
  takeChanges({ put, deleted }: { put: MessageRow[]; deleted: { queue: number; op: number }[] }): void {
    for (const op of this.#dirty) {
      const job = this.#jobs.get(op);
      if (job !== undefined) {
        this.#stored.add(op);
        put.push(rowOf(job));
      } else if (this.#stored.delete(op)) deleted.push({ queue: scheduleQueueId, op });
    }
    this.#dirty.clear();
  }

  /** All of it, as rows. */
  rows(): MessageRow[] {
    return Array.from(this.#jobs.values(), rowOf);
  }

  restore({ op: number, priority, expiresAt, deliveryCount }: MessageRow): void {
    const op = asOp(number);
    this.#jobs.set(op, {
      op,
      kind: scheduleKinds[priority] ?? "delay",
      dueAt: expiresAt === null ? null : asWallTime(expiresAt),
      firedCount: deliveryCount,
    });
    if (expiresAt === null) this.unplanned.add(op);
    this.#stored.add(op);
  }
}

function rowOf({ op, kind, dueAt, firedCount }: Job): MessageRow {
  return {
    queue: scheduleQueueId,
    op,
    position: 0,
    priority: scheduleKinds.indexOf(kind),
    expiresAt: dueAt,
    persistent: true,
    deliveryCount: firedCount,
    deadLetter: null,
  };
}
