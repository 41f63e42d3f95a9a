import type { Consumer } from "./consumer.ts";
import type { SubscriptionRequest } from "./dialogue.ts";
import { durableKey } from "./durable.ts";
import { isComposite, partsOf } from "./composite.ts";
import { destinationKey, type Destination } from "./message.ts";
import { isPattern, matchesPattern } from "./pattern.ts";
import type { Queue } from "./queue.ts";

/** Consumers by what they read: among ten thousand, those of one destination are found without asking the others. */
export class Readers {
  readonly #byKey = new Map<string, Set<Consumer>>();
  readonly #patterns = new Set<Consumer>();

  add(consumer: Consumer): void {
    const keys = keysOf(consumer.request);
    if (keys === null) this.#patterns.add(consumer);
    for (const key of keys ?? []) {
      const alike = this.#byKey.get(key);
      if (alike === undefined) this.#byKey.set(key, new Set([consumer]));
      else alike.add(consumer);
    }
  }

  remove(consumer: Consumer): void {
    this.#patterns.delete(consumer);
    for (const key of keysOf(consumer.request) ?? []) {
      const alike = this.#byKey.get(key);
      if (alike?.delete(consumer) === true && alike.size === 0) this.#byKey.delete(key);
    }
  }

  /** Those who read the destination, or the durable subscription, of this key. */
  of(key: string): Consumer[] {
    const exact = this.#byKey.get(key);
    const readers = exact === undefined ? [] : [...exact];
    for (const consumer of this.#patterns)
      if (covers(consumer.request.destination, key)) readers.push(consumer);
    return readers;
  }
}

/** Keys of the destinations, or of the durable subscription, that are read; `null`: all that match a pattern are. */
function keysOf({ destination, durable }: SubscriptionRequest): readonly string[] | null {
  if (durable !== null) return [durableKey(durable.clientId, durable.name)];
  const parts = partsOf(destination);
  return parts.some(isWild) ? null : parts.map(destinationKey);
}

/** Those of all `queues`, by key, that are read. */
export function* queuesRead(
  request: SubscriptionRequest,
  queues: ReadonlyMap<string, Queue>,
): Generator<Queue> {
  const keys = keysOf(request);
  for (const key of keys ?? []) {
    const queue = queues.get(key);
    if (queue !== undefined) yield queue;
  }
  if (keys === null)
    for (const queue of queues.values()) if (covers(request.destination, queue.key)) yield queue;
}

function isWild({ kind, name }: Destination): boolean {
  return (kind === "queue" || kind === "topic") && isPattern(name);
}

/** Whether a destination, with its parts and patterns, covers that of the key. */
export function covers(destination: Destination, key: string): boolean {
  return partsOf(destination).some((part) => coversAlone(part, key));
}

/** Of the destinations that a message was sent to at once: the first one that a subscription to `read` reads. */
export function partRead(read: Destination, sentTo: Destination): Destination {
  if (!isComposite(sentTo)) return sentTo;
  return partsOf(sentTo).find((part) => covers(read, destinationKey(part))) ?? sentTo;
}

/** A queue that is itself named like a pattern, as that of a virtual topic may be, is not read by other patterns. */
function coversAlone({ kind, name }: Destination, key: string): boolean {
  const scheme = `${kind}://`;
  if (!key.startsWith(scheme)) return false;
  const covered = key.slice(scheme.length);
  return name === covered || (!isPattern(covered) && matchesPattern(name, covered));
}
