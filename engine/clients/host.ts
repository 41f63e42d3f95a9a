import { BrokerError } from "../base/errors.ts";
import type { Moment } from "../base/units.ts";
import { assertNever } from "../base/assert.ts";
import type { ClientEvent } from "../client/client-options.ts";
import { parseFailoverUri } from "../client/failover-uri.ts";
import { identityOf } from "../client/message.ts";
import type { Delivery } from "../client/message.ts";
import { StompClient } from "../client/stomp-client.ts";
import { hostLimits } from "./channel.ts";
import type { ActorCounters, ActorEvent, ActorOrder, HostOrder, HostReport } from "./channel.ts";
import { Consumer } from "./consumer.ts";
import { readDestination } from "./destinations.ts";
import type { ClientDestination } from "./destinations.ts";
import { Ledger } from "./ledger.ts";
import type { LedgerMark } from "./ledger.ts";
import { Producer } from "./producer.ts";
import { verdictOf } from "./verdict.ts";

export interface HostOptions {
  report(report: HostReport): void;
  now(): Moment;
  /** Told apart from all runs before, whose messages may still be in the brokers' stores. */
  readonly runName: string;
}

type Worker =
  | { readonly kind: "producer"; readonly producer: Producer }
  | { readonly kind: "consumer"; readonly consumer: Consumer };

interface Actor {
  readonly order: ActorOrder;
  readonly client: StompClient;
  worker: Worker | null;
  isPaused: boolean;
  hasGivenUp: boolean;
  attemptCount: number;
  /** Attempts told of within the second that began at `attemptWindowAt`. */
  attemptWindowAt: number;
  attemptWindowCount: number;
}

/** Runs the built-in clients of one process and keeps their ledger. Everything it is told is an order of the channel. */
export class ClientHost {
  readonly #options: HostOptions;
  readonly #actors = new Map<string, Actor>();
  readonly #ledger = new Ledger();
  readonly #marks = new Map<number, LedgerMark>();
  readonly #timer: NodeJS.Timeout;
  #since: number;
  #seriesCount = 0;
  #reported = "";

  constructor(options: HostOptions) {
    this.#options = options;
    this.#since = options.now().wall;
    this.#timer = setInterval(() => this.#reportStatistics(), hostLimits.reportIntervalMs);
  }

  /** Carries out an order; what is wrong with it is reported, never thrown. */
  take(order: Exclude<HostOrder, { kind: "stop" }>): void {
    try {
      this.#carryOut(order);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const failure = { code: error.code, message: error.message, context: error.context };
      this.#options.report({ kind: "refused", id: "id" in order ? order.id : order.kind, failure });
    }
  }

