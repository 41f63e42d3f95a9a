import type { LedgerReport, HostReport } from "../clients/channel.ts";
import { RemoteClients } from "../clients/remote.ts";
import type { BrokerState, BuiltInClient, ClientView, LedgerView, NodeName } from "../control/views.ts";
import { BrokerError } from "../base/errors.ts";
import type { BrokerReport, ClientCount, NodeReplies } from "./channel.ts";
import type { DatedEvent } from "./client-story.ts";
import { ClientBook } from "./client-views.ts";
import { failoverSentence, type FailoverStory } from "./pair-view.ts";
import type { ChildRuntime } from "./runtime.ts";
import { SocketOwners } from "./socket-owner.ts";
import type { Timeline } from "./timeline.ts";

export interface ClientDeskParts {
  readonly runtime: ChildRuntime;
  readonly timeline: Timeline;
  readonly ports: Readonly<Record<NodeName, number>>;
  readonly failoverUri: string;
  /** Login of the built-in clients; `null`: none is needed. */
  readonly login: { readonly name: string; readonly password: string } | null;
  /** What the active broker stores; rejects while none serves. */
  storedNow(): Promise<NodeReplies["destinations"]>;
}

const ownersDelayMs = 150;
const judgeIntervalMs = 2_000;
/** Traffic flows again for so long before the verdict on a failover is given: what was under way has arrived by then. */
const verdictDelayMs = 1_500;

