import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Moment, Op } from "../base/units.ts";
import { destinationKey, isTopic, messageIdOf } from "../core/message.ts";
import type { Destination } from "../core/message.ts";
import type { AckMode, SessionRequest, SubscriptionRequest } from "../core/dialogue.ts";
import { selectorOrNone } from "../core/selector/selector.ts";
import { headerOf } from "../wire/stomp/frames.ts";
import type { StompFrame, StompVersion } from "../wire/stomp/frames.ts";
import { advisoryIdPrefix } from "./stomp-advisory.ts";
import { isOwnTemporary, looksLikeDestination, readDestination } from "./stomp-destination.ts";
import {
  booleanHeader,
  invalidHeader,
  mapJson,
  numberHeader,
  parseMessageId,
  parseOp,
  readMessage,
  refuseHeaders,
  requiredHeader,
} from "./stomp-headers.ts";
import type { Delivery, DeliveryLabels, RefusedHeaders } from "./stomp-headers.ts";
import { StompSubscriptions } from "./stomp-subscriptions.ts";
import type { StompSubscription } from "./stomp-subscriptions.ts";

const refusedOnSend = {
  transformation: { what: `Message transformation other than ${mapJson}`, but: [mapJson] },
} as const satisfies RefusedHeaders;

const mapTransformations: readonly string[] = [mapJson, "jms-json"];
const refusedOnSubscribe = {
  transformation: {
    what: `Message transformation other than ${mapTransformations.join(", ")} and jms-advisory-json`,
    but: [...mapTransformations, "jms-advisory-json"],
  },
} as const satisfies RefusedHeaders;

/** Names of the header that makes a topic subscription durable: ActiveMQ's, and Artemis'. */
const durableNameHeaders = ["activemq.subscriptionName", "durable-subscription-name"] as const;

/** ActiveMQ's, and Artemis'. */
const noLocalHeaders = ["activemq.noLocal", "no-local"] as const;

type RequestReader = (frame: StompFrame, version: StompVersion, now: Moment) => SessionRequest[];

