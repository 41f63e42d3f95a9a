import type { BrokerReport, SupervisorOrder } from "../../engine/supervisor/channel.ts";
import { Arbiter, createArbiter } from "../../engine/supervisor/arbiter.ts";
import {
  freshArbiterState,
  noFacts,
  otherNode,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterState,
  type NodeFacts,
  type PairArbiter,
} from "../../engine/supervisor/arbiter-state.ts";
import { SimulatedHost, type NodeName } from "./host.ts";
import type { World } from "./world.ts";

const nodeNames = ["primary", "replica"] as const;

/** What a sabotage may do to the arbiter's view. */
export interface SupervisorLies {
  /** After a grant to be alone the other node still counts as in sync. */
  readonly leavesStandbyEligible: boolean;
  /** A report of a pairing comes a second time, late, and counts whatever epoch it is of. */
  readonly believesStalePairing: boolean;
  /** The book is not on disk when the supervisor dies. */
  readonly forgetsBook: boolean;
}

/** The arbiter's book: all that outlives a supervisor. */
export class Book {
  state: ArbiterState = freshArbiterState;
}

/** The supervisor around the real arbiter: it starts nodes, hears them, and carries out what is decided. */
export class SimulatedSupervisor {
  readonly #world: World;
  readonly #arbiter: PairArbiter;
  #isOver = false;
  #isRecovering = false;
  /** What is granted now is by the user's wish. */
  #isPromoting = false;
  readonly #downAt: Record<NodeName, number> = { primary: 0, replica: 0 };
  readonly #upAt: Record<NodeName, number> = { primary: 0, replica: 0 };
  /** Processes whose end it has not heard of yet. */
  readonly #ended = new Set<NodeName>();
  readonly #pings = new Map<number, (answered: boolean) => void>();
  #pingCount = 0;

