import type { OwnerId } from "./command.ts";
import type { Destination } from "./message.ts";
import type { Queue, QueuedMessage } from "./queue.ts";
import type { SentMessage } from "./transaction.ts";

/** Told of what an applied entry did; only the active node listens, to hand messages out. */
export interface BrokerObserver {
  /** A message became available on the queue: sent, or given back. */
  available(queue: Queue, message: QueuedMessage): void;
  queueCreated(queue: Queue): void;
  queueDeleted(queue: Queue): void;
  /** A message to a topic became visible; durable subscriptions have it already. `topic`: of several that it was sent to. */
  published(topic: Destination, sent: SentMessage, owner: OwnerId): void;
}
