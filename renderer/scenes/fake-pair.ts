import type { NewTimelineEvent, PairEvent, TimelineEvent, ViewUpdate } from "../../engine/control/events.ts";
import type {
  BrokerState,
  BrokerView,
  LinkMode,
  LinkView,
  NodeName,
  PairView,
  Protection,
  RecoveryView,
} from "../../engine/control/views.ts";
import { arrive, lose, type FakeClient } from "./fake-clients.ts";
import { ledgerOf, newBroker, viewsOf } from "./fake-views.ts";
import { idleRecovery, protectionSentences } from "./fake-words.ts";

/**
 * An imaginary pair for building and photographing the window: it moves numbers and emits events like the real one
 * and keeps none of its promises. Its time is given to it, so that a scene can play its past at once.
 */
export class FakePair {
  at: number;
  profile: PairView["profile"] = "guarded";
  /** From the primary's death to the replica's promotion. */
  takeoverMs = 31;
  epoch = 1;
  startedAt: number;
  clients: FakeClient[] = [];
  recovery: RecoveryView = idleRecovery;
  readonly brokers: Record<NodeName, BrokerView>;
  readonly events: TimelineEvent[] = [];
  /** Snapshots from before anybody looked, so that charts have a past as well. */
  readonly recorded: ViewUpdate[] = [];
  readonly listeners = new Set<(event: PairEvent) => void>();
  link: LinkView = { mode: "heal", delayMs: 0, attached: true, lagEntries: 0, lagMs: 0, bytesPerSecond: 0 };
  depth = new Map<string, number>();
  counts = { confirmed: 0, received: 0, again: 0 };
  #due: { at: number; run: () => void }[] = [];
  verdict = "No failover so far.";
  #random = 7;

  constructor(at: number) {
    this.at = at;
    this.startedAt = at;
    this.brokers = {
      primary: newBroker(this.at, "primary", 61_616, 48_213),
      replica: newBroker(this.at, "replica", 61_617, 48_219),
    };
  }

  get active(): NodeName | null {
    if (this.brokers.primary.state === "active") return "primary";
    return this.brokers.replica.state === "active" ? "replica" : null;
  }

  get protection(): Protection {
    if (this.recovery.state === "running") return "syncing";
    const states = [this.brokers.primary.state, this.brokers.replica.state];
    if (states.every((state) => state === "active")) return "split";
    if (!states.includes("active")) return states.includes("standby") ? "unprotected" : "down";
    return states.includes("standby") && this.link.attached ? "protected" : "unprotected";
  }

  emit(event: NewTimelineEvent, at = this.at): void {
    const numbered = { ...event, id: this.events.length + 1, at };
    this.events.push(numbered);
    for (const listener of this.listeners) listener(numbered);
  }

  after(delayMs: number, run: () => void): void {
    this.#due.push({ at: this.at + delayMs, run });
  }

  setState(node: NodeName, state: BrokerState, reason: string | null = null): void {
    const before = this.protection;
    this.brokers[node] = { ...this.brokers[node], state, reason, since: this.at };
    this.emit({ kind: "state", node, state, reason, text: `The ${node} is ${state}.` });
    this.#tellProtection(before);
  }

  setLink(mode: LinkMode, delayMs: number): void {
    const before = this.protection;
    const attached = mode === "heal" || mode === "delay" ? this.#bothUp() : false;
    this.link = { ...this.link, mode, delayMs: mode === "delay" ? delayMs : 0, attached };
    this.emit({ kind: "link", mode, attached, text: `The replication link was set to ${mode}.` });
    if (!attached && this.profile === "classic" && this.brokers.replica.state === "standby")
      this.promote("replica", 4_200);
    this.#tellProtection(before);
  }

  kill(node: NodeName): void {
    const broker = this.brokers[node];
    if (broker.pid === null) return;
    const wasActive = broker.state === "active";
    this.emit({
      kind: "killed",
      node,
      pid: broker.pid,
      signal: "SIGKILL",
      text: `The ${node} (process ${String(broker.pid)}) was killed by SIGKILL.`,
    });
    this.halt(node, "killed");
    const other = node === "primary" ? "replica" : "primary";
    if (wasActive && this.brokers[other].state === "standby")
      this.after(this.takeoverMs, () => this.promote(other, this.takeoverMs));
  }

