import { isPattern, matchesPattern } from "./pattern.ts";
import type { Queue } from "./queue.ts";

/** Topics whose messages also go into the queues of named groups of consumers, as ActiveMQ has them by default. */
const virtualTopics = "VirtualTopic.>";

/**
 * The topic, or pattern of topics, whose messages go into a queue of this name as well: that of
 * `Consumer.billing.VirtualTopic.orders` is `VirtualTopic.orders`. `null` for any other queue.
 */
export function topicOfQueue(name: string): string | null {
  const topic = /^Consumer\.[^.]+\.(.+)$/s.exec(name)?.[1];
  return topic !== undefined && (isPattern(topic) || isVirtual(topic)) ? topic : null;
}

function isVirtual(topic: string): boolean {
  return matchesPattern(virtualTopics, topic);
}

/** Queues that get what is sent to virtual topics. */
export class VirtualTopics {
  readonly #byTopic = new Map<string, Queue[]>();
  readonly #patterns = new Map<Queue, string>();

  add(queue: Queue): void {
    const topic = topicOf(queue);
    if (topic === null) return;
    if (isPattern(topic)) this.#patterns.set(queue, topic);
    else this.#byTopic.set(topic, [...(this.#byTopic.get(topic) ?? []), queue]);
  }

  remove(queue: Queue): void {
    this.#patterns.delete(queue);
    const topic = topicOf(queue);
    const others = topic === null ? [] : (this.#byTopic.get(topic) ?? []).filter((other) => other !== queue);
    if (topic === null) return;
    if (others.length === 0) this.#byTopic.delete(topic);
    else this.#byTopic.set(topic, others);
  }

  /** In the order in which they were made, which both nodes know. */
  queuesOf(topic: string): readonly Queue[] {
    if (this.#byTopic.size + this.#patterns.size === 0 || !isVirtual(topic)) return [];
    const queues = [...(this.#byTopic.get(topic) ?? [])];
    for (const [queue, pattern] of this.#patterns) if (matchesPattern(pattern, topic)) queues.push(queue);
    return queues.sort((one, other) => one.id - other.id);
  }
}

function topicOf({ destination }: Queue): string | null {
  return destination?.kind === "queue" ? topicOfQueue(destination.name) : null;
}
