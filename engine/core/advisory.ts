import type { Op } from "../base/units.ts";
import type { SubscriptionRequest } from "./dialogue.ts";
import type { Destination, Message } from "./message.ts";
import { matchesPattern } from "./pattern.ts";

type Change = "added" | "removed";

/** What the broker tells about itself, to those who subscribe to the topics that ActiveMQ has for it. */
export type Advisory =
  | { readonly kind: "destination"; readonly change: Change; readonly destination: Destination }
  | {
      readonly kind: "connection";
      readonly change: Change;
      readonly connection: string;
      readonly clientId: string | null;
    }
  | {
      readonly kind: "consumer";
      readonly change: Change;
      readonly destination: Destination;
      readonly request: SubscriptionRequest;
      /** The connection's own name for itself, or the broker's for one that has none. */
      readonly connection: string;
      /** How many its destination has now. */
      readonly count: number;
    }
  | {
      readonly kind: "producer";
      readonly change: Change;
      readonly destination: Destination;
      readonly producer: string;
      readonly count: number;
    }
  /** A subscriber of a topic does not keep up; `destination` is where the message went that showed it. */
  | {
      readonly kind: "slow-consumer";
      readonly destination: Destination;
      readonly request: SubscriptionRequest;
      readonly connection: string;
    }
  | {
      readonly kind: "expired" | "dead-lettered";
      readonly destination: Destination;
      readonly id: Op;
      readonly message: Message;
    };

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
} as const satisfies Record<Destination["kind"], string>;

const about = {
  consumer: "Consumer",
  producer: "Producer",
  "slow-consumer": "SlowConsumer",
  expired: "Expired",
  "dead-lettered": "MessageDLQd",
} as const;

/** The topic that tells it; a consumer of several destinations is told of on the topic of each. */
export function advisoryTopic(kind: Advisory["kind"], destination: Destination | null): Destination {
  return { kind: "topic", name: prefix + topicPath(kind, destination) };
}

function topicPath(kind: Advisory["kind"], destination: Destination | null): string {
  if (kind === "connection" || destination === null) return "Connection";
  if (kind === "destination") return destinationTopics[destination.kind];
  const domain = destination.kind.endsWith("queue") ? "Queue" : "Topic";
  return `${about[kind]}.${domain}.${destination.name}`;
}

/** Whether a subscription to these topics gets what is told on that one. */
export function wantsTopic(subscribed: Destination, topic: Destination): boolean {
  return subscribed.name.split(",").some((part) => matchesPattern(part, topic.name));
}