  halt(node: NodeName, state: BrokerState): void {
    this.brokers[node] = {
      ...this.brokers[node],
      pid: null,
      clients: 0,
      inPerSecond: 0,
      outPerSecond: 0,
      memoryBytes: 0,
    };
    this.setState(node, state);
    if (this.link.attached) {
      this.link = { ...this.link, attached: false, lagEntries: 0, lagMs: 0, bytesPerSecond: 0 };
      this.emit({
        kind: "link",
        mode: this.link.mode,
        attached: false,
        text: "The replication link is down: the other side is gone.",
      });
    }
    for (const client of this.clients) {
      if (client.view.node !== node) continue;
      this.emit({
        kind: "client-lost",
        client: client.view.id,
        node,
        text: `${client.view.name} lost its connection to the ${node}.`,
      });
      lose(client, this.at);
      client.resumesAt = this.at + this.takeoverMs + 4 + this.chance() * 12;
    }
  }

  promote(node: NodeName, tookMs: number): void {
    this.epoch += 1;
    this.brokers[node] = { ...this.brokers[node], epoch: this.epoch };
    this.emit({
      kind: "granted",
      node,
      epoch: this.epoch,
      alone: true,
      text: `Epoch ${String(this.epoch)} was granted to the ${node}.`,
    });
    this.emit({
      kind: "promoted",
      node,
      epoch: this.epoch,
      tookMs,
      text: `The ${node} took over after ${String(tookMs)} ms.`,
    });
    this.setState(node, "active");
  }

  start(node: NodeName): void {
    this.brokers[node] = { ...this.brokers[node], pid: 48_300 + this.epoch };
    this.setState(node, "starting");
    this.after(420, () => {
      const standby = this.active !== null && this.active !== node;
      this.brokers[node] = { ...this.brokers[node], memoryBytes: 74e6, epoch: this.epoch };
      if (!standby) return this.setState(node, "active");
      const source = this.brokers[this.active];
      this.brokers[node] = {
        ...this.brokers[node],
        op: source.op,
        committed: source.committed,
        digest: source.digest,
        storedMessages: source.storedMessages,
        scheduledMessages: source.scheduledMessages,
      };
      this.link = { ...this.link, attached: true };
      this.setState(node, "standby");
      this.emit({
        kind: "link",
        mode: this.link.mode,
        attached: true,
        text: `The ${node} is attached and mirrors.`,
      });
    });
  }

  /** Moves time on in small steps; emits a snapshot at the end of each. */
  advanceTo(at: number, stepMs = 250): void {
    while (this.at < at) {
      const next = Math.min(at, this.at + stepMs);
      for (;;) {
        const due = this.#due
          .filter((item) => item.at <= next)
          .toSorted((left, right) => left.at - right.at)[0];
        if (due === undefined) break;
        this.#due.splice(this.#due.indexOf(due), 1);
        this.#moveTo(due.at);
        due.run();
      }
      this.#moveTo(next);
      this.#reconnect();
      const view = viewsOf(this);
      if (this.listeners.size === 0) this.recorded.push(view);
      for (const listener of this.listeners) listener(view);
    }
  }

  chance(): number {
    this.#random = (this.#random * 16_807) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }

  #moveTo(at: number): void {
    const seconds = (at - this.at) / 1_000;
    this.at = at;
    const totals = { primary: { in: 0, out: 0, clients: 0 }, replica: { in: 0, out: 0, clients: 0 } };
    for (const client of this.clients) this.#moveClient(client, seconds, totals);
    for (const node of ["primary", "replica"] as const) this.#moveBroker(node, seconds, totals[node]);
    const source = this.active;
    const traffic = source === null ? 0 : this.brokers[source].inPerSecond;
    this.link = this.link.attached
      ? {
          ...this.link,
          lagEntries: Math.round(traffic * 0.004 * (1 + this.chance())),
          lagMs: traffic === 0 ? 0 : 0.6 + this.chance() + this.link.delayMs,
          bytesPerSecond: traffic * 512,
        }
      : { ...this.link, lagEntries: 0, lagMs: 0, bytesPerSecond: 0 };
  }

