import { commandLine } from "../base/command-line.ts";
import { BrokerError } from "../base/errors.ts";
import { duration } from "../base/words.ts";
import type { PairConfiguration } from "../config/configuration.ts";
import type { BrokerState, LinkMode, NodeName, Protection } from "../control/views.ts";
import { faultOf } from "../faults/index.ts";
import { afterReading } from "../host/after-reading.ts";
import { createArbiter } from "./arbiter.ts";
import {
  otherNode,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterState,
  type GrantOrder,
  type PairArbiter,
} from "./arbiter-state.ts";
import type { BrokerExit } from "./broker-process.ts";
import { brokerSettings, type PairPorts, type replicaLoginOf } from "./broker-settings.ts";
import { exitCodes, type BrokerReport, type JournalPosition } from "./channel.ts";
import { EffectQueue } from "./effect-queue.ts";
import { FailoverWatch } from "./failover-watch.ts";
import { NodeHandle } from "./node-handle.ts";
import { isMirrored, type NodeSnapshot } from "./pair-view.ts";
import { Rate } from "./rates.ts";
import type { ChildRuntime } from "./runtime.ts";
import type { Timeline } from "./timeline.ts";

export interface PairParts {
  readonly configuration: PairConfiguration;
  readonly runtime: ChildRuntime;
  readonly ports: PairPorts;
  readonly login: ReturnType<typeof replicaLoginOf>;
  readonly arbiterState: ArbiterState;
  /** Returns once the state is on disk; throws when it cannot be written. */
  persist(state: ArbiterState): void;
  /** The brokers' processes are these now. */
  brokersAre(pids: readonly number[]): void;
}

export interface PairHooks {
  /** What a broker reports of its clients, and of its numbers. */
  clientReport(node: NodeName, report: Extract<BrokerReport, { kind: "clients" | "statistics" }>): void;
  /** A node's state, as users see it, is another one. */
  nodeIs(node: NodeName, state: BrokerState, at: number): void;
  /** A node stopped serving: its process is gone, or it was superseded. */
  nodeLost(node: NodeName, at: number): void;
  tookOver(node: NodeName, tookMs: number | null): void;
  /** Both nodes hold everything again. */
  whole(): void;
  protectionNow(): Protection;
}