/** All clients of the pair: those that come from outside, the built-in ones, and the ledger of the latter. */
export class ClientDesk {
  readonly #parts: ClientDeskParts;
  readonly #book: ClientBook;
  readonly #owners = new SocketOwners();
  readonly #remote: RemoteClients;
  /** Queues on which consumers were seen that are not ours: what is missing there they may have taken. */
  readonly #othersConsume = new Set<string>();
  #ledger: LedgerView = emptyLedger(Date.now());
  #ownersTimer: NodeJS.Timeout | null = null;
  #judgeTimer: NodeJS.Timeout | null = null;
  #verdictTimer: NodeJS.Timeout | null = null;
  #failover: {
    node: NodeName;
    tookMs: number | null;
    resumed: Set<string>;
    verdict: "due" | "judging" | "given";
  } | null = null;

  constructor(parts: ClientDeskParts) {
    this.#parts = parts;
    const { ports } = parts;
    this.#book = new ClientBook((port) =>
      port === ports.primary ? "primary" : port === ports.replica ? "replica" : null,
    );
    this.#remote = new RemoteClients({
      runtime: parts.runtime,
      onReport: (report) => this.#hostReported(report),
      onNotice: (notice) => parts.timeline.add({ kind: "notice", ...notice }),
    });
  }

  get ledger(): LedgerView {
    return this.#ledger;
  }

  /** The last takeover and what became of the clients. */
  get failover(): FailoverStory | null {
    if (this.#failover === null) return null;
    const { node, tookMs, resumed } = this.#failover;
    return {
      node,
      tookMs,
      reconnectedCount: resumed.size,
      lostCount: this.#ledger.confirmed === 0 ? null : this.#ledger.lost,
    };
  }

  views(): ClientView[] {
    return this.#book.views(Date.now());
  }

  counts(): Record<NodeName, number> {
    return this.#book.counts();
  }

  add(settings: BuiltInClient): ClientView {
    const id = this.#remote.add(settings, this.#parts.failoverUri, this.#parts.login);
    this.#book.addBuiltIn(id, settings, Date.now());
    this.#judgeTimer ??= this.#judgeRegularly();
    this.#parts.timeline.touch({ urgent: true });
    return this.#viewOf(id);
  }

  update(
    id: string,
    change: { paused?: boolean | undefined; ratePerSecond?: number | undefined },
  ): ClientView {
    const { settings, paused } = this.#remote.update(id, change);
    this.#book.updateBuiltIn(id, settings, paused);
    this.#parts.timeline.touch({ urgent: true });
    return this.#viewOf(id);
  }

  remove(id: string): void {
    this.#remote.remove(id);
    this.#book.removeBuiltIn(id);
    this.#parts.timeline.touch({ urgent: true });
  }

  resetLedger(): LedgerView {
    this.#remote.resetLedger();
    this.#ledger = emptyLedger(Date.now());
    this.#parts.timeline.touch({ urgent: true });
    return this.#ledger;
  }

  /** Messages of this queue were deleted on purpose: they are not lost. */
  forgive(destination: string): void {
    this.#remote.forgive(destination);
  }

  /** What a broker says of its clients. */
  reported(node: NodeName, report: Extract<BrokerReport, { kind: "clients" | "statistics" }>): void {
    if (report.kind === "clients") {
      for (const change of report.changes) {
        this.#tell(this.#book.changed(node, change));
        if ("client" in change) this.#ownersTimer ??= this.#findOwnersSoon();
      }
      return;
    }
    this.#book.counted(node, report.statistics.clients);
    this.#noteOthers(node, report.statistics.clients);
  }

  nodeIs(node: NodeName, state: BrokerState, at: number): void {
    this.#tell(this.#book.nodeIs(node, state, at));
  }

  nodeLost(node: NodeName, at: number): void {
    this.#tell(this.#book.nodeLost(node, at));
  }

  /** Both brokers hold everything again: the last takeover is history. */
  whole(): void {
    if (this.#failover?.verdict !== "due") this.#failover = null;
  }

  /** A standby took over: its verdict is given once clients work again. */
  tookOver(node: NodeName, tookMs: number | null): void {
    this.#failover = { node, tookMs, resumed: new Set(), verdict: "due" };
  }

  async stop(): Promise<void> {
    for (const timer of [this.#ownersTimer, this.#judgeTimer, this.#verdictTimer])
      if (timer !== null) clearTimeout(timer);
    await this.#remote.stop();
  }

  #viewOf(id: string): ClientView {
    const view = this.#book.view(id, Date.now());
    if (view === null) throw new BrokerError("NOT_FOUND", { what: `The built-in client ${id}` });
    return view;
  }

  #hostReported(report: HostReport): void {
    switch (report.kind) {
      case "event":
        return this.#tell(this.#book.actorEvent(report.id, report.event));
      case "statistics":
        this.#book.actorsCounted(report.actors);
        this.#ledger = ledgerViewOf(report.ledger);
        if (this.#failover?.verdict === "judging") this.#giveVerdict();
        return this.#parts.timeline.touch();
      case "refused": {
        const text = `The built-in client ${report.id} was refused: ${report.failure.message}`;
        this.#parts.timeline.add({ kind: "notice", severity: "error", text });
        return;
      }
      case "ready":
      case "outstanding":
      case "failure":
        return;
    }
  }

  #tell(events: readonly DatedEvent[]): void {
    for (const { at, event } of events) {
      this.#parts.timeline.add(event, at);
      if (event.kind !== "client-resumed" || this.#failover === null) continue;
      this.#failover.resumed.add(event.client);
      if (this.#failover.verdict === "due") this.#verdictTimer ??= this.#judgeFailoverSoon();
    }
  }

  #judgeFailoverSoon(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#verdictTimer = null;
      if (this.#remote.list().length === 0) return;
      void this.#judge().then((isJudged) => {
        if (isJudged && this.#failover?.verdict === "due") this.#failover.verdict = "judging";
      });
    }, verdictDelayMs);
    timer.unref();
    return timer;
  }

  #giveVerdict(): void {
    if (this.#failover === null) return;
    this.#failover.verdict = "given";
    const story = this.failover;
    const text = `${story === null ? "" : `${failoverSentence(story)} `}${this.#ledger.verdict}`;
    this.#parts.timeline.add({ kind: "verdict", ledger: this.#ledger, text });
  }

  #judgeRegularly(): NodeJS.Timeout {
    const timer = setInterval(() => void this.#judge(), judgeIntervalMs);
    timer.unref();
    return timer;
  }

  /** Tells the ledger what is stored, so that it can tell "not yet" from "lost"; in this order, see the clients' channel. */
  async #judge(): Promise<boolean> {
    if (this.#remote.list().length === 0) return false;
    const mark = this.#remote.mark();
    try {
      const { destinations } = await this.#parts.storedNow();
      const queues = destinations.filter(({ kind }) => kind === "queue");
      this.#remote.stored(
        mark,
        queues.map(({ name, depth }) => ({
          destination: name,
          depth,
          othersConsume: this.#othersConsume.has(name),
        })),
      );
      return true;
    } catch {
      // Nobody serves just now; the next look will tell.
      return false;
    }
  }

  #noteOthers(node: NodeName, counts: readonly ClientCount[]): void {
    for (const { session, consuming, destinations } of counts) {
      if (!consuming || !this.#book.isOutsider(node, session)) continue;
      for (const destination of destinations) this.#othersConsume.add(destination);
    }
  }

  #findOwnersSoon(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const wanted = this.#book.unrecognised();
      void this.#owners.find(new Set(wanted.values())).then((owners) => {
        this.#ownersTimer = null;
        for (const [session, port] of wanted) {
          this.#tell(this.#book.recognised(session, owners.get(port) ?? null, Date.now()));
        }
        this.#parts.timeline.touch();
      });
    }, ownersDelayMs);
    timer.unref();
    return timer;
  }
}

function ledgerViewOf(report: LedgerReport): LedgerView {
  const {
    confirmed,
    receivedOnce,
    receivedAgain,
    unflaggedRepeats,
    notYet,
    lost,
    outOfOrder,
    verdict,
    since,
  } = report;
  return {
    confirmed,
    receivedOnce,
    receivedAgain,
    unflaggedRepeats,
    notYet,
    lost,
    outOfOrder,
    verdict,
    since,
  };
}

function emptyLedger(since: number): LedgerView {
  const verdict = "Nothing has been confirmed to a built-in producer yet.";
  return {
    confirmed: 0,
    receivedOnce: 0,
    receivedAgain: 0,
    unflaggedRepeats: 0,
    notYet: 0,
    lost: 0,
    outOfOrder: 0,
    verdict,
    since,
  };
}