  #moveClient(
    client: FakeClient,
    seconds: number,
    totals: Record<NodeName, { in: number; out: number; clients: number }>,
  ): void {
    const { view } = client;
    if (view.node === null || view.state !== "connected") return;
    const total = totals[view.node];
    total.clients += 1;
    const rate = client.rate * (0.92 + this.chance() * 0.16);
    client.rest += rate * seconds;
    const moved = Math.floor(client.rest);
    client.rest -= moved;
    const name = view.destinations[0] ?? "queue://demo";
    if (view.role === "producer") {
      total.in += rate;
      this.counts.confirmed += view.builtIn ? moved : 0;
      this.depth.set(name, (this.depth.get(name) ?? 0) + moved);
      client.view = { ...view, sent: view.sent + moved };
      return;
    }
    const taken = Math.min(moved, this.depth.get(name) ?? 0);
    total.out += Math.min(rate, taken / Math.max(seconds, 0.25));
    this.counts.received = Math.min(this.counts.confirmed, this.counts.received + taken);
    this.depth.set(name, Math.max(0, (this.depth.get(name) ?? 0) - taken));
    client.view = { ...view, received: view.received + taken, unacknowledged: Math.round(this.chance() * 2) };
  }

  #moveBroker(node: NodeName, seconds: number, total: { in: number; out: number; clients: number }): void {
    const broker = this.brokers[node];
    const isServing = broker.state === "active";
    const isMirroring = broker.state === "standby" && this.link.attached;
    if (!isServing && !isMirroring) return;
    const op = isMirroring
      ? this.brokers[this.active ?? "primary"].op
      : broker.op + Math.round((total.in + total.out * 2) * seconds);
    const storedMessages = [...this.depth.values()].reduce((sum, depth) => sum + depth, 0);
    const digest = (op * 2_654_435_761).toString(16).padStart(14, "7").slice(-14).repeat(3).slice(0, 32);
    this.brokers[node] = {
      ...broker,
      op,
      committed: op,
      digest,
      storedMessages,
      storeBytes: 4e6 + op * 140,
      clients: total.clients,
      inPerSecond: isServing ? total.in : 0,
      outPerSecond: isServing ? total.out : 0,
    };
  }

  #reconnect(): void {
    let reconnected = 0;
    for (const client of this.clients) {
      const node = this.active;
      if (client.view.state !== "reconnecting") continue;
      if (node === null) {
        const text = `${client.view.name} tried 127.0.0.1:61617: connection refused.`;
        this.emit({
          kind: "client-attempt",
          client: client.view.id,
          target: "127.0.0.1:61617",
          error: "connection refused",
          text,
        });
        client.view = { ...client.view, reconnectAttempts: client.view.reconnectAttempts + 1 };
        continue;
      }
      const at = Math.max(client.resumesAt ?? this.at, this.brokers[node].since + 2);
      if (at > this.at) continue;
      const blackoutMs = arrive(client, node, at);
      this.emit(
        {
          kind: "client-connected",
          client: client.view.id,
          node,
          text: `${client.view.name} connected to the ${node}.`,
        },
        at,
      );
      if (blackoutMs === null) continue;
      reconnected += 1;
      this.emit(
        {
          kind: "client-resumed",
          client: client.view.id,
          node,
          blackoutMs,
          text: `${client.view.name} works again on the ${node}; blackout ${String(blackoutMs)} ms.`,
        },
        at,
      );
    }
    if (reconnected > 0) this.#judge(reconnected);
  }

  #judge(reconnected: number): void {
    this.counts.again += reconnected > 1 ? 2 : 0;
    this.verdict = `Replica took over after ${String(this.takeoverMs)} ms. ${String(reconnected)} clients reconnected; nothing confirmed was lost.`;
    this.emit({ kind: "verdict", ledger: ledgerOf(this), text: this.verdict });
  }

  #bothUp(): boolean {
    return this.brokers.primary.pid !== null && this.brokers.replica.pid !== null;
  }

  #tellProtection(before: Protection): void {
    const protection = this.protection;
    if (protection !== before)
      this.emit({ kind: "protection", protection, text: protectionSentences[protection](this) });
  }
}
