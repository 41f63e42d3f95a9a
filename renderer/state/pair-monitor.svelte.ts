import type { OperationId, OperationInput, OperationOutput } from "../../engine/control/contract.ts";
import type { PairEvent, TimelineEvent, ViewUpdate } from "../../engine/control/events.ts";
import type {
  BuiltInClient,
  ClientView,
  DestinationView,
  LedgerView,
  LinkMode,
  NextAction,
  NodeName,
  PairView,
  RecoveryView,
} from "../../engine/control/views.ts";
import type { Backend, ConnectionState } from "../backend.ts";
import { TimelineModel } from "../timeline/model.ts";
import type { Notices } from "./notices.svelte.ts";
import { RateHistory } from "./rate-history.ts";

export type BrokerAction = OperationInput<"actOnBroker">["action"];

const eventsPerPage = 1_000;
/** As many pages as the timeline keeps events. */
const pagesMax = 20;
const revisionEveryMs = 100;
const clockEveryMs = 1_000;
/** Events worth interrupting a screen reader's user for. */
const announced: ReadonlySet<TimelineEvent["kind"]> = new Set([
  "protection",
  "killed",
  "promoted",
  "verdict",
]);

/** The pair as this window knows it: the newest snapshot, the timeline so far, and what can be asked of it. */
export class PairMonitor {
  connection = $state.raw<ConnectionState>({ kind: "connecting" });
  pair = $state.raw<PairView | null>(null);
  clients = $state.raw<readonly ClientView[]>([]);
  destinations = $state.raw<readonly DestinationView[]>([]);
  ledger = $state.raw<LedgerView | null>(null);
  recovery = $state.raw<RecoveryView | null>(null);
  timeline = $state.raw(new TimelineModel());
  /** Grows a few times a second while events come in: lists of events read it, the canvas does not. */
  eventsRevision = $state(0);
  /** The supervisor's time, once a second, for words such as `22 s`. */
  clock = $state(Date.now());
  /** The newest important event, for screen readers. */
  announcement = $state("");
  readonly rates: Readonly<Record<NodeName, RateHistory>> = {
    primary: new RateHistory(),
    replica: new RateHistory(),
  };

  readonly #backend: Backend;
  readonly #notices: Notices;
  /** Events pushed while older ones are being fetched. */
  #held: TimelineEvent[] | null = null;
  #startedAt: number | null = null;
  #clockAheadMs = 0;
  #isRevisionDue = false;

  constructor(backend: Backend, notices: Notices) {
    this.#backend = backend;
    this.#notices = notices;
  }

