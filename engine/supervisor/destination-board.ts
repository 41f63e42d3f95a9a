import { BrokerError } from "../base/errors.ts";
import type { DestinationView, NodeName } from "../control/views.ts";
import { parseDestinationKey, type Destination } from "../core/message.ts";
import type { DestinationCount, NodeStatistics } from "./channel.ts";
import { Rates } from "./rates.ts";

type Changes = Pick<NodeStatistics, "whole" | "destinations" | "gone">;

/** Destinations of the active node with their rates. Reports tell what changed, so each node's are kept up to date. */
export class DestinationBoard {
  readonly #in = new Rates();
  readonly #out = new Rates();
  readonly #counts = {
    primary: new Map<string, DestinationCount>(),
    replica: new Map<string, DestinationCount>(),
  };
  #shown: NodeName = "primary";

  /** `isShown`: this node is the one whose destinations are shown from now on. */
  counted(node: NodeName, { whole, destinations, gone }: Changes, isShown: boolean, now: number): void {
    const counts = this.#counts[node];
    if (isShown) this.#shown = node;
    if (whole) counts.clear();
    for (const count of destinations) {
      if (isShown) this.#sample(count, whole ? count : counts.get(count.name), now);
      counts.set(count.name, count);
    }
    for (const name of gone) {
      counts.delete(name);
      this.#in.forget(name);
      this.#out.forget(name);
    }
  }

  /** As last counted. */
  views(now: number): DestinationView[] {
    return Array.from(this.#counts[this.#shown].values(), (count) => this.#withRates(count, now));
  }

  /** Fresh numbers from the node, with what only the counts know. */
  complete(destinations: readonly DestinationView[], now: number): DestinationView[] {
    const counts = this.#counts[this.#shown];
    return destinations.map((one) =>
      this.#withRates({ ...one, producers: counts.get(one.name)?.producers ?? one.producers }, now),
    );
  }

  /** A new destination began with nothing. */
  #sample(
    { name, enqueued, dequeued }: DestinationCount,
    before: DestinationCount | undefined,
    now: number,
  ): void {
    this.#in.sample(name, { before: before?.enqueued ?? 0, total: enqueued }, now);
    this.#out.sample(name, { before: before?.dequeued ?? 0, total: dequeued }, now);
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
