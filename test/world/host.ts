import { assertNever } from "../../engine/base/assert.ts";
import { BrokerError } from "../../engine/base/errors.ts";
import { asInstant, asWallTime, type Moment } from "../../engine/base/units.ts";
import type { SessionAnswer, SessionId, SessionRequest } from "../../engine/core/dialogue.ts";
import type { Effect, Input } from "../../engine/node/contract.ts";
import { BrokerNode } from "../../engine/node/node.ts";
import { tickMs } from "../../engine/pair/liveness.ts";
import type { BrokerReport, SupervisorOrder } from "../../engine/supervisor/channel.ts";
import { assert } from "../../engine/base/assert.ts";
import type { ClientWire } from "./client-wire.ts";
import type { HostLies } from "./host-lies.ts";
import { answersProbe, denial, forgetAtGrant, garbled, removingAllScheduled, usurp } from "./host-lies.ts";
import { linkOf } from "./link.ts";
import { Mailboxes } from "./mailboxes.ts";
import { nodeOptionsOf, positionOf, statusOf } from "./node-view.ts";
import { PeerPort } from "./peer-port.ts";
import type { World } from "./world.ts";

export type NodeName = "primary" | "replica";

/**
 * One broker process of the simulated world: the real node between simulated disk, links, clients and supervisor. A
 * frozen process takes nothing in; what arrives meanwhile waits, and comes in any order between its sources.
 */
export class SimulatedHost {
  readonly name: NodeName;
  readonly role: NodeName;
  readonly instance: string;
  readonly peers: PeerPort;
  node: BrokerNode | null = null;
  isOpen = false;
  isOver = false;
  /** It was attached to the other node at some time of its life. */
  hasMirrored = false;
  /** It is active, and had its standby at some time since it became that. */
  wasPaired = false;
  readonly #world: World;
  readonly #mailboxes: Mailboxes;
  readonly #inputs: Input[] = [];
  readonly #clients = new Map<SessionId, ClientWire>();
  readonly #skewMs: number;
  #isRunning = false;
  #isTurnPlanned = false;
  #isNodeServing = false;
  #lastSession = 0;
  #lastStatus = "";
  /** What time it is, where the node is not told the truth. */
  #toldTime: number | null = null;
  #swapped: Extract<Input, { kind: "asked" }> | null = null;

  constructor(world: World, name: NodeName, role: NodeName, instance: string) {
    this.#world = world;
    this.name = name;
    this.role = role;
    this.instance = instance;
    this.#mailboxes = new Mailboxes(world.random);
    this.#skewMs = world.random.between(-500, 500);
    this.peers = new PeerPort({
      name,
      clock: world.clock,
      random: world.random,
      network: world.network,
      other: () => {
        const other = world.hosts[name === "primary" ? "replica" : "primary"];
        return other?.isOpen === true && !other.isOver ? other.peers : null;
      },
      give: (input) => this.#hear(input),
      arrive: (source, action) => this.arrive(source, action),
    });
  }

  /** Whether something that the other node said waits to be read. */
  get isUnread(): boolean {
    return this.#mailboxes.holds("link");
  }

  get isFrozen(): boolean {
    return this.#mailboxes.isHeld;
  }

