import { BrokerError } from "../base/errors.ts";
import type { DestinationView } from "../control/views.ts";
import { parseDestinationKey, type Destination } from "../core/message.ts";
import type { DestinationCount } from "./channel.ts";
import { Rates } from "./rates.ts";

/** Destinations of the active node with their rates. */
export class DestinationBoard {
  readonly #in = new Rates();
  readonly #out = new Rates();
  #counts: readonly DestinationCount[] = [];

  counted(counts: readonly DestinationCount[], now: number): void {
    this.#counts = counts;
    this.#in.sample(new Map(counts.map(({ name, enqueued }) => [name, enqueued])), now);
    this.#out.sample(new Map(counts.map(({ name, dequeued }) => [name, dequeued])), now);
  }

  /** As last counted. */
  views(now: number): DestinationView[] {
    return this.#counts.map((count) => this.#withRates(count, now));
  }

  /** Fresh numbers from the node, with what only the counts know. */
  complete(destinations: readonly DestinationView[], now: number): DestinationView[] {
    const producers = new Map(this.#counts.map((count) => [count.name, count.producers]));
    return destinations.map((one) =>
      this.#withRates({ ...one, producers: producers.get(one.name) ?? one.producers }, now),
    );
  }

  #withRates(count: DestinationCount, now: number): DestinationView {
    return {
      ...count,
      inPerSecond: this.#in.perSecond(count.name, now),
      outPerSecond: this.#out.perSecond(count.name, now),
    };
  }
}

/** Reads `orders`, `queue://orders`, `/queue/orders` and the like. */
export function readDestination(text: string): Destination {
  const slashed = /^\/(queue|topic|temp-queue|temp-topic)\/(.+)$/s.exec(text);
  const destination =
    slashed === null
      ? parseDestinationKey(text)
      : parseDestinationKey(`${slashed[1] ?? ""}://${slashed[2] ?? ""}`);
  if (destination !== null) return destination;
  const detail = "it should look like orders, queue://orders, topic://prices or /queue/orders";
  throw new BrokerError("DESTINATION_INVALID", { destination: text, detail });
}
