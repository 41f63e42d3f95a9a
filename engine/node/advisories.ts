import { wantsAdvisory, type Advisory } from "../core/advisory.ts";
import type { SessionId, SubscriptionRequest } from "../core/dialogue.ts";

interface Subscriber {
  readonly session: SessionId;
  readonly request: SubscriptionRequest;
}

/** Hands an advisory to one subscription. */
export type Advise = (session: SessionId, subscription: string, advisory: Advisory) => void;

/**
 * Who wants to hear what becomes of destinations. Clients of JMS all do: they send a reply to a temporary queue only if
 * they have heard of it, so a new subscriber is told first what there is.
 */
export class Advisories {
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #advise: Advise;
  #waiting: Advisory[] = [];

  constructor(advise: Advise) {
    this.#advise = advise;
  }

  subscribe(session: SessionId, request: SubscriptionRequest, present: Iterable<Advisory>): void {
    this.#subscribers.set(keyOf(session, request.subscription), { session, request });
    for (const advisory of present)
      if (wantsAdvisory(request.destination, advisory)) this.#advise(session, request.subscription, advisory);
  }

  has(session: SessionId, subscription: string): boolean {
    return this.#subscribers.has(keyOf(session, subscription));
  }

  unsubscribe(session: SessionId, subscription: string): boolean {
    return this.#subscribers.delete(keyOf(session, subscription));
  }

  forget(session: SessionId): void {
    for (const [key, subscriber] of this.#subscribers)
      if (subscriber.session === session) this.#subscribers.delete(key);
  }

  /** Something happened; it is told with the next {@link tell}, when the entry that did it is in the journal. */
  note(advisory: Advisory): void {
    if (this.#subscribers.size > 0) this.#waiting.push(advisory);
  }

  tell(): void {
    if (this.#waiting.length === 0) return;
    const advisories = this.#waiting;
    this.#waiting = [];
    for (const { session, request } of this.#subscribers.values())
      for (const advisory of advisories)
        if (wantsAdvisory(request.destination, advisory))
          this.#advise(session, request.subscription, advisory);
  }
}

function keyOf(session: SessionId, subscription: string): string {
  return `${session} ${subscription}`;
}