/** The two nodes at work: carries out what the arbiter decides, and says what happens. */
export class PairRuntime {
  readonly nodes: Readonly<Record<NodeName, NodeHandle>>;
  readonly failover = new FailoverWatch();
  readonly #parts: PairParts;
  readonly #arbiter: PairArbiter;
  readonly #hooks: PairHooks;
  readonly #timeline: Timeline;
  readonly #linkRate = new Rate();
  readonly #waiters = new Set<() => void>();
  readonly #effects = new EffectQueue(
    (effect) => this.#carryOut(effect),
    ({ message }) =>
      this.#notice("error", `Nobody can be granted anything, as it cannot be written down: ${message}.`),
  );
  #link: { mode: LinkMode; delayMs: number } = { mode: "heal", delayMs: 0 };
  #protection: Protection = "down";
  #wasAttached = false;

  constructor(parts: PairParts, timeline: Timeline, hooks: PairHooks) {
    this.#parts = parts;
    this.#timeline = timeline;
    this.#hooks = hooks;
    this.#arbiter = createArbiter(parts.arbiterState, parts.configuration);
    this.nodes = { primary: this.#handle("primary"), replica: this.#handle("replica") };
  }

  get arbiter(): ArbiterState {
    return this.#arbiter.state;
  }

  /** A node that the user may promote, when nobody serves. */
  get promotable(): NodeName | null {
    return (["replica", "primary"] as const).find((node) => this.#promotionRefusal(node) === null) ?? null;
  }

  get link(): { mode: LinkMode; delayMs: number; bytesPerSecond: number } {
    const now = performance.now();
    this.#linkRate.sample(this.nodes.primary.linkBytes + this.nodes.replica.linkBytes, now);
    return { ...this.#link, bytesPerSecond: this.#linkRate.perSecond(now) };
  }

  /** Both nodes hold everything, and go on doing so. */
  get isProtected(): boolean {
    return isMirrored({ nodes: this.snapshots(), arbiter: this.arbiter });
  }

  snapshots(
    clients: Readonly<Record<NodeName, number>> = { primary: 0, replica: 0 },
  ): Record<NodeName, NodeSnapshot> {
    const now = performance.now();
    return {
      primary: this.nodes.primary.snapshot(clients.primary, now),
      replica: this.nodes.replica.snapshot(clients.replica, now),
    };
  }

  /** The node that serves; throws when none does. */
  active(): NodeHandle {
    const holder = this.arbiter.holder;
    const candidates =
      holder === null ? (["primary", "replica"] as const) : ([holder, otherNode(holder)] as const);
    for (const node of candidates) {
      const { state } = this.nodes[node];
      if (state === "active" || state === "blocked") return this.nodes[node];
    }
    const { primary, replica } = this.nodes;
    throw new BrokerError("UNREACHABLE", {
      detail: `No broker serves: the primary is ${primary.state}, the replica is ${replica.state}.`,
    });
  }

  /** Where a running node stands, by its latest report; `null` before its first. */
  positionOf(node: NodeName): JournalPosition | null {
    const { status, statistics } = this.nodes[node];
    if (status === null) return null;
    const counted = statistics?.position;
    return counted !== undefined && counted.epoch >= status.position.epoch && counted.op > status.position.op
      ? counted
      : status.position;
  }

  start(node: NodeName): void {
    const handle = this.nodes[node];
    if (handle.isRunning)
      throw new BrokerError("WRONG_STATE", { action: "start", node, state: handle.state });
    this.tellArbiter({ kind: "starting", node });
    handle.start();
    handle.send({ kind: "link", ...this.#link });
    this.#countBrokers();
  }

  /** Stops the node in order; `false` when it had to be killed. `pair`: the other one stops too. */
  async stop(node: NodeName, pair: boolean): Promise<boolean> {
    if (!this.nodes[node].isRunning) return true;
    this.tellArbiter({ kind: "stopping", node });
    return await this.nodes[node].stop(pair);
  }

  /** While the pair is rearranged on purpose nobody takes over, and whoever serves next has not taken over either. */
  suspend(): void {
    this.failover.forget();
    this.tellArbiter({ kind: "suspended" });
  }

  promote(node: NodeName): void {
    const refusal = this.#promotionRefusal(node);
    if (refusal !== null) throw new BrokerError("PROMOTION_REFUSED", { detail: refusal });
    this.tellArbiter({ kind: "promote", node });
  }

  /** The arbiter does not know who is frozen: such a node could not follow its grant. */
  #promotionRefusal(node: NodeName): string | null {
    if (this.nodes[node].state !== "frozen") return this.#arbiter.promotionRefusal(node);
    return `The ${node} is frozen and cannot serve. Thaw it first (${commandLine("thaw", node)}).`;
  }

  setLink(mode: LinkMode, delayMs: number): void {
    this.#link = { mode, delayMs: mode === "delay" ? delayMs : 0 };
    for (const node of Object.values(this.nodes)) node.send({ kind: "link", ...this.#link });
    const text = faultOf(mode).sentence(this.#link);
    this.#timeline.add({ kind: "link", mode, attached: this.isProtected, text });
    this.#changed();
  }

  tellArbiter(input: ArbiterInput): void {
    this.#effects.add(this.#arbiter.step(input, performance.now()));
  }

  /** Resolves once `isTrue`; rejects with what `failure` says, as soon as it says anything, or after the time-out. */
  async until(
    isTrue: () => boolean,
    {
      timeoutMs,
      late,
      failure = () => null,
    }: { timeoutMs: number; late: string; failure?: () => string | null },
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (error: Error | null): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        if (error === null) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (isTrue()) return end(null);
        const reason = failure();
        if (reason !== null) end(new Error(reason));
      };
      const timer = setTimeout(() => end(new Error(late)), timeoutMs);
      this.#waiters.add(look);
      look();
    });
  }

  #handle(node: NodeName): NodeHandle {
    const { configuration, ports, login, runtime } = this.#parts;
    const settings = (): ReturnType<typeof brokerSettings> =>
      brokerSettings(configuration, { node, role: this.#roleOf(node) }, ports, login);
    return new NodeHandle({ node, port: ports[node] }, settings, runtime, {
      report: (_, report) => this.#reported(node, report),
      exited: (_, exit, isOrdered) => this.#exited(node, exit, isOrdered),
      stateChanged: (_, state, reason) => this.#stateChanged(node, state, reason),
      frozen: (_, isFrozen) => isFrozen && this.failover.failed(node, performance.now()),
      nonsense: (_, detail) =>
        this.#notice("error", `The ${node} sent something that is no report (${detail}).`),
      isSuperseded: () => configuration.profile === "guarded" && this.arbiter.holder === otherNode(node),
    });
  }

  /** A primary whose replica serves follows it, where that needs no copy; otherwise each plays its configured part. */
  #roleOf(node: NodeName): NodeName {
    const other = otherNode(node);
    const otherServes = this.arbiter.holder === other && this.nodes[other].isRunning;
    const mayFollow =
      this.#parts.configuration.synchronisation === "automatic" || this.arbiter.inSync.includes(node);
    return this.#parts.configuration.profile === "guarded" && otherServes && mayFollow ? "replica" : node;
  }

  #carryOut(effect: ArbiterEffect): void {
    switch (effect.kind) {
      case "persist":
        // Throws when it cannot be written; the grant behind it then waits until it can.
        return this.#parts.persist(effect.state);
      case "tell":
        return this.#tell(effect.node, effect.order);
      case "ping":
        void this.nodes[effect.node].ping(effect.timeoutMs).then((answered) => {
          this.tellArbiter({ kind: answered ? "answered" : "unanswered", node: effect.node });
        });
        return;
      case "wake":
        setTimeout(() => afterReading(() => this.tellArbiter({ kind: "woken" })), effect.afterMs + 1).unref();
        return;
      case "notice":
        return this.#notice(effect.severity, effect.text);
    }
  }

  #tell(node: NodeName, order: GrantOrder): void {
    this.nodes[node].send(order);
    if (order.kind !== "granted") return;
    const alone = !order.withPeer;
    const text =
      order.wish === "alone"
        ? `The ${node} goes on alone under epoch ${order.epoch}.`
        : `The ${node} may serve under epoch ${order.epoch}${alone ? ", alone" : ""}.`;
    this.#timeline.add({ kind: "granted", node, epoch: order.epoch, alone, text });
    if (order.wish === "active") this.failover.granted(node, order.epoch);
  }

  #reported(node: NodeName, report: BrokerReport): void {
    switch (report.kind) {
      case "opened":
        return this.tellArbiter({ kind: "opened", node, position: report.position, pairId: report.pairId });
      case "ask-grant":
        return this.tellArbiter({ kind: "asked", node, wish: report.wish, position: report.position });
      case "handed-over":
        // Counts as the end of its service: the blackout of a planned switch is measured from here, too.
        this.failover.failed(node, performance.now());
        return this.tellArbiter({ kind: "handed-over", node });
      case "paired":
        this.tellArbiter({ ...report, node });
        return this.#changed();
      case "state": {
        const { state, attached, position } = report.status;
        this.tellArbiter({ kind: "status", node, state, attached, position });
        // The handle shows the new state only after this; what is computed from it waits for that.
        queueMicrotask(() => this.#changed());
        return;
      }
      case "statistics":
        this.#hooks.clientReport(node, report);
        return this.#timeline.touch();
      case "clients":
        this.#hooks.clientReport(node, report);
        return this.#timeline.touch();
      case "notice":
        return this.#notice(report.severity, report.text);
      case "ending":
      case "reply":
      case "pong":
        return;
    }
  }

  #countBrokers(): void {
    this.#parts.brokersAre(Object.values(this.nodes).flatMap(({ pid }) => pid ?? []));
  }

  #exited(node: NodeName, exit: BrokerExit, isOrdered: boolean): void {
    const now = performance.now();
    this.failover.failed(node, now);
    this.#effects.forget(node);
    // First the grant, then the talk about it.
    this.tellArbiter({ kind: "exited", node, how: isOrdered && exit.signal === null ? "ordered" : "failed" });
    this.#countBrokers();
    this.#hooks.nodeLost(node, Date.now());
    if (exit.signal !== null) {
      const text = `The ${node} (pid ${exit.pid}) was killed by ${exit.signal}.`;
      this.#timeline.add({ kind: "killed", node, pid: exit.pid, signal: exit.signal, text });
    } else if (exit.code === exitCodes.failure && exit.stderr.length > 0) {
      this.#notice("error", `The ${node}'s process (pid ${exit.pid}) failed:\n${exit.stderr.join("\n")}`);
    }
  }

  #stateChanged(node: NodeName, state: BrokerState, reason: string | null): void {
    this.#timeline.add({
      kind: "state",
      node,
      state,
      reason,
      text: `The ${node} is ${state}${reason === null ? "." : `: ${reason}`}`,
    });
    this.#hooks.nodeIs(node, state, Date.now());
    if (state === "active") {
      const takeover = this.failover.active(node, performance.now());
      if (takeover !== null) this.#promoted(node, takeover);
    }
    if (state === "fenced") this.#hooks.nodeLost(node, Date.now());
    this.#changed();
  }

  #promoted(node: NodeName, { epoch, tookMs }: { epoch: number; tookMs: number | null }): void {
    const took = tookMs === null ? "" : ` after ${duration(tookMs)}`;
    const name = node === "primary" ? "Primary" : "Replica";
    this.#hooks.tookOver(node, tookMs);
    this.#timeline.add({ kind: "promoted", node, epoch, tookMs, text: `${name} took over${took}.` });
  }

  #changed(): void {
    const attached = this.isProtected;
    if (attached !== this.#wasAttached) {
      this.#wasAttached = attached;
      const text = attached
        ? "The standby mirrors the active broker."
        : "The standby no longer mirrors the active broker.";
      this.#timeline.add({ kind: "link", mode: this.#link.mode, attached, text });
      if (attached) this.#hooks.whole();
    }
    const protection = this.#hooks.protectionNow();
    if (protection !== this.#protection) {
      this.#protection = protection;
      this.#timeline.add({ kind: "protection", protection, text: `The pair is ${protection}.` });
    }
    this.#timeline.touch({ urgent: true });
    for (const look of [...this.#waiters]) look();
  }

  #notice(severity: "info" | "warning" | "error", text: string): void {
    this.#timeline.add({ kind: "notice", severity, text });
  }
}
