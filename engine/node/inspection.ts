import { BrokerError } from "../base/errors.ts";
import { asOp, type Op } from "../base/units.ts";
import { destinationKey, type Destination, type Message } from "../core/message.ts";
import type { Queue, QueuedMessage } from "../core/queue.ts";
import type { BrokerNode } from "./node.ts";

/** A message as an onlooker sees it, without taking it. */
export interface Sighting {
  readonly queued: QueuedMessage;
  readonly message: Message;
  /** Connection that has it now. */
  readonly heldBy: string | null;
}

/** A queue as people count it; rates and producers are the supervisor's. */
export interface QueueCount {
  readonly name: string;
  readonly kind: "queue" | "topic" | "temp-queue" | "temp-topic" | "durable";
  readonly depth: number;
  readonly inFlight: number;
  readonly consumers: number;
  readonly enqueued: number;
  readonly dequeued: number;
}

export function countQueues(node: BrokerNode): QueueCount[] {
  return [...node.history.broker.queues.values()].map((queue) => countQueue(node, queue));
}

export function countQueue(node: BrokerNode, queue: Queue): QueueCount {
  return {
    name: queue.key,
    kind: queue.key.slice(0, queue.key.indexOf("://")) as QueueCount["kind"],
    depth: queue.depth,
    inFlight: queue.delivered.size,
    consumers: consumerCount(node, queue),
    enqueued: queue.enqueuedCount,
    dequeued: queue.dequeuedCount,
  };
}

/** Whether {@link countQueue} would say the same again; costs next to nothing. */
export function isCountOf(count: QueueCount, node: BrokerNode, queue: Queue): boolean {
  return (
    count.depth === queue.depth &&
    count.inFlight === queue.delivered.size &&
    count.enqueued === queue.enqueuedCount &&
    count.dequeued === queue.dequeuedCount &&
    count.consumers === consumerCount(node, queue)
  );
}

function consumerCount(node: BrokerNode, queue: Queue): number {
  return node.active?.desk.dispatcher.consumerCount(queue) ?? 0;
}

/**
 * A page of a queue's messages in the order in which they became visible. `cursor` is the position after which to go
 * on; messages that come or go meanwhile never make it skip or repeat another.
 */
export function browse(
  node: BrokerNode,
  destination: Destination,
  cursor: string | null,
  limit: number,
): { seen: Sighting[]; cursor: string | null } {
  const after = cursor === null ? 0 : Number(cursor);
  if (!Number.isSafeInteger(after) || after < 0)
    throw new BrokerError("REQUEST_INVALID", {
      detail: `The cursor ${cursor ?? ""} is not one that a page was returned with.`,
    });
  const seen: Sighting[] = [];
  for (const queued of queueOf(node, destination).inOrder(after)) {
    if (seen.length === limit) return { seen, cursor: String(seen.at(-1)?.queued.position ?? after) };
    const sighting = sight(node, destination, queued);
    if (sighting !== null) seen.push(sighting);
  }
  return { seen, cursor: null };
}

/** One message of a queue; MESSAGE_NOT_FOUND when it is not, or no longer, there. */
export function find(node: BrokerNode, destination: Destination, id: number): Sighting {
  const queued = queueOf(node, destination).get(asOp(id));
  const sighting = queued === undefined ? null : sight(node, destination, queued);
  if (sighting === null)
    throw new BrokerError("MESSAGE_NOT_FOUND", { message: id, destination: destinationKey(destination) });
  return sighting;
}

function sight(node: BrokerNode, destination: Destination, queued: QueuedMessage): Sighting | null {
  const message = contentOf(node, queued.op);
  const heldBy = queueOf(node, destination).delivered.get(queued.op)?.owner ?? null;
  return message === null ? null : { queued, message, heldBy };
}

function contentOf(node: BrokerNode, op: Op): Message | null {
  if (node.active === null)
    throw new BrokerError("NOT_ACTIVE", { node: node.options.name, state: node.state.kind });
  return node.active.desk.content(op);
}

/** DESTINATION_UNKNOWN when there is none; DESTINATION_INVALID for a topic, however well known it is. */
export function queueOf(node: BrokerNode, destination: Destination): Queue {
  const key = destinationKey(destination);
  if (destination.kind === "topic") {
    const detail = "a topic keeps no messages; only a queue can be browsed and purged";
    throw new BrokerError("DESTINATION_INVALID", { destination: key, detail });
  }
  const queue = node.history.broker.queues.get(key);
  if (queue === undefined) throw new BrokerError("DESTINATION_UNKNOWN", { destination: key });
  return queue;
}
