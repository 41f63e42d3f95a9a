import { asEpoch, asInstant, asOp, asWallTime, type Moment } from "../../engine/base/units.ts";
import {
  plainWishes,
  type SessionAnswer,
  type SessionId,
  type SessionRequest,
} from "../../engine/core/dialogue.ts";
import type { Effect, Input, LinkId, NodeOptions } from "../../engine/node/contract.ts";
import { BrokerNode } from "../../engine/node/node.ts";
import { tickMs } from "../../engine/pair/liveness.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import { messageTo, orders } from "../core/helpers.ts";
import { Clock } from "../world/clock.ts";
import { SimulatedDisk } from "../world/disk.ts";

export const link = (number: number): LinkId => number as LinkId;
export const session = (number: number): SessionId => number as SessionId;

type Said = ReplicationMessage["kind"];

/** One real node whose every input is given by hand: nothing is durable, heard or granted before the test says so. */
export class NodeBench {
  readonly disk: SimulatedDisk;
  readonly options: NodeOptions;
  node: BrokerNode;
  /** Effects of the last inputs, until they are taken. */
  effects: Effect[] = [];
  now = 1_000;
  readonly #clock: Clock;
  #receipts = 0;

  constructor(options: Partial<NodeOptions> = {}) {
    this.#clock = new Clock();
    this.disk = new SimulatedDisk(this.#clock);
    this.disk.files.latencyMs = () => 1;
    this.options = {
      name: options.role ?? "primary",
      role: "primary",
      profile: "guarded",
      synchronisation: "manual",
      waitForReplica: false,
      shutdownOnPrimaryFailure: false,
      shutdownOnReplicaFailure: false,
      peerTimeoutMs: 1_000,
      firstContactMs: 5_000,
      instance: `${options.role ?? "primary"} 1`,
      newPairId: "pair",
      login: null,
      admitsReplica: () => true,
      ...options,
    };
    this.node = this.#load();
  }

  get moment(): Moment {
    return { monotonic: asInstant(this.now), wall: asWallTime(1_700_000_000_000 + this.now) };
  }

  give(input: Input): this {
    for (const effect of this.node.step(input, this.moment)) {
      this.effects.push(effect);
      if (effect.kind === "journal") this.#journal(effect.entries);
      else if (effect.kind === "save-checkpoint") this.disk.saveCheckpoint(effect.checkpoint);
      else if (effect.kind === "save-term") this.disk.saveTerm(effect.term);
      else if (effect.kind === "cut") {
        this.disk.cut(effect.after);
        this.give({ kind: "restored", stored: this.disk.load() });
      }
    }
    return this;
  }

  start(): this {
    return this.give({ kind: "started" });
  }

  /** Another process on the same store. */
  restart(options: Partial<NodeOptions> = {}): this {
    this.disk.loseUnsynced();
    Object.assign(this.options, options);
    this.node = this.#load();
    this.effects = [];
    return this.start();
  }

  grant(
    epoch: number,
    wish: "active" | "alone" = "active",
    peer: { withPeer: boolean; peerInSync: boolean } = { withPeer: false, peerInSync: false },
  ): this {
    return this.give({ kind: "granted", wish, epoch: asEpoch(epoch), ...peer });
  }

  deny(epoch: number, wish: "active" | "alone"): this {
    return this.give({ kind: "denied", wish, epoch: asEpoch(epoch), reason: "so it is" });
  }

  endTurn(): this {
    return this.give({ kind: "turn-ended" });
  }

  /** The disk has done all that it was given. */
  sync(): this {
    this.#clock.run(this.#clock.now + 1_000);
    return this;
  }

  /** Time passes; the node is told, as often as one that is awake is. */
  wait(ms: number): this {
    for (let left = ms; left > 0; left -= tickMs) {
      this.now += Math.min(left, tickMs);
      this.give({ kind: "ticked" });
    }
    return this;
  }

  open(number = 1): this {
    return this.give({ kind: "session-opened", session: session(number) });
  }

  /** Returns the receipt. */
  ask(request: SessionRequest, number = 1): number {
    this.#receipts += 1;
    this.give({ kind: "asked", session: session(number), request, receipt: this.#receipts });
    return this.#receipts;
  }

  send(count = 1, number = 1): number[] {
    return Array.from({ length: count }, () =>
      this.ask({ kind: "send", message: messageTo(orders), transaction: null }, number),
    );
  }

  subscribe(number = 1, prefetchCount = 10): number {
    return this.ask(
      {
        kind: "subscribe",
        subscription: "s",
        destination: orders,
        ackMode: "client-individual",
        prefetchCount,
        ...plainWishes,
      },
      number,
    );
  }

  hear(message: ReplicationMessage, number = 1): this {
    return this.give({ kind: "peer-said", link: link(number), message });
  }

  take(): Effect[] {
    return this.effects.splice(0);
  }

  kinds(): Effect["kind"][] {
    return this.effects.map(({ kind }) => kind);
  }

  answers(): SessionAnswer[] {
    return this.effects.flatMap((effect) => (effect.kind === "answer" ? [effect.answer] : []));
  }

  /** Receipts confirmed since the effects were last taken. */
  confirmed(): number[] {
    return this.answers().flatMap((answer) => (answer.kind === "confirm" ? [answer.receipt] : []));
  }

  said(): ReplicationMessage[];
  said<Kind extends Said>(kind: Kind): Extract<ReplicationMessage, { kind: Kind }>[];
  said(kind?: Said): ReplicationMessage[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "tell-peer" && (kind === undefined || effect.message.kind === kind)
        ? [effect.message]
        : [],
    );
  }

  #journal(entries: readonly JournalEntry[]): void {
    const through = entries.at(-1)!.op;
    const { node } = this;
    this.disk.append(entries, () => {
      if (this.node === node) this.give({ kind: "journalled", through: asOp(through) });
    });
  }

  #load(): BrokerNode {
    return new BrokerNode(this.options, this.disk.load(), this.disk, this.moment);
  }
}

