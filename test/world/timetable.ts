import { asOp, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { scheduleKindOf, timingOf } from "../../engine/core/timing.ts";
import { violated } from "./rules.ts";

interface Job {
  readonly body: string;
  /** Deliveries that were asked for. */
  readonly wanted: number;
  dueAt: number | null;
  count: number;
}

const rule = "what is scheduled comes in its time, each once";
const text = new TextDecoder();

/** Follows all that was scheduled through a history, from the send to the last of its deliveries. */
export function auditSchedule(history: readonly Command[]): void {
  const jobs = new Map<Op, Job>();
  for (const [index, command] of history.entries()) {
    if (command.kind === "send" && scheduleKindOf(command.message) !== null) {
      const wanted = timingOf(command.message).repeatCount + 1;
      jobs.set(asOp(index + 1), { body: text.decode(command.message.body), wanted, dueAt: null, count: 0 });
    } else if (command.kind === "schedule") {
      const job = jobs.get(command.job) ?? violated(rule, `entry ${command.job} is due and was not sent`);
      if (job.dueAt !== null) violated(rule, `${job.body} has a first time twice`);
      job.dueAt = command.dueAt;
    } else if (command.kind === "fire") {
      const job = jobs.get(command.job) ?? violated(rule, `entry ${command.job} is delivered once more`);
      job.count += 1;
      if (text.decode(command.message.body) !== job.body) violated(rule, `${job.body} has another body`);
      if (job.dueAt === null) violated(rule, `${job.body} is delivered before it has a time`);
      if ((command.next === null) !== (job.count === job.wanted)) {
        const what = command.next === null ? "over" : "to come again";
        violated(rule, `${job.body} is ${what} after ${job.count} of ${job.wanted} deliveries`);
      }
      job.dueAt = command.next;
      if (command.next === null) jobs.delete(command.job);
    }
  }
  for (const { body, count, wanted } of jobs.values())
    violated(rule, `${body} was delivered ${count} of ${wanted} times`);
}
