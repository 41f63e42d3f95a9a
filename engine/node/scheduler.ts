import { limits } from "../base/limits.ts";
import { jobIdProperty } from "../base/schedule.ts";
import { asWallTime, type Moment, type Op, type WallTime } from "../base/units.ts";
import type { Broker } from "../core/broker.ts";
import type { Command, OwnerId } from "../core/command.ts";
import { DueHeap } from "../core/expiry.ts";
import { propertyText, type Destination, type Message } from "../core/message.ts";
import type { Job } from "../core/schedule.ts";
import { dueTime, firedMessage, listedMessage, nextTime, parseJobId, timingOf } from "../core/timing.ts";

const managementName = "activemq.scheduler.management";

/** Whether what is sent there asks something of the scheduler. */
export function isManagement({ name }: Destination): boolean {
  return name.toLowerCase().startsWith(managementName);
}

interface Alarm {
  readonly at: number;
  readonly op: Op;
  /** How often the job had been delivered: since then it has another alarm. */
  readonly firedCount: number;
}

/** What is left of an answer to somebody who asked for what is scheduled. */
interface Listing {
  readonly owner: OwnerId;
  readonly to: Destination;
  readonly jobs: Iterator<Job>;
}

type Order = (command: Command, now: Moment) => void;

/**
 * Delivers what is scheduled when its time has come; exists only on the active node. When that is, is in the journal, so
 * after a failover the other node knows, and what became due meanwhile is delivered at once.
 */
export class Scheduler {
  readonly #broker: Broker;
  readonly #content: (op: Op) => Message | null;
  readonly #order: Order;
  /** When the last entry was made, by the clock of who made it. */
  readonly #lastTime: () => WallTime;
  /** By the calendar; a clock that is set changes when that is. */
  readonly #calendar = new DueHeap<Alarm>();
  /** After some time; that takes as long as it was told to, whatever is done to the clock. */
  readonly #delays = new DueHeap<Alarm>();
  readonly #listings: Listing[] = [];
  #hasBegun = false;
  /** The entry that must be safe before more is delivered, so that a slow standby is not flooded. */
  #awaited: Op | null = null;
  #isBehind = false;

  constructor(broker: Broker, lastTime: () => WallTime, content: (op: Op) => Message | null, order: Order) {
    this.#broker = broker;
    this.#lastTime = lastTime;
    this.#content = content;
    this.#order = order;
  }

