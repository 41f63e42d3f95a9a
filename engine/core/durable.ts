import type { OwnerId } from "./command.ts";
import { destinationKey, type Destination } from "./message.ts";
import type { Queue } from "./queue.ts";
import type { Selector } from "./selector/selector.ts";

export interface DurableSubscription {
  readonly clientId: string;
  readonly name: string;
  readonly destination: Destination;
  readonly selector: Selector | null;
  readonly queue: Queue;
  /** The connection that uses it, when it wants nothing of its own. */
  withoutFrom: OwnerId | null;
}

/** Key of a durable subscription, and of the queue that holds its messages. Lengths keep two names apart. */
export function durableKey(clientId: string, name: string): string {
  return `durable://${clientId.length}:${clientId}:${name}`;
}

/** Whether a durable subscription is the one asked for, and not another of the same name. */
export function isSameDurable(
  existing: DurableSubscription,
  { destination, selector }: { readonly destination: Destination; readonly selector: string | null },
): boolean {
  return (
    destinationKey(existing.destination) === destinationKey(destination) &&
    (existing.selector?.text ?? null) === selector
  );
}
