import type { Op, WallTime } from "../base/units.ts";
import type { Broker } from "../core/broker.ts";
import type { Command } from "../core/command.ts";
import type { SubscriptionRequest } from "../core/dialogue.ts";
import type { Dispatcher } from "../core/dispatch.ts";
import { durableKey } from "../core/durable.ts";
import { parseDestinationKey, type Message } from "../core/message.ts";
import { withoutOwn } from "../core/no-local.ts";
import { covers } from "../core/readers.ts";
import { asSubscribersSee } from "../core/retained.ts";
import { compiledSelector, viewOf } from "../core/selection.ts";
import type { ConnectedClient } from "./connected-client.ts";

/** Gives retroactive subscribers of topics what those have kept: the last message of each that was sent to be. */
export class Replaying {
  readonly #broker: Broker;
  readonly #dispatcher: Dispatcher;
  readonly #content: (op: Op) => Message | null;

  constructor(broker: Broker, dispatcher: Dispatcher, content: (op: Op) => Message | null) {
    this.#broker = broker;
    this.#dispatcher = dispatcher;
    this.#content = content;
  }

  /** The subscription has begun. */
  replay(
    { session, owner }: ConnectedClient,
    request: SubscriptionRequest,
    now: WallTime,
    order: (command: Command) => void,
  ): void {
    const { destination, durable, subscription, noLocal, lastingName: name = null } = request;
    const asked = compiledSelector(request.selector);
    const selector = noLocal ? withoutOwn(asked, { owner, name }) : asked;
    for (const [topic, op] of this.#broker.retained.entries()) {
      const message = covers(destination, topic) ? this.#content(op) : null;
      if (message === null || (message.expiresAt !== null && message.expiresAt <= now)) continue;
      if (selector?.matches(viewOf(op, message, 0)) === false) continue;
      const consumer = this.#dispatcher.consumer(session, subscription);
      if (durable !== null)
        order({
          kind: "replay",
          queue: durableKey(durable.clientId, durable.name),
          message: asSubscribersSee(message, true),
        });
      else if (consumer !== undefined)
        this.#dispatcher.copies.replay(
          consumer,
          op,
          message,
          parseDestinationKey(topic) ?? message.destination,
        );
    }
  }
}