  /** Whether there is more to do at once. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Finds a first time for what was scheduled since the last call. */
  plan(now: Moment): void {
    this.#begin(now);
    const { schedule } = this.#broker;
    for (const op of schedule.unplanned) {
      const message = this.#content(op);
      // Sent in this turn, with more than is kept at hand: it can be read when it is on its way to the disk.
      if (message === null) continue;
      const dueAt = dueTime(message, this.#timeFor(op, now));
      this.#order({ kind: "schedule", job: op, dueAt }, now);
      this.#watch(op, dueAt, now);
    }
  }

  /** `head` is the last entry, all through `committed` is safe. */
  run(now: Moment, head: () => Op, committed: Op): void {
    this.plan(now);
    this.#isBehind = false;
    if (this.#awaited !== null && this.#awaited > committed) return;
    this.#awaited = null;
    let count = 0;
    let sizeBytes = 0;
    const spend = ({ body }: Message) => {
      count += 1;
      sizeBytes += body.length;
    };
    const hasRoom = () => count < limits.scheduledPerTurnMax && sizeBytes < limits.batchBytesMax;
    while (hasRoom()) {
      const alarm = this.#takeDue(now);
      if (alarm === undefined) break;
      const message = this.#fire(alarm, now);
      if (message !== null) spend(message);
    }
    while (hasRoom() && this.#listings.length > 0) {
      const message = this.#tellNext(now);
      if (message !== null) spend(message);
    }
    if (!hasRoom()) this.#awaited = head();
    this.#isBehind = !hasRoom();
  }

  /** Does what a message to the management's destination asks for; others are dropped, as in ActiveMQ. */
  manage(owner: OwnerId, { properties, replyTo }: Message, now: Moment): void {
    const text = (name: string) => propertyText(properties.get(name) ?? "");
    const [from, to] = ["ACTION_START_TIME", "ACTION_END_TIME"].map(text);
    const isRange = from !== "" && to !== "";
    const isWanted = ({ dueAt }: Job) =>
      !isRange || (dueAt !== null && dueAt >= Number(from) && dueAt <= Number(to));
    const jobs = () => [...this.#broker.schedule.jobs()].filter(isWanted);
    switch (text("AMQ_SCHEDULER_ACTION")) {
      case "BROWSE": {
        if (replyTo === null) return;
        const soonestFirst = jobs().sort((one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0));
        this.#listings.push({ owner, to: replyTo, jobs: soonestFirst.values() });
        return;
      }
      case "REMOVE": {
        const job = parseJobId(text(jobIdProperty));
        if (job !== null) this.#order({ kind: "unschedule", jobs: [job] }, now);
        return;
      }
      case "REMOVEALL":
        this.#order({ kind: "unschedule", jobs: jobs().map(({ op }) => op) }, now);
    }
  }

  #begin(now: Moment): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const { op, dueAt } of this.#broker.schedule.jobs()) if (dueAt !== null) this.#watch(op, dueAt, now);
  }

  #watch(op: Op, dueAt: WallTime, now: Moment): void {
    const job = this.#broker.schedule.get(op);
    if (job === undefined) return;
    const { firedCount } = job;
    if (job.kind === "calendar") this.#calendar.add({ at: dueAt, op, firedCount });
    else this.#delays.add({ at: now.monotonic + (dueAt - this.#timeFor(op, now)), op, firedCount });
  }

  /**
   * What a job's next time is counted from. Another node's clock may have been ahead of this one's; from the last that is
   * known of it a delay goes on, and no message waits until this clock gets there.
   */
  #timeFor(op: Op, { wall }: Moment): WallTime {
    const isByCalendar = this.#broker.schedule.get(op)?.kind === "calendar";
    return isByCalendar ? wall : asWallTime(Math.max(wall, this.#lastTime()));
  }

  #takeDue(now: Moment): (Alarm & { readonly lateMs: number }) | undefined {
    const delayed = this.#delays.takeDue(now.monotonic);
    if (delayed !== undefined) return { ...delayed, lateMs: now.monotonic - delayed.at };
    const alarm = this.#calendar.takeDue(now.wall);
    return alarm === undefined ? undefined : { ...alarm, lateMs: now.wall - alarm.at };
  }

  /** Returns what was delivered; `null` when the job is gone or has another alarm. */
  #fire({ op, firedCount, lateMs }: Alarm & { readonly lateMs: number }, now: Moment): Message | null {
    const job = this.#broker.schedule.get(op);
    const scheduled = job?.firedCount === firedCount ? this.#content(op) : null;
    if (job === undefined || scheduled === null) return null;
    const next = nextTime(timingOf(scheduled), job.firedCount + 1, this.#timeFor(op, now), lateMs);
    const message = firedMessage(scheduled, op, now.wall);
    this.#order({ kind: "fire", job: op, next, message }, now);
    if (next !== null) this.#watch(op, next, now);
    return message;
  }

  #tellNext(now: Moment): Message | null {
    const { owner, to, jobs } = this.#listings[0]!;
    const next = jobs.next();
    if (next.done === true) {
      this.#listings.shift();
      return null;
    }
    const { op } = next.value;
    const scheduled = this.#broker.schedule.get(op) === undefined ? null : this.#content(op);
    if (scheduled === null) return null;
    const message = listedMessage(scheduled, op, to);
    this.#order({ kind: "send", owner, message, transaction: null }, now);
    return message;
  }
}