/** Turns a connected client's frames into what is asked of the node, and knows what was delivered to it. */
export class StompRequests {
  /** From the CONNECT frame; durable subscriptions belong to it. */
  clientId: string | null = null;
  readonly #connectionName: string;
  readonly #subscriptions = new StompSubscriptions();
  readonly #withWritten = new Set<StompSubscription>();
  readonly #temporaries = new Set<string>();
  readonly #readers: Readonly<Partial<Record<StompFrame["command"], RequestReader>>> = {
    SEND: (frame, _version, now) => this.#send(frame, now),
    SUBSCRIBE: (frame, version) => this.#subscribe(frame, version),
    UNSUBSCRIBE: (frame, version) => this.#unsubscribe(frame, version),
    ACK: (frame, version) => this.#settle(frame, version, "accepted"),
    NACK: (frame, version) => this.#settle(frame, version, "rejected"),
    BEGIN: (frame) => this.#begin(frame),
    COMMIT: (frame) => this.#finish(frame, "commit"),
    ABORT: (frame) => this.#finish(frame, "rollback"),
  };

  constructor(connectionName: string) {
    this.#connectionName = connectionName;
  }

  /** What a frame asks for, in order; at least one request, of which the last one completes the frame. */
  of(frame: StompFrame, version: StompVersion, now: Moment): readonly SessionRequest[] {
    const read = this.#readers[frame.command];
    if (read === undefined)
      throw new BrokerError("PROTOCOL_VIOLATION", { detail: `${frame.command} is not expected here.` });
    return read(frame, version, now);
  }

  /** Notes a delivery and says how its frame is labelled; `null` when its subscription has ended meanwhile. */
  delivered(delivery: Delivery, version: StompVersion): DeliveryLabels | null {
    const subscription = this.#subscriptions.named(delivery.subscription);
    if (subscription === null) return null;
    const isAuto = subscription.request.ackMode === "auto";
    if (isAuto) {
      subscription.written.push(delivery.id);
      this.#withWritten.add(subscription);
    } else {
      // Delivered again, it takes its place at the end: acknowledgements count in the order of delivery.
      subscription.unsettled.delete(delivery.id);
      subscription.unsettled.set(delivery.id, null);
    }
    const ack = version === "1.2" && !isAuto ? `${delivery.subscription}-${delivery.id}` : null;
    const { id, mapsAsJson } = subscription;
    return { subscription: id, ack, connectionName: this.#connectionName, mapsAsJson };
  }

  /** `null` when it has ended meanwhile. */
  subscription(name: string): StompSubscription | null {
    return this.#subscriptions.named(name);
  }

  /** [STOMP 1.2 SUBSCRIBE ack Header] In `auto` mode what has been sent counts as received. */
  consumed(): SessionRequest[] {
    const requests: SessionRequest[] = [];
    for (const subscription of this.#withWritten) {
      requests.push(settleRequest(subscription, subscription.written, "accepted", null));
      subscription.written = [];
    }
    this.#withWritten.clear();
    return requests;
  }

  #send(frame: StompFrame, now: Moment): SessionRequest[] {
    refuseHeaders(frame, refusedOnSend);
    const transaction = this.#transactionOf(frame);
    const destination = readDestination(requiredHeader(frame, "destination"), "send", this.#connectionName);
    const replyToText = headerOf(frame, "reply-to");
    const replyTo =
      replyToText !== null && looksLikeDestination(replyToText)
        ? readDestination(replyToText, "send", this.#connectionName)
        : null;
    const message = readMessage(frame, { destination, replyTo }, now);
    const creations = [destination, replyTo].flatMap((each) => (each === null ? [] : this.#creation(each)));
    return [...creations, { kind: "send", message, transaction }];
  }

  /** A temporary destination of this connection comes to be when it is first named. */
  #creation(destination: Destination): SessionRequest[] {
    const key = destinationKey(destination);
    if (!isOwnTemporary(destination, this.#connectionName) || this.#temporaries.has(key)) return [];
    if (this.#temporaries.size === limits.subscriptionsPerConnectionMax) {
      throw new BrokerError("LIMIT_REACHED", {
        limit: limits.subscriptionsPerConnectionMax,
        what: "temporary destinations of a connection",
      });
    }
    this.#temporaries.add(key);
    return [{ kind: "create-temporary", destination }];
  }

  #subscribe(frame: StompFrame, version: StompVersion): SessionRequest[] {
    refuseHeaders(frame, refusedOnSubscribe);
    const destinationText = requiredHeader(frame, "destination");
    // [STOMP 1.1 SUBSCRIBE id Header] Required since 1.1; before, the destination names the subscription.
    const id = version === "1.0" ? headerOf(frame, "id") : requiredHeader(frame, "id");
    const destination = readDestination(destinationText, "subscribe", this.#connectionName);
    const browser = booleanHeader(frame, "browser");
    if (browser) checkBrowser(destination, version);
    const request: SubscriptionRequest = {
      subscription: this.#subscriptions.nextName(),
      destination,
      ackMode: ackModeOf(frame),
      prefetchCount: prefetchOf(frame),
      browser,
      durable: this.#durableOf(frame, destination),
      exclusive: booleanHeader(frame, "activemq.exclusive"),
      noLocal: noLocalHeaders.some((header) => booleanHeader(frame, header)),
      retroactive: booleanHeader(frame, "activemq.retroactive"),
      selector: selectorOrNone(headerOf(frame, "selector")),
      consumerPriority: numberHeader(frame, "activemq.priority", { min: 0, max: 127, otherwise: 0 }),
      lastingName: this.clientId === null || id === null || browser ? null : `${this.clientId} ${id}`,
    };
    this.#subscriptions.add({
      request,
      id,
      destinationText,
      mapsAsJson: mapTransformations.includes(headerOf(frame, "transformation") ?? ""),
      unsettled: new Map(),
      written: [],
    });
    return [...this.#creation(destination), { kind: "subscribe", ...request }];
  }

  #durableOf(frame: StompFrame, destination: Destination): SubscriptionRequest["durable"] {
    const header = durableNameHeaders.find((candidate) => headerOf(frame, candidate) !== null);
    const isAsked =
      header !== undefined || (destination.kind === "topic" && headerOf(frame, "durable") === "true");
    if (!isAsked) return null;
    const name = header === undefined ? requiredHeader(frame, "id") : requiredHeader(frame, header);
    if (name === "") throw invalidHeader(header ?? "id", name, "a name");
    if (destination.kind !== "topic")
      throw invalidHeader(header ?? "durable", name, "possible here: only a topic has durable subscriptions");
    return { clientId: this.#requiredClientId(), name };
  }

  #requiredClientId(): string {
    if (this.clientId === null || this.clientId === "")
      throw new BrokerError("HEADER_MISSING", {
        command: "CONNECT",
        header: "client-id (for a durable subscription)",
      });
    return this.clientId;
  }

  #unsubscribe(frame: StompFrame, version: StompVersion): SessionRequest[] {
    const durableHeader = durableNameHeaders.find((candidate) => headerOf(frame, candidate) !== null);
    const deletion: SessionRequest[] =
      durableHeader === undefined
        ? []
        : [
            {
              kind: "delete-durable",
              clientId: this.#requiredClientId(),
              name: requiredHeader(frame, durableHeader),
            },
          ];
    const subscription = this.#subscriptionToEnd(frame, version);
    if (subscription === null) {
      // ActiveMQ's clients end a durable subscription first and delete it then, under the same id.
      if (deletion.length > 0) return deletion;
      throw new BrokerError("SUBSCRIPTION_UNKNOWN", {
        subscription: headerOf(frame, "id") ?? headerOf(frame, "destination") ?? "",
      });
    }
    this.#subscriptions.remove(subscription);
    this.#withWritten.delete(subscription);
    const unsettled =
      subscription.written.length === 0
        ? []
        : [settleRequest(subscription, subscription.written, "accepted", null)];
    return [
      ...unsettled,
      { kind: "unsubscribe", subscription: subscription.request.subscription, unseen: [] },
      ...deletion,
    ];
  }

  #subscriptionToEnd(frame: StompFrame, version: StompVersion): StompSubscription | null {
    const id = headerOf(frame, "id");
    if (id !== null) return this.#subscriptions.withId(id);
    const destination = headerOf(frame, "destination");
    const isDeletion = durableNameHeaders.some((name) => headerOf(frame, name) !== null);
    if (version === "1.0" && destination !== null) return this.#subscriptions.withDestination(destination);
    if (isDeletion) return null;
    throw new BrokerError("HEADER_MISSING", {
      command: frame.command,
      header: version === "1.0" ? "id (or destination)" : "id",
    });
  }

  #settle(frame: StompFrame, version: StompVersion, outcome: "accepted" | "rejected"): SessionRequest[] {
    if (outcome === "rejected" && version === "1.0")
      throw new BrokerError("PROTOCOL_VIOLATION", { detail: "STOMP 1.0 has no NACK frame." });
    const transaction = this.#transactionOf(frame);
    const named = headerOf(frame, version === "1.2" ? "id" : "message-id");
    if (named?.startsWith(advisoryIdPrefix) === true) return [{ kind: "settle-down" }];
    const { subscription, message } = this.#acknowledged(frame, version);
    if (outcome === "rejected" && subscription.request.browser)
      throw new BrokerError("PROTOCOL_VIOLATION", {
        detail: "What a browser shows stays on its queue: it can be acknowledged, not refused.",
      });
    const messages = this.#subscriptions.settle(subscription, message, transaction);
    return [settleRequest(subscription, messages, outcome, transaction)];
  }

  /** Each version names the message of an ACK in its own way. */
  #acknowledged(frame: StompFrame, version: StompVersion): { subscription: StompSubscription; message: Op } {
    if (version === "1.2") {
      // [STOMP 1.2 ACK] `id` is what the MESSAGE said in `ack`.
      const ackId = requiredHeader(frame, "id");
      const dash = ackId.indexOf("-");
      const subscription = dash === -1 ? null : this.#subscriptions.named(ackId.slice(0, dash));
      const message = parseOp(ackId.slice(dash + 1));
      if (subscription === null || message === null)
        throw new BrokerError("MESSAGE_UNKNOWN", { message: ackId });
      return { subscription, message };
    }
    const messageId = requiredHeader(frame, "message-id");
    // [STOMP 1.1 ACK] The subscription is required; [STOMP 1.0 ACK] has no such header.
    const id = version === "1.1" ? requiredHeader(frame, "subscription") : headerOf(frame, "subscription");
    const message = parseMessageId(messageId);
    if (message === null) throw new BrokerError("MESSAGE_UNKNOWN", { message: messageId });
    const subscription = id === null ? this.#subscriptions.awaiting(message) : this.#subscriptions.withId(id);
    if (subscription === null) {
      if (id === null) throw new BrokerError("MESSAGE_UNKNOWN", { message: messageIdOf(message) });
      throw new BrokerError("SUBSCRIPTION_UNKNOWN", { subscription: id });
    }
    return { subscription, message };
  }

  #begin(frame: StompFrame): SessionRequest[] {
    const transaction = requiredHeader(frame, "transaction");
    this.#subscriptions.begin(transaction);
    return [{ kind: "begin", transaction }];
  }

  #finish(frame: StompFrame, kind: "commit" | "rollback"): SessionRequest[] {
    const transaction = requiredHeader(frame, "transaction");
    this.#subscriptions.finish(transaction, kind);
    return [{ kind, transaction }];
  }

  #transactionOf(frame: StompFrame): string | null {
    const transaction = headerOf(frame, "transaction");
    if (transaction !== null) this.#subscriptions.checkTransaction(transaction);
    return transaction;
  }
}

