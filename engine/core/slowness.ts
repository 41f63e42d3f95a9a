import { limits } from "../base/limits.ts";
import { creditOf, type Consumer } from "./consumer.ts";
import type { Queue } from "./queue.ts";

/*
 * Who does not keep up, by ActiveMQ's measures. One that takes a message at a time is never called slow. Each is told of
 * once, and again only after it had caught up: like a guest who is reminded of the time, and not at every bite.
 */

/** Of a topic, once it was handed what it has room for: one more waits than it may have in its hands and again as many. */
export function hasFallenBehind(consumer: Consumer): boolean {
  const { pending, prefetchCount } = consumer;
  // Whoever asks for more than may wait is told of before the first message is discarded.
  if (pending.length <= Math.min(prefetchCount + 1, limits.topicBacklogMax - 1)) return false;
  return becomesSlow(consumer);
}

/** Of a queue or a durable subscription, once all that could be was handed out: its hands are full and something waits. */
export function isLeftBehind(consumer: Consumer, queue: Queue): boolean {
  if (queue.waitingCount > 0 && creditOf(consumer) === 0) return becomesSlow(consumer);
  hasCaughtUp(consumer);
  return false;
}

/** Nothing waits that it could have. */
export function hasCaughtUp(consumer: Consumer): void {
  if (consumer.outstandingCount < consumer.prefetchCount) consumer.isSlow = false;
}

function becomesSlow(consumer: Consumer): boolean {
  if (consumer.isSlow || consumer.prefetchCount <= 1) return false;
  consumer.isSlow = true;
  return true;
}