  /** Closes all clients in order. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#actors.keys()].map((id) => this.#remove(id)));
  }

  #carryOut(order: Exclude<HostOrder, { kind: "stop" }>): void {
    switch (order.kind) {
      case "add":
        return this.#add(order);
      case "update":
        return this.#update(order);
      case "remove":
        void this.#remove(order.id);
        return;
      case "mark":
        return this.#mark(order.mark);
      case "stored":
        return this.#judge(order);
      case "forgive":
        return this.#ledger.forgive(readDestination(order.destination).key);
      case "reset-ledger":
        this.#ledger.reset();
        this.#marks.clear();
        this.#since = this.#options.now().wall;
        return this.#reportStatistics();
      case "list-outstanding": {
        const messages = this.#ledger.outstanding(Math.min(order.limit, hostLimits.outstandingListMax));
        const counts = this.#ledger.outstandingCounts();
        return this.#options.report({ kind: "outstanding", request: order.request, messages, counts });
      }
      default:
        return assertNever(order);
    }
  }

  #add(order: ActorOrder): void {
    const { id, settings, login } = order;
    if (this.#actors.has(id)) throw new BrokerError("CLIENT_ID_IN_USE", { clientId: id });
    if (this.#actors.size >= hostLimits.actorsMax) {
      throw new BrokerError("LIMIT_REACHED", { limit: hostLimits.actorsMax, what: "built-in clients" });
    }
    const destination = readDestination(settings.destination);
    const client = new StompClient({
      uri: parseFailoverUri(order.failoverUri),
      login: login?.name ?? null,
      passcode: login?.password ?? null,
      clientId: id,
      now: () => this.#options.now().monotonic,
      onEvent: (event) => this.#clientEvent(id, event),
    });
    const actor: Actor = {
      order,
      client,
      worker: null,
      isPaused: order.paused,
      hasGivenUp: false,
      attemptCount: 0,
      attemptWindowAt: 0,
      attemptWindowCount: 0,
    };
    this.#actors.set(id, actor);
    actor.worker =
      settings.role === "producer" ? this.#producer(actor, destination) : this.#consumer(actor, destination);
  }

  #producer(actor: Actor, destination: ClientDestination): Worker {
    const { id, settings } = actor.order;
    this.#seriesCount += 1;
    const series = `${id}.${this.#options.runName}.${this.#seriesCount}`;
    this.#ledger.open(series, destination.key);
    const port = {
      client: actor.client,
      series,
      destination,
      now: () => this.#options.now().monotonic,
      confirmed: (sequence: number) => this.#ledger.confirm(series, sequence),
      failed: (error: Error) => this.#failed(id, error),
    };
    return { kind: "producer", producer: new Producer(settings, port, actor.isPaused) };
  }

  #consumer(actor: Actor, destination: ClientDestination): Worker {
    const { id, settings } = actor.order;
    this.#ledger.watch(destination.key, settings.ackMode === "auto");
    const port = {
      client: actor.client,
      destination,
      received: (delivery: Delivery) => this.#received(id, delivery),
      failed: (error: Error) => this.#failed(id, error),
    };
    return { kind: "consumer", consumer: new Consumer(settings, port, actor.isPaused) };
  }

  #update(order: Extract<HostOrder, { kind: "update" }>): void {
    const actor = this.#actors.get(order.id);
    if (actor === undefined) throw new BrokerError("NOT_FOUND", { what: `The built-in client ${order.id}` });
    const { worker } = actor;
    if (order.ratePerSecond !== undefined && worker?.kind === "producer")
      worker.producer.changeRate(order.ratePerSecond);
    if (order.paused === undefined) return;
    actor.isPaused = order.paused;
    if (worker?.kind === "producer") worker.producer.pause(order.paused);
    else worker?.consumer.pause(order.paused);
  }

  async #remove(id: string): Promise<void> {
    const actor = this.#actors.get(id);
    if (actor === undefined) return;
    this.#actors.delete(id);
    if (actor.worker?.kind === "producer") actor.worker.producer.stop();
    else actor.worker?.consumer.stop();
    await actor.client.close();
  }

  #mark(mark: number): void {
    this.#marks.set(mark, this.#ledger.mark());
    const oldest = this.#marks.keys().next().value;
    if (this.#marks.size > hostLimits.marksMax && oldest !== undefined) this.#marks.delete(oldest);
  }

  #judge(order: Extract<HostOrder, { kind: "stored" }>): void {
    const mark = this.#marks.get(order.mark);
    this.#marks.delete(order.mark);
    // A mark of before a reset, or of a process before this one, says nothing any more.
    if (mark === undefined) return;
    this.#ledger.judge(mark, order.destinations);
    this.#reportStatistics();
  }

  #received(consumer: string, delivery: Delivery): void {
    const identity = identityOf(delivery.frame);
    if (identity === null) return;
    this.#ledger.receive({ consumer, redelivered: delivery.redelivered, ...identity });
  }

  #clientEvent(id: string, event: ClientEvent): void {
    const actor = this.#actors.get(id);
    if (actor === undefined) return;
    const at = this.#options.now().wall;
    switch (event.kind) {
      case "attempt":
        actor.attemptCount += 1;
        if (this.#mayTellAttempt(actor, event.at))
          this.#tell(id, { kind: "attempt", at, address: event.address, error: event.error });
        return;
      case "connected":
        return this.#tell(id, { kind: "connected", at, address: event.address });
      case "lost":
        if (actor.worker?.kind === "consumer") actor.worker.consumer.lost();
        return this.#tell(id, { kind: "lost", at, address: event.address, reason: event.reason });
      case "first-confirmed":
        if (event.blackoutMs === null) return;
        return this.#tell(id, { kind: "resumed", at, address: event.address, blackoutMs: event.blackoutMs });
      case "gave-up":
        actor.hasGivenUp = true;
        return this.#tell(id, { kind: "failed", at, error: event.error.message });
      default:
        return assertNever(event);
    }
  }

  #mayTellAttempt(actor: Actor, at: number): boolean {
    if (at - actor.attemptWindowAt >= 1_000) {
      actor.attemptWindowAt = at;
      actor.attemptWindowCount = 0;
    }
    actor.attemptWindowCount += 1;
    return actor.attemptWindowCount <= hostLimits.attemptEventsPerSecondMax;
  }

  #failed(id: string, error: Error): void {
    this.#tell(id, { kind: "failed", at: this.#options.now().wall, error: error.message });
  }

  #tell(id: string, event: ActorEvent): void {
    this.#options.report({ kind: "event", id, event });
  }

  #reportStatistics(): void {
    const actors = [...this.#actors].map(([id, actor]) => counters(id, actor));
    const snapshot = this.#ledger.snapshot();
    const ledger = { ...snapshot, verdict: verdictOf(snapshot), since: this.#since };
    const text = JSON.stringify([actors, ledger]);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.report({ kind: "statistics", at: this.#options.now().wall, actors, ledger });
  }
}

function counters(id: string, actor: Actor): ActorCounters {
  const { client, worker } = actor;
  return {
    id,
    state: stateOf(actor),
    address: client.address,
    sent: worker?.kind === "producer" ? worker.producer.confirmedCount : 0,
    received: worker?.kind === "consumer" ? worker.consumer.receivedCount : 0,
    inFlight: worker?.kind === "producer" ? worker.producer.inFlight : 0,
    unacknowledged: worker?.kind === "consumer" ? worker.consumer.unacknowledged : 0,
    attempts: actor.attemptCount,
  };
}

function stateOf(actor: Actor): ActorCounters["state"] {
  if (actor.hasGivenUp) return "gone";
  if (actor.isPaused) return "paused";
  return actor.client.address === null ? "reconnecting" : "connected";
}
