import { BrokerError } from "../base/errors.ts";
import { asInstant, type Instant } from "../base/units.ts";
import type { Broker } from "../core/broker.ts";
import type { OwnerId } from "../core/command.ts";
import type { Dispatcher } from "../core/dispatch.ts";
import { destinationKey, parseDestinationKey, type Destination } from "../core/message.ts";

/** Long enough for a client to find its way to the node that took over. */
const graceMs = 60_000;

/** Who may do what with temporary destinations, and how long they wait for their client after a takeover. */
export class Temporaries {
  readonly #broker: Broker;
  #dueAt = asInstant(0);

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Their broker went away: their clients may come back for them. */
  wait(now: Instant): void {
    this.#dueAt = asInstant(now + graceMs);
  }

  /** Those that no client came back for in that time. */
  overdue(now: Instant): readonly Destination[] {
    const { orphans } = this.#broker;
    if (orphans.size === 0 || now < this.#dueAt) return [];
    return [...orphans].map(parseDestinationKey).filter((destination) => destination !== null);
  }

  /** Throws what stands against receiving from it. */
  requireOwn(owner: OwnerId, destination: Destination): void {
    if (!destination.kind.startsWith("temp-")) return;
    const key = destinationKey(destination);
    if (!this.#broker.queues.has(key)) throw new BrokerError("DESTINATION_UNKNOWN", { destination: key });
    if (this.#broker.owners.get(owner)?.temporaries.has(key) === true) return;
    throw new BrokerError("DESTINATION_INVALID", {
      destination: key,
      detail: "a temporary destination can only be received from by the connection that made it",
    });
  }

  /** Throws what stands against deleting it. */
  requireUnused(owner: OwnerId, destination: Destination, dispatcher: Dispatcher): void {
    this.requireOwn(owner, destination);
    if (dispatcher.consumerCount(this.#broker.queueFor(destination)) === 0) return;
    throw new BrokerError("DESTINATION_INVALID", {
      destination: destination.name,
      detail: "a temporary destination can only be deleted once nobody receives from it",
    });
  }
}
