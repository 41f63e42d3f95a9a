import { limits } from "../base/limits.ts";
import { emptyBody, headerOf } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader, StompVersion } from "../wire/stomp/frames.ts";
import { ClientError } from "./errors.ts";
import type { ClientSubscription, Delivery } from "./message.ts";

/** A subscription that is made again on every new connection, until it is ended or refused. */
export interface ActiveSubscription {
  readonly id: string;
  readonly request: ClientSubscription;
  readonly blame: { count: number };
  take(delivery: Delivery): void;
  confirmed(): void;
  failed(error: ClientError): void;
}

export class Subscriptions {
  readonly #byId = new Map<string, ActiveSubscription>();
  #count = 0;

  add(
    request: ClientSubscription,
    take: (delivery: Delivery) => void,
    resolve: (id: string) => void,
    reject: (error: ClientError) => void,
  ): ActiveSubscription {
    if (this.#byId.size >= limits.subscriptionsPerConnectionMax) {
      throw new ClientError("LIMIT_REACHED", {
        limit: limits.subscriptionsPerConnectionMax,
        what: "subscriptions",
      });
    }
    this.#count += 1;
    const id = `s${this.#count}`;
    const subscription = {
      id,
      request,
      blame: { count: 0 },
      take,
      confirmed: () => resolve(id),
      failed: reject,
    };
    this.#byId.set(id, subscription);
    return subscription;
  }

  remove(id: string): boolean {
    return this.#byId.delete(id);
  }

  all(): readonly ActiveSubscription[] {
    return [...this.#byId.values()];
  }

  /** [STOMP 1.0 MESSAGE] names the subscription only where SUBSCRIBE had an id; ours always do, but brokers differ. */
  of(frame: StompFrame): ActiveSubscription | null {
    const id = headerOf(frame, "subscription");
    if (id !== null) return this.#byId.get(id) ?? null;
    const destination = headerOf(frame, "destination");
    return this.all().find((one) => one.request.destination === destination) ?? null;
  }

  delivery(subscription: ActiveSubscription, frame: StompFrame, generation: number): Delivery {
    const messageId = headerOf(frame, "message-id") ?? "";
    return {
      subscription: subscription.id,
      destination: headerOf(frame, "destination") ?? subscription.request.destination,
      messageId,
      redelivered: headerOf(frame, "redelivered") === "true",
      frame,
      ackId: subscription.request.ackMode === "auto" ? null : (headerOf(frame, "ack") ?? messageId),
      generation,
    };
  }

  failAll(error: ClientError): void {
    for (const subscription of this.all()) subscription.failed(error);
    this.#byId.clear();
  }
}

export function subscribeFrame(subscription: ActiveSubscription, receipt: string): StompFrame {
  const { destination, ackMode, prefetchCount, headers } = subscription.request;
  const own: StompHeader[] = [
    ["id", subscription.id],
    ["destination", destination],
    ["ack", ackMode],
    ["receipt", receipt],
  ];
  if (prefetchCount !== null) own.push(["activemq.prefetchSize", String(prefetchCount)]);
  return { command: "SUBSCRIBE", headers: [...own, ...(headers ?? [])], body: emptyBody };
}

/** ACK and NACK name the message in three ways: 1.0 by message, 1.1 by message and subscription, 1.2 by delivery. */
export function acknowledgement(what: {
  readonly command: "ACK" | "NACK";
  readonly delivery: Delivery;
  readonly transaction: string | null;
  readonly version: StompVersion;
}): StompFrame {
  const { command, delivery, transaction, version } = what;
  const headers: StompHeader[] =
    version === "1.2"
      ? [["id", delivery.ackId ?? ""]]
      : [
          ["message-id", delivery.messageId],
          ["subscription", delivery.subscription],
        ];
  if (transaction !== null) headers.push(["transaction", transaction]);
  return { command, headers, body: emptyBody };
}