/** An active node and its standby; messages between them wait until they are carried over. */
export class PairBench {
  readonly active: NodeBench;
  readonly standby: NodeBench;
  #link = 0;

  constructor(active: Partial<NodeOptions> = {}, standby: Partial<NodeOptions> = {}) {
    this.active = new NodeBench({ role: "primary", ...active });
    this.standby = new NodeBench({ role: "replica", ...standby });
    this.active.start();
    this.standby.start();
  }

  /** The standby reaches the active node; what it says waits. */
  connect(): this {
    this.#link += 1;
    this.standby.give({ kind: "peer-reached", link: link(this.#link) });
    return this;
  }

  /** Carries messages over, and lets both disks work, until nobody has anything to say. */
  settle(): this {
    for (let round = 0; round < 50; round += 1) {
      this.carry(this.standby, this.active);
      this.active.endTurn().sync();
      const isQuiet = this.active.said().length === 0;
      this.carry(this.active, this.standby);
      this.standby.endTurn().sync();
      if (isQuiet && this.standby.said().length === 0) return this;
    }
    throw new Error("they never stop talking");
  }

  /** Both run, the standby mirrors, and the arbiter was told. */
  whole(): this {
    this.active.grant(1, "active", { withPeer: true, peerInSync: true });
    return this.connect().settle();
  }

  carry(from: NodeBench, to: NodeBench): this {
    const said = from.said();
    from.effects = from.effects.filter(({ kind }) => kind !== "tell-peer");
    for (const message of said) to.hear(message, this.#link);
    return this;
  }

  lose(): this {
    this.active.give({ kind: "peer-lost", link: link(this.#link) });
    this.standby.give({ kind: "peer-lost", link: link(this.#link) });
    return this;
  }

  forget(): this {
    this.active.take();
    this.standby.take();
    return this;
  }
}