  /** Opens the store and starts the node. */
  start(): void {
    if (this.isOver) return;
    const disk = this.#world.disks[this.name];
    disk.onFailure = (error) => this.#failed(error);
    const stored = this.#surviving(() => disk.load());
    if (stored === null) return;
    this.#world.oracle.loaded(this);
    this.node = new BrokerNode(nodeOptionsOf(this, this.#world.obeyed), stored, disk, this.#moment());
    this.report({ kind: "opened", position: positionOf(this.node), pairId: stored.pairId });
    this.give({ kind: "started" });
    this.#tickLater();
  }

  kill(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.#mailboxes.drop();
    this.peers.close();
    for (const client of this.#clients.values()) client.hostGone();
  }

  freeze(): void {
    this.#world.oracle.classic?.excuse(`the ${this.name} was frozen`);
    this.#mailboxes.hold();
  }

  thaw(): void {
    this.#mailboxes.release();
  }

  /** Something arrives from outside; it waits while the process is frozen and never comes when it is gone. */
  arrive(source: string, action: () => void): void {
    if (!this.isOver) this.#mailboxes.put(source, action);
  }

  /** An order of the supervisor. */
  take(order: SupervisorOrder): void {
    this.arrive("channel", () => {
      if (order.kind === "ping") this.report({ kind: "pong", ping: order.ping });
      else if (order.kind === "stop" && this.node === null) this.#world.ended(this, "stopped");
      else if (order.kind === "stop") this.give({ kind: "told-to-stop", pair: order.pair });
      else if (order.kind === "granted") this.give({ ...order, epoch: order.epoch as never });
      else if (order.kind === "denied") this.give(denial(this, order, this.#lies()));
      else if (order.kind === "hand-over") this.give({ kind: "told-to-hand-over" });
      else if (order.kind === "shut-down")
        this.give({ kind: "told-to-shut-down", reason: order.reason as "failure", text: order.text });
    });
  }

  accept(client: ClientWire): SessionId {
    const session = (this.#lastSession += 1) as SessionId;
    this.#clients.set(session, client);
    this.arrive("client", () => this.give({ kind: "session-opened", session }));
    return session;
  }

  /** Whether clients' bytes may be given to their sessions now. */
  get isServing(): boolean {
    if (this.node?.mustWake(this.#moment()) === true) this.give({ kind: "woken" });
    return this.#isNodeServing && !this.isOver;
  }

  ask(session: SessionId, asked: SessionRequest, receipt: number): void {
    const request = garbled(this, asked, this.#lies(), this.#world.random);
    const input: Input = { kind: "asked", session, request, receipt };
    if (request.kind !== "send" || this.#lies().requests === "whole") return this.give(input);
    this.#misunderstand(input, request.transaction !== null);
  }

  /** The network between it and its clients breaks. */
  cutClients(): void {
    for (const client of this.#clients.values()) client.cut();
  }

  closeClient(session: SessionId): void {
    if (!this.#clients.delete(session)) return;
    if (!this.#lies().forgetsClosed) this.give({ kind: "session-closed", session });
  }

  /** Something came over a replication connection. */
  #hear(input: Input): void {
    if (input.kind !== "peer-said" || this.node === null || this.isOver) return this.give(input);
    const { message } = input;
    this.#world.oracle.heard(this, message);
    if (message.kind === "append" && this.#lies().trick === "a standby calls itself in sync")
      this.give({ ...input, message: { kind: "in-sync", epoch: message.epoch } });
    this.give(input);
  }

  give(input: Input): void {
    if (this.isOver || this.node === null) return;
    this.#inputs.push(input);
    this.#planTurn();
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      this.#surviving(() => this.#takeInputs());
    } finally {
      this.#isRunning = false;
    }
    forgetAtGrant(this, input, this.#lies());
  }

  #takeInputs(): void {
    if (this.node === null) return;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      this.#world.transcript?.input(this, next);
      for (const effect of this.node.step(next, this.#moment())) {
        this.#world.transcript?.effect(this, effect);
        this.#world.oracle.caused(this, next, effect);
        this.#perform(effect);
      }
      if (this.#hasEnded()) return;
      this.#world.oracle.stepped(this);
    }
  }

  /** As the real loop has it: an error of the store ends the process, since nothing more can be made safe. */
  #surviving<Result>(work: () => Result): Result | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#failed(error);
      return null;
    }
  }

  #failed(error: BrokerError): void {
    this.#world.oracle.failed(this, error);
    this.#world.ended(this, "failure");
  }

  report(report: BrokerReport): void {
    this.#world.supervisor?.hear(this, report);
  }

  #hasEnded(): boolean {
    return this.isOver;
  }

  #lies(): HostLies {
    return this.#world.lies;
  }

  /** What a sabotaged host makes of a client's send. */
  #misunderstand(input: Extract<Input, { kind: "asked" }>, isTransacted: boolean): void {
    const { session, receipt } = input;
    const { requests } = this.#lies();
    if (requests === "partly lost" && isTransacted && this.#world.random.chance(0.2))
      return this.give({ kind: "asked", session, request: { kind: "settle-down" }, receipt });
    if (requests === "swapped" && !isTransacted && this.#swapped === null && this.#world.random.chance(0.2)) {
      this.#swapped = input;
      return;
    }
    this.give(input);
    if (requests === "doubled" && this.#world.random.chance(0.1)) this.give(input);
    const before = this.#swapped;
    this.#swapped = null;
    if (before !== null) this.give(before);
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    this.#world.clock.after(this.#world.random.between(0, 0.2), () =>
      this.arrive("timer", () => {
        this.#isTurnPlanned = true;
        // Where the real node takes one when it is due; here it is due at any time.
        if (this.#world.random.chance(this.#world.options.checkpointChance))
          this.node?.history.forceCheckpoint();
        this.give({ kind: "turn-ended" });
        this.#isTurnPlanned = false;
      }),
    );
  }

  #tickLater(): void {
    const dueAt = this.#world.clock.now + tickMs;
    this.#world.clock.at(dueAt, () =>
      this.arrive("timer", () => {
        if (this.#lies().trick === "missed ticks are made up for") this.#makeUpSince(dueAt);
        this.#mailboxes.putBehind(() => this.give({ kind: "ticked" }));
        this.#tickLater();
        if (this.#lies().trick === "the replica takes over unasked") usurp(this);
      }),
    );
  }

  #makeUpSince(dueAt: number): void {
    for (this.#toldTime = dueAt; this.#toldTime < this.#world.clock.now; this.#toldTime += tickMs)
      this.give({ kind: "ticked" });
    this.#toldTime = null;
  }

  #perform(effect: Effect): void {
    const disk = this.#world.disks[this.name];
    switch (effect.kind) {
      case "journal": {
        const through = effect.entries.at(-1)!.op;
        const isSkipping =
          this.#lies().trick === "an entry is not journalled" && this.#world.random.chance(0.01);
        const links = effect.entries.map(({ digest }) => linkOf(digest));
        const from = isSkipping ? 1 : 0;
        this.#world.oracle.journalled(this, effect.entries.slice(from), links.slice(from));
        const isEarly = this.#lies().journalledEarly === this.node?.state.kind;
        const say = (): void => this.arrive("disk", () => this.give({ kind: "journalled", through }));
        disk.append(effect.entries, isEarly ? () => {} : say, links);
        if (isEarly) say();
        return;
      }
      case "save-checkpoint":
        return disk.saveCheckpoint(effect.checkpoint);
      case "save-term":
        return disk.saveTerm(effect.term);
      case "cut":
        disk.cut(effect.after);
        this.#world.oracle.loaded(this);
        this.#inputs.push({ kind: "restored", stored: disk.load() });
        return;
      case "begin-snapshot":
        return disk.beginSnapshot();
      case "take-snapshot-part":
        return disk.takeSnapshotPart(effect.part);
      case "install-snapshot": {
        const source = this.#world.disks[this.name === "primary" ? "replica" : "primary"];
        disk.installSnapshot(effect.head, effect.pairId, source.chain);
        this.#world.oracle.loaded(this);
        this.#inputs.push({ kind: "restored", stored: disk.load() });
        return;
      }
      case "tell-peer":
        this.#world.oracle.told(this, effect.message);
        if (this.#lies().trick === "a sleeper is told that nothing happened" && answersProbe(this, effect))
          return;
        return this.peers.tell(effect.link, effect.message);
      case "drop-peer":
        return this.peers.drop(effect.link);
      case "seek-peer":
        return this.peers.seek(effect.on);
      case "answer":
        return this.#answer(effect.session, effect.answer);
      case "connectors":
        this.isOpen = effect.open;
        if (effect.open) this.#world.oracle.activated(this);
        if (effect.open && this.#lies().trick === "what is scheduled is lost when another node serves")
          this.#inputs.push(...removingAllScheduled((this.#lastSession += 1) as SessionId));
        if (effect.open) this.wasPaired = false;
        return;
      case "serve":
        this.#isNodeServing = effect.on;
        if (effect.on) this.arrive("timer", () => this.#resumeClients());
        return;
      case "go-on":
        this.#world.clock.after(effect.afterMs, () =>
          this.arrive("timer", () => this.give({ kind: "turn-ended" })),
        );
        return;
      case "close-sessions":
        for (const client of [...this.#clients.values()]) client.hostCloses();
        return;
      case "ask-grant":
        return this.report({ kind: "ask-grant", wish: effect.wish, position: positionOf(this.node!) });
      case "paired":
        this.wasPaired = true;
        return this.report({
          kind: "paired",
          epoch: effect.epoch,
          position: positionOf(this.node!),
          pairId: this.node!.history.pairId,
        });
      case "handed-over":
        return this.report({ kind: "handed-over", position: positionOf(this.node!) });
      case "status-changed":
        return this.#reportStatus();
      case "notice":
        return;
      case "end":
        this.#world.ended(this, effect.reason);
        return;
      default:
        assertNever(effect);
    }
  }

  #resumeClients(): void {
    for (const client of this.#clients.values()) client.resume();
  }

  #answer(session: SessionId, answer: SessionAnswer): void {
    assert(this.node !== null, "a node that answers runs");
    this.#world.oracle.answered(this, answer);
    this.#clients.get(session)?.answer(answer);
  }

  #reportStatus(): void {
    const { node } = this;
    if (node === null) return;
    if (node.isAttached) this.hasMirrored = true;
    if (this.#lies().trick === "the standby opens its port" && node.state.kind === "standby")
      this.isOpen = true;
    const status = statusOf(node);
    const news = `${status.state} ${status.attached} ${status.position.epoch}`;
    if (news === this.#lastStatus) return;
    this.#lastStatus = news;
    this.report({ kind: "state", status });
  }

  #moment(): Moment {
    const now = this.#toldTime ?? this.#world.clock.now;
    return {
      monotonic: asInstant(now),
      wall: asWallTime(
        Math.floor(1_700_000_000_000 + now + this.#skewMs + this.#world.clockJumps[this.name]),
      ),
    };
  }
}
