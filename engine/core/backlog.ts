import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { Consumer } from "./consumer.ts";
import { destinationKey } from "./message.ts";

/**
 * Messages that wait for subscribers of topics who have no room for them. Such a subscriber is owed nothing, so one that
 * does not keep up loses the oldest ones, like a ticker that runs off the tape, and holds up nobody.
 */
export class Backlogs {
  #notices: string[] = [];

  /** The message waits for the consumer; returns those that do not wait any longer. */
  add(consumer: Consumer, op: Op): readonly Op[] {
    consumer.pending.push(op);
    if (consumer.pending.length <= limits.topicBacklogMax) return [];
    const discarded = consumer.pending.splice(0, limits.topicDiscardCount);
    consumer.discardedCount += discarded.length;
    this.#note(consumer);
    return discarded;
  }

  /** What people are to be told since the last call. */
  takeNotices(): readonly string[] {
    const notices = this.#notices;
    if (notices.length > 0) this.#notices = [];
    return notices;
  }

  /** The first time, and whenever there are ten times as many. */
  #note({ discardedCount, owner, request }: Consumer): void {
    if (!/^10*$/.test(String(discardedCount / limits.topicDiscardCount))) return;
    const count = discardedCount.toLocaleString("en");
    this.#notices.push(
      `The subscriber ${owner} of ${destinationKey(request.destination)} does not keep up: more than ${limits.topicBacklogMax.toLocaleString("en")} messages waited for it, and the oldest ${count} were discarded.`,
    );
  }
}