  /** Subscribes and fetches what happened before; returns what ends it. */
  start(): () => void {
    const ends = [
      this.#backend.onEvent((event) => this.#receive(event)),
      this.#backend.onConnection((state) => {
        this.connection = state;
        if (state.kind === "connected") void this.refresh();
      }),
    ];
    const ticking = setInterval(() => (this.clock = this.now()), clockEveryMs);
    return () => {
      clearInterval(ticking);
      for (const end of ends) end();
    };
  }

  /** The supervisor's clock; a browser elsewhere may be off by minutes. */
  now(): number {
    return Date.now() + this.#clockAheadMs;
  }

  /** Asks; a failure is shown and answered with `null`. */
  async ask<Id extends OperationId>(id: Id, input: OperationInput<Id>): Promise<OperationOutput<Id> | null> {
    try {
      return await this.#backend.call(id, input);
    } catch (error) {
      this.#notices.fail(error);
      return null;
    }
  }

  async refresh(): Promise<void> {
    try {
      const [pair, clients, destinations, ledger, recovery] = await Promise.all([
        this.#backend.call("getPair", {}),
        this.#backend.call("listClients", {}),
        this.#backend.call("listDestinations", {}),
        this.#backend.call("getLedger", {}),
        this.#backend.call("getRecovery", {}),
      ]);
      await this.#fetchEvents(pair.startedAt);
      const view: ViewUpdate = {
        kind: "views",
        at: this.now(),
        pair,
        ...clients,
        ...destinations,
        ledger,
        recovery,
      };
      this.#adopt(view);
      this.timeline.observe(view, false);
      this.#revise();
    } catch (error) {
      // A lost connection says so in a place of its own, and all of this is asked again when it is back.
      if (this.connection.kind === "connected") this.#notices.fail(error);
    }
  }

  async act(node: NodeName, action: BrokerAction): Promise<void> {
    this.#show(await this.ask("actOnBroker", { node, action }));
  }

  async setLink(mode: LinkMode, delayMs?: number): Promise<void> {
    this.#show(await this.ask("setLink", delayMs === undefined ? { mode } : { mode, delayMs }));
  }

  async take(action: NextAction): Promise<void> {
    // The supervisor composed the input for this very operation; it is checked again where it arrives.
    await this.ask(action.operation, action.input);
  }

  async addClient(settings: OperationInput<"addClient">): Promise<ClientView | null> {
    const client = await this.ask("addClient", settings);
    if (client !== null && !this.clients.some((other) => other.id === client.id))
      this.clients = [...this.clients, client];
    return client;
  }

  /** The shortest way to see a failover: one producer, one consumer, one queue. */
  async startDemo(): Promise<void> {
    const consumer = await this.addClient({ role: "consumer", destination: "demo", window: 100 });
    if (consumer !== null) await this.addClient({ role: "producer", destination: "demo", ratePerSecond: 50 });
  }

  async setPaused(client: ClientView, paused: boolean): Promise<void> {
    await this.ask("updateClient", { id: client.id, paused });
  }

  async setRate(client: ClientView, ratePerSecond: number): Promise<void> {
    await this.ask("updateClient", { id: client.id, ratePerSecond });
  }

  /** Same settings once more. */
  async duplicate(settings: BuiltInClient): Promise<void> {
    await this.addClient(settings);
  }

  async removeClient(client: ClientView): Promise<void> {
    const removed = await this.ask("removeClient", { id: client.id });
    if (removed !== null) this.clients = this.clients.filter((other) => other.id !== client.id);
  }

  async resetLedger(): Promise<void> {
    const ledger = await this.ask("resetLedger", {});
    if (ledger !== null) this.ledger = ledger;
  }

  async purge(name: string): Promise<void> {
    const result = await this.ask("purge", { name });
    if (result !== null) this.#notices.tell(`Deleted ${String(result.purged)} messages of ${name}.`);
  }

  #show(pair: PairView | null): void {
    if (pair !== null) this.pair = pair;
  }

  #receive(event: PairEvent): void {
    if (event.kind === "views") this.#observe(event);
    else if (this.#held !== null) this.#held.push(event);
    else this.#addEvent(event);
  }

  #observe(view: ViewUpdate): void {
    if (this.#startedAt !== null && view.pair.startedAt !== this.#startedAt && this.#held === null) {
      // Another supervisor answers now: its events count from one again.
      void this.#fetchEvents(view.pair.startedAt);
    }
    this.#syncClock(view.at);
    this.#adopt(view);
    this.timeline.observe(view);
    for (const node of ["primary", "replica"] as const) {
      const broker = view.pair[node];
      this.rates[node].push(view.at, broker.inPerSecond, broker.outPerSecond);
    }
    this.#revise();
  }

  #adopt(view: ViewUpdate): void {
    this.pair = view.pair;
    this.clients = view.clients;
    this.destinations = view.destinations;
    this.ledger = view.ledger;
    this.recovery = view.recovery;
  }

  #addEvent(event: TimelineEvent): void {
    if (!this.timeline.add(event)) return;
    this.#syncClock(event.at);
    if (announced.has(event.kind) || (event.kind === "notice" && event.severity !== "info"))
      this.announcement = event.text;
    this.#revise();
  }

  /** Delivery only ever delays, so the newest moment heard of is the best guess of the other clock. */
  #syncClock(at: number): void {
    const ahead = at - Date.now();
    if (ahead > this.#clockAheadMs || this.#clockAheadMs - ahead > 60_000) this.#clockAheadMs = ahead;
  }

  async #fetchEvents(startedAt: number): Promise<void> {
    if (this.#startedAt !== startedAt) this.timeline = new TimelineModel();
    this.#startedAt = startedAt;
    const held: TimelineEvent[] = [];
    this.#held = held;
    try {
      for (let page = 0; page < pagesMax; page += 1) {
        const { events } = await this.#backend.call("listEvents", {
          after: this.timeline.lastEventId,
          limit: eventsPerPage,
        });
        for (const event of events) this.timeline.add(event);
        if (events.length < eventsPerPage) break;
      }
    } finally {
      this.#held = null;
      for (const event of held) this.#addEvent(event);
      this.#revise();
    }
  }

  #revise(): void {
    if (this.#isRevisionDue) return;
    this.#isRevisionDue = true;
    setTimeout(() => {
      this.#isRevisionDue = false;
      this.eventsRevision += 1;
    }, revisionEveryMs);
  }
}
