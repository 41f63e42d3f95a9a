import type { Destination } from "./message.ts";
import { matchesPattern } from "./pattern.ts";

/** What the broker tells about itself, to those who subscribe to the topics that ActiveMQ has for it. */
export interface Advisory {
  readonly kind: "destination";
  readonly change: "added" | "removed";
  readonly destination: Destination;
}

const prefix = "ActiveMQ.Advisory.";

/** Whether a subscription, perhaps to several topics in one, is to nothing but advisories. */
export function isAdvisoryTopic({ kind, name }: Destination): boolean {
  return kind === "topic" && name.split(",").every((part) => part.startsWith(prefix));
}

const destinationTopics = {
  queue: "Queue",
  topic: "Topic",
  "temp-queue": "TempQueue",
  "temp-topic": "TempTopic",
} as const;

export function advisoryTopic({ destination }: Advisory): Destination {
  return { kind: "topic", name: `${prefix}${destinationTopics[destination.kind]}` };
}

/** Whether a subscription to these topics gets the advisory. */
export function wantsAdvisory(subscribed: Destination, advisory: Advisory): boolean {
  const { name } = advisoryTopic(advisory);
  return subscribed.name.split(",").some((part) => matchesPattern(part, name));
}
