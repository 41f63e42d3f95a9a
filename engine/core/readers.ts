import type { Consumer } from "./consumer.ts";
import type { SubscriptionRequest } from "./dialogue.ts";
import { durableKey } from "./durable.ts";
import { destinationKey, type Destination } from "./message.ts";
import { isPattern, matchesPattern } from "./pattern.ts";

/** Consumers by what they read: among ten thousand, those of one destination are found without asking the others. */
export class Readers {
  readonly #byKey = new Map<string, Set<Consumer>>();
  readonly #patterns = new Set<Consumer>();

  add(consumer: Consumer): void {
    const key = onlyKeyOf(consumer.request);
    if (key === null) {
      this.#patterns.add(consumer);
      return;
    }
    const alike = this.#byKey.get(key);
    if (alike === undefined) this.#byKey.set(key, new Set([consumer]));
    else alike.add(consumer);
  }

  remove(consumer: Consumer): void {
    this.#patterns.delete(consumer);
    const key = onlyKeyOf(consumer.request);
    const alike = key === null ? undefined : this.#byKey.get(key);
    if (key === null || alike?.delete(consumer) !== true) return;
    if (alike.size === 0) this.#byKey.delete(key);
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

/** Key of the one destination or durable subscription that is read; `null`: all that match a pattern are. */
export function onlyKeyOf({ destination, durable }: SubscriptionRequest): string | null {
  if (durable !== null) return durableKey(durable.clientId, durable.name);
  const isWild =
    (destination.kind === "queue" || destination.kind === "topic") && isPattern(destination.name);
  return isWild ? null : destinationKey(destination);
}

/** Whether a destination of a pattern covers that of the key. */
export function covers({ kind, name }: Destination, key: string): boolean {
  const scheme = `${kind}://`;
  return key.startsWith(scheme) && matchesPattern(name, key.slice(scheme.length));
}
