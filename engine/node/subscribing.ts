import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asInstant, type Instant, type WallTime } from "../base/units.ts";
import type { Broker } from "../core/broker.ts";
import type { Command, OwnerId } from "../core/command.ts";
import { isComposite, partsOf } from "../core/composite.ts";
import type { SubscriptionRequest } from "../core/dialogue.ts";
import type { Dispatcher } from "../core/dispatch.ts";
import { durableKey, isSameDurable } from "../core/durable.ts";
import { destinationKey, type Destination } from "../core/message.ts";
import { checkDestination, isPattern } from "../core/pattern.ts";
import { parseSelector } from "../core/selector/selector.ts";
import { topicOfQueue } from "../core/virtual-topic.ts";
import type { ConnectedClient } from "./connected-client.ts";
import type { Replaying } from "./replaying.ts";
import type { Temporaries } from "./temporaries.ts";

/** Time for a client that fails over; meanwhile the messages of its groups wait for it. */
const groupGraceMs = 10_000;

/** What subscriptions are refused for, and what must be in the pair's state before one begins. */
export class Subscribing {
  readonly #broker: Broker;
  readonly #dispatcher: Dispatcher;
  readonly #temporaries: Temporaries;
  readonly #replaying: Replaying;
  #groupsDueAt = asInstant(0);

  constructor(broker: Broker, dispatcher: Dispatcher, temporaries: Temporaries, replaying: Replaying) {
    this.#broker = broker;
    this.#dispatcher = dispatcher;
    this.#temporaries = temporaries;
    this.#replaying = replaying;
  }

  /** Throws what stands against it; else it begins. */
  subscribe(
    client: ConnectedClient,
    request: SubscriptionRequest,
    now: WallTime,
    order: (command: Command) => void,
  ): void {
    this.#check(client, request);
    if (request.durable !== null)
      this.#prepareDurable(client.owner, { ...request, durable: request.durable }, order);
    else
      for (const part of partsOf(request.destination))
        if (this.#isMissingQueue(part)) order({ kind: "create-queue", destination: part });
    const { lastingName: name = null, subscription } = request;
    if (name !== null && this.#broker.groups.absent.has(name))
      order({ kind: "claim-groups", owner: client.owner, subscription, name });
    this.#dispatcher.add(client.session, client.owner, request);
    if (request.retroactive) this.#replaying.replay(client, request, now, order);
  }

  /** Their broker went away: consumers may come back for their message groups. */
  wait(now: Instant): void {
    this.#groupsDueAt = asInstant(now + groupGraceMs);
  }

  /** Gives up the groups that no consumer came back for in that time. */
  giveUpGroups(now: Instant, order: (command: Command) => void): void {
    if (this.#broker.groups.absent.size === 0 || now < this.#groupsDueAt) return;
    order({ kind: "forget-groups" });
    this.#dispatcher.groupsForgotten();
  }

  /** Throws when a client has this durable subscription now. */
  requireUnused(clientId: string, name: string): void {
    if (this.#dispatcher.durableUser(clientId, name) !== undefined)
      throw new BrokerError("DURABLE_IN_USE", { subscription: name, clientId });
  }

  #check({ session, owner }: ConnectedClient, request: SubscriptionRequest): void {
    const { subscription, destination } = request;
    if (this.#dispatcher.consumer(session, subscription) !== undefined)
      throw new BrokerError("SUBSCRIPTION_EXISTS", { subscription });
    if ([...this.#dispatcher.consumersOf(session)].length >= limits.subscriptionsPerConnectionMax)
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.subscriptionsPerConnectionMax,
        what: "subscriptions on a connection",
      });
    checkDestination(destination, true);
    if (isComposite(destination) && partsOf(destination).some(({ kind }) => kind !== destination.kind))
      throw new BrokerError("DESTINATION_INVALID", {
        destination: destination.name,
        detail: "one subscription receives from queues or from topics, not from both",
      });
    if (request.selector !== null) parseSelector(request.selector);
    this.#temporaries.requireOwn(owner, destination);
  }

  #prepareDurable(
    owner: OwnerId,
    request: SubscriptionRequest & { readonly durable: NonNullable<SubscriptionRequest["durable"]> },
    order: (command: Command) => void,
  ): void {
    const { destination, selector, durable, noLocal } = request;
    const { clientId, name } = durable;
    if (destination.kind !== "topic")
      throw new BrokerError("DESTINATION_INVALID", {
        destination: destination.name,
        detail: "only a topic can have a durable subscription",
      });
    this.requireUnused(clientId, name);
    const existing = this.#broker.durables.get(durableKey(clientId, name));
    const isKnown = existing !== undefined && isSameDurable(existing, request);
    if (isKnown && existing.withoutFrom === (noLocal ? owner : null)) return;
    const command = { kind: "create-durable", clientId, name, destination, selector } as const;
    order(noLocal ? { ...command, withoutFrom: owner } : command);
  }

  /** A pattern is no queue, except where it names one that gets the messages of virtual topics. */
  #isMissingQueue(destination: Destination): boolean {
    const { kind, name } = destination;
    if (kind !== "queue" || this.#broker.queues.has(destinationKey(destination))) return false;
    return !isPattern(name) || topicOfQueue(name) !== null;
  }
}
