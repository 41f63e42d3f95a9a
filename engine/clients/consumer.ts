import type { BuiltInClient } from "../control/views.ts";
import { ClientError } from "../client/errors.ts";
import type { Delivery } from "../client/message.ts";
import type { StompClient } from "../client/stomp-client.ts";
import type { ClientDestination } from "./destinations.ts";

export interface ConsumerPort {
  readonly client: StompClient;
  readonly destination: ClientDestination;
  /** A message has been worked on; told before it is acknowledged. */
  received(delivery: Delivery): void;
  failed(error: Error): void;
}

/**
 * Takes messages one after the other, pretends `processingMs` of work on each, and acknowledges. What was handed to it
 * but not worked on when its connection broke it drops, as the broker will deliver it again; only in `auto` mode it
 * works on, since the broker counts that as consumed.
 */
export class Consumer {
  readonly #settings: BuiltInClient;
  readonly #port: ConsumerPort;
  readonly #waiting: Delivery[] = [];
  #isWorking = false;
  #state: "running" | "paused" | "stopped";
  #subscription: string | null = null;
  #receivedCount = 0;
  #unacknowledged = 0;
  /** Cumulative mode: worked on, and not acknowledged yet. */
  #last: Delivery | null = null;
  #sinceLast = 0;
  #timer: NodeJS.Timeout | null = null;
  /** One subscribing or unsubscribing at a time. */
  #change: Promise<void> = Promise.resolve();

  constructor(settings: BuiltInClient, port: ConsumerPort, isPaused: boolean) {
    this.#settings = settings;
    this.#port = port;
    this.#state = isPaused ? "paused" : "running";
    this.#apply();
  }

  get receivedCount(): number {
    return this.#receivedCount;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** A paused consumer is not subscribed: what waits goes to others. */
  pause(isPaused: boolean): void {
    if (this.#state === "stopped") return;
    this.#state = isPaused ? "paused" : "running";
    this.#apply();
  }

  /** Its connection broke. */
  lost(): void {
    if (this.#settings.ackMode === "auto") return;
    this.#drop();
  }

  stop(): void {
    this.#state = "stopped";
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#drop();
  }

  #apply(): void {
    this.#change = this.#change.then(async () => {
      try {
        if (this.#state === "running" && this.#subscription === null) await this.#subscribe();
        else if (this.#state === "paused" && this.#subscription !== null) await this.#unsubscribe();
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (this.#state !== "stopped") this.#port.failed(error);
      }
    });
  }

  async #subscribe(): Promise<void> {
    const { ackMode, window } = this.#settings;
    this.#subscription = await this.#port.client.subscribe(
      { destination: this.#port.destination.stomp, ackMode, prefetchCount: window },
      (delivery) => this.#take(delivery),
    );
  }

  async #unsubscribe(): Promise<void> {
    const id = this.#subscription;
    this.#subscription = null;
    this.#acknowledgeAll();
    if (this.#settings.ackMode !== "auto") {
      // Acknowledging it after the subscription has ended would be an error, so this work counts as never begun.
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#isWorking = false;
      this.#drop();
    }
    if (id !== null) await this.#port.client.unsubscribe(id);
  }

  #take(delivery: Delivery): void {
    if (this.#state === "stopped") return;
    if (this.#settings.ackMode !== "auto") this.#unacknowledged += 1;
    this.#waiting.push(delivery);
    this.#work();
  }

  #work(): void {
    while (!this.#isWorking) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) break;
      if (this.#settings.processingMs === 0) this.#finish(delivery);
      else {
        this.#isWorking = true;
        this.#timer = setTimeout(() => {
          this.#isWorking = false;
          this.#finish(delivery);
          this.#work();
        }, this.#settings.processingMs);
      }
    }
  }

  #finish(delivery: Delivery): void {
    this.#receivedCount += 1;
    this.#port.received(delivery);
    switch (this.#settings.ackMode) {
      case "auto":
        return;
      case "client-individual":
        if (this.#port.client.acknowledge(delivery)) this.#unacknowledged -= 1;
        return;
      case "client":
        this.#last = delivery;
        this.#sinceLast += 1;
        // Half a window at once keeps the broker sending; with nothing left to do there is nothing to wait for.
        if (this.#sinceLast * 2 >= this.#settings.window || this.#waiting.length === 0)
          this.#acknowledgeAll();
    }
  }

  #acknowledgeAll(): void {
    if (this.#last !== null && this.#port.client.acknowledge(this.#last))
      this.#unacknowledged -= this.#sinceLast;
    this.#last = null;
    this.#sinceLast = 0;
  }

  #drop(): void {
    this.#waiting.length = 0;
    this.#unacknowledged = 0;
    this.#last = null;
    this.#sinceLast = 0;
  }
}