  constructor(world: World) {
    this.#world = world;
    const { profile, waitForReplica, shutdownOnPrimaryFailure, shutdownOnReplicaFailure } = world.obeyed;
    this.#arbiter = createArbiter(world.book.state, {
      profile: profile ?? "guarded",
      waitForReplica,
      shutdownOnPrimaryFailure: shutdownOnPrimaryFailure ?? false,
      shutdownOnReplicaFailure: shutdownOnReplicaFailure ?? false,
    });
  }

  get isRecovering(): boolean {
    return this.#isRecovering;
  }

  get state(): ArbiterState {
    return this.#arbiter.state;
  }

  facts(node: NodeName): Readonly<NodeFacts> {
    return this.#arbiter instanceof Arbiter ? this.#arbiter.facts(node) : noFacts();
  }

  startBoth(): void {
    this.tell({ kind: "starting", node: "replica" });
    this.#start("primary");
    this.#start("replica");
  }

  /** By the user, who cannot start anything while stores are copied. */
  start(node: NodeName): void {
    if (!this.#isRecovering) this.#start(node);
  }

  #start(node: NodeName): void {
    if (this.#isOver || this.#world.hosts[node] !== null) return;
    // As the real supervisor, it starts nothing before it has seen the former process end.
    if (this.#ended.has(node)) return this.#later(this.#upAt, node, () => this.#start(node));
    this.tell({ kind: "starting", node });
    const host = new SimulatedHost(this.#world, node, this.#roleOf(node), this.#world.nextInstance(node));
    this.#world.hosts[node] = host;
    const { random, clock, options } = this.#world;
    clock.after(random.between(1, options.startMs), () => host.arrive("timer", () => host.start()));
  }

  hear(host: SimulatedHost, report: BrokerReport): void {
    this.#later(this.#upAt, host.name, () => {
      if (this.#world.hosts[host.name] === host) this.#heard(host.name, report);
    });
  }

  /** The process is gone: it had said all that it had said. */
  exited(node: NodeName, how: "ordered" | "failed"): void {
    this.#ended.add(node);
    this.#later(this.#upAt, node, () => {
      this.#ended.delete(node);
      this.tell({ kind: "exited", node, how });
    });
  }

  /** The supervisor itself dies. */
  die(): void {
    this.#isOver = true;
  }

  /** Stops both, copies the store that holds everything over the other, and starts both. */
  recover(): void {
    if (this.#isRecovering || this.#isOver) return;
    const last = this.#source();
    this.#isRecovering = true;
    this.tell({ kind: "suspended" });
    this.#stop(otherNode(last), () =>
      this.#stop(last, () => {
        const { clock, random } = this.#world;
        clock.after(random.between(1, 20), () => this.#copy(last));
      }),
    );
  }

  #copy(wanted: NodeName): void {
    if (this.#isOver) return;
    const { disks, clock, random } = this.#world;
    // A disk that cannot be written ends it before anything was changed.
    if (nodeNames.every((node) => disks[node].files.trouble === "none")) {
      const from = this.#sound(wanted);
      if (from === null) return;
      disks[otherNode(from)].copyFrom(disks[from]);
      this.#world.oracle.copied(from, otherNode(from));
      this.tell({ kind: "stores-proven", inSync: nodeNames, op: disks[from].headOp });
    }
    this.tell({ kind: "resumed" });
    this.tell({ kind: "starting", node: "replica" });
    this.#start("primary");
    clock.after(random.between(1, 60), () => {
      this.#start("replica");
      this.#isRecovering = false;
    });
  }

  tell(input: ArbiterInput): void {
    if (this.#isOver) return;
    this.#isPromoting = input.kind === "promote" || input.kind === "handed-over";
    for (const effect of this.#arbiter.step(input, this.#world.clock.now)) this.#carryOut(effect);
  }

  #heard(node: NodeName, report: BrokerReport): void {
    switch (report.kind) {
      case "opened":
        return this.tell({ kind: "opened", node, position: report.position, pairId: report.pairId });
      case "ask-grant":
        return this.tell({ kind: "asked", node, wish: report.wish, position: report.position });
      case "paired": {
        const paired = { ...report, node };
        if (this.#world.lies.believesStalePairing)
          this.#world.clock.after(this.#world.random.between(5, 300), () =>
            this.tell({ ...paired, epoch: this.state.epoch }),
          );
        return this.tell(paired);
      }
      case "handed-over":
        return this.tell({ kind: "handed-over", node });
      case "state": {
        const { state, attached, position } = report.status;
        if (this.#world.lies.trick === "nobody notices a split" && !attached) return;
        return this.tell({ kind: "status", node, state, attached, position });
      }
      case "pong":
        return this.#pings.get(report.ping)?.(true);
      default:
        return;
    }
  }

  #carryOut(effect: ArbiterEffect): void {
    switch (effect.kind) {
      case "persist":
        this.#world.book.state = effect.state;
        this.#world.transcript?.persisted(effect.state);
        this.#world.oracle.checkHolders("a change of the arbiter's book");
        return;
      case "tell":
        this.#world.transcript?.ordered(effect.node, effect.order);
        this.#world.oracle.ordered(effect.order);
        if (effect.order.kind === "granted" && effect.order.wish === "active" && !this.#isPromoting)
          this.#world.oracle.granted(effect.node, this.facts(effect.node).followed);
        this.#order(effect.node, effect.order);
        if (
          this.#world.lies.leavesStandbyEligible &&
          effect.order.kind === "granted" &&
          !effect.order.withPeer
        ) {
          const { epoch } = effect.order;
          this.#world.clock.after(0, () =>
            this.tell({ kind: "paired", node: effect.node, epoch, position: { epoch, op: 0, digest: "" } }),
          );
        }
        return;
      case "ping":
        return this.#ping(effect.node, effect.timeoutMs);
      case "wake":
        this.#world.clock.after(effect.afterMs + 1, () => this.tell({ kind: "woken" }));
        return;
      case "notice":
        this.#world.transcript?.noticed(effect.text);
        return;
    }
  }

  #order(node: NodeName, order: SupervisorOrder): void {
    const host = this.#world.hosts[node];
    if (host === null) return;
    if (this.#world.lies.trick === "nobody hears a grant" && order.kind === "granted") return;
    this.#later(this.#downAt, node, () => host.take(order));
  }

  #ping(node: NodeName, timeoutMs: number): void {
    const ping = (this.#pingCount += 1);
    const settle = (answered: boolean): void => {
      if (!this.#pings.delete(ping)) return;
      this.tell({ kind: answered ? "answered" : "unanswered", node });
    };
    this.#pings.set(ping, settle);
    this.#world.clock.after(timeoutMs, () => settle(false));
    this.#order(node, { kind: "ping", ping });
  }

  #stop(node: NodeName, then: () => void): void {
    const host = this.#world.hosts[node];
    if (host === null) return then();
    host.thaw();
    this.#order(node, { kind: "stop", pair: true });
    const startedAt = this.#world.clock.now;
    const look = (): void => {
      if (this.#isOver) return;
      if (this.#world.hosts[node] === host && this.#world.clock.now - startedAt > 2_000)
        this.#world.kill(node);
      if (this.#world.hosts[node] === host) this.#world.clock.after(5, look);
      else then();
    };
    look();
  }

  #source(): NodeName {
    const { inSync, holder } = this.state;
    const [only, second] = inSync;
    if (only !== undefined && second === undefined) return only;
    const { disks } = this.#world;
    const order =
      Math.sign(disks.primary.epoch - disks.replica.epoch) ||
      Math.sign(disks.primary.headOp - disks.replica.headOp);
    if (order !== 0) return order > 0 ? "primary" : "replica";
    return holder ?? "replica";
  }

  /** The store to copy from, once it was read whole; none when the only one that holds everything is damaged. */
  #sound(wanted: NodeName): NodeName | null {
    const { disks, oracle } = this.#world;
    const damaged = nodeNames.filter((node) => {
      const damage = disks[node].findDamage();
      if (damage !== null) oracle.foundDamage(node, damage);
      return damage !== null;
    });
    const from = damaged.includes(wanted) && this.state.inSync.length === 2 ? otherNode(wanted) : wanted;
    if (!damaged.includes(from)) return from;
    this.#world.isBeyondRepair = true;
    return null;
  }

  /** A primary whose replica serves follows it, where that needs no copy; as the real supervisor has it. */
  #roleOf(node: NodeName): NodeName {
    const other = otherNode(node);
    const otherServes = this.state.holder === other && this.#world.hosts[other] !== null;
    const { profile, synchronisation } = this.#world.obeyed;
    const mayFollow = synchronisation === "automatic" || this.state.inSync.includes(node);
    return profile !== "classic" && otherServes && mayFollow ? "replica" : node;
  }

  /** Channels between processes keep their order, and take a while. */
  #later(last: Record<NodeName, number>, node: NodeName, action: () => void): void {
    last[node] = Math.max(last[node], this.#world.clock.now + this.#world.random.between(0.05, 1.5));
    this.#world.clock.at(last[node], () => {
      if (!this.#isOver) action();
    });
  }
}