function settleRequest(
  subscription: StompSubscription,
  messages: readonly Op[],
  outcome: "accepted" | "rejected",
  transaction: string | null,
): SessionRequest {
  return { kind: "settle", subscription: subscription.request.subscription, messages, outcome, transaction };
}

function checkBrowser(destination: Destination, version: StompVersion): void {
  // The frame that ends it names the subscription, whose id STOMP 1.0 does not require.
  if (version === "1.0")
    throw new BrokerError("PROTOCOL_VIOLATION", {
      detail: "Browsers are there since STOMP 1.1, as in ActiveMQ.",
    });
  if (isTopic(destination))
    throw invalidHeader("browser", "true", "false on a topic: only a queue can be browsed");
}

function ackModeOf(frame: StompFrame): AckMode {
  const mode = headerOf(frame, "ack") ?? "auto";
  if (mode !== "auto" && mode !== "client" && mode !== "client-individual")
    throw invalidHeader("ack", mode, "auto, client or client-individual");
  return mode;
}

/** A subscription may ask for more than is allowed; it gets what is allowed. */
function prefetchOf(frame: StompFrame): number {
  const asked = numberHeader(frame, "activemq.prefetchSize", {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    otherwise: limits.prefetchCountDefault,
  });
  return Math.min(asked, limits.prefetchCountMax);
}
