import type { Broker } from "./broker.ts";
import type { OwnerId } from "./command.ts";
import { destinationKey, isTopic, type Destination } from "./message.ts";
import type { Queue } from "./queue.ts";
import { covers } from "./readers.ts";
import { selects } from "./selection.ts";
import type { SentMessage } from "./transaction.ts";
import { VirtualTopics } from "./virtual-topic.ts";

/** Which queues, and durable subscriptions, a sent message comes into. */
export class Routing {
  readonly virtualTopics = new VirtualTopics();
  readonly #broker: Pick<Broker, "queues" | "durables" | "queueFor">;

  constructor(broker: Pick<Broker, "queues" | "durables" | "queueFor">) {
    this.#broker = broker;
  }

  /** `destination`: the one that the message was sent to, by `owner`, or one part of it. A queue is made when it is first needed. */
  queuesFor(destination: Destination, sent: SentMessage, owner: OwnerId): readonly Queue[] {
    if (isTopic(destination))
      return [
        ...this.virtualTopics.queuesOf(destination.name),
        ...this.#durablesOf(destination, sent, owner),
      ];
    const { queues } = this.#broker;
    return destination.kind === "queue" || queues.has(destinationKey(destination))
      ? [this.#broker.queueFor(destination)]
      : [];
  }

  #durablesOf(topic: Destination, sent: SentMessage, owner: OwnerId): Queue[] {
    const { durables } = this.#broker;
    if (durables.size === 0) return [];
    const key = destinationKey(topic);
    const found: Queue[] = [];
    for (const durable of durables.values())
      if (
        durable.withoutFrom !== owner &&
        covers(durable.destination, key) &&
        selects(durable.selector, sent)
      )
        found.push(durable.queue);
    return found;
  }
}
