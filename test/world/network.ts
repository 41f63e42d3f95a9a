import type { ReplicationMessage } from "../../engine/pair/message.ts";
import { encodeReplication, ReplicationDecoder } from "../../engine/pair/codec.ts";
import type { Clock } from "./clock.ts";
import type { NodeName } from "./host.ts";
import type { Random } from "./random.ts";

/** Mute: connections stand, and what is said on them never arrives, in both directions or in one. */
export type LinkMode = "healthy" | "cut" | "mute" | "mute to primary" | "mute to replica";

/** What one end of a connection is told. */
export interface WireEnd {
  said(message: ReplicationMessage): void;
  lost(): void;
}

/** The replication link: connections of it lose nothing and keep their order, until they are lost as a whole. */
export class Network {
  mode: LinkMode = "healthy";
  delayMs = 0;
  /** What a faulty machine makes of a message on its way. */
  garble: (message: ReplicationMessage) => ReplicationMessage = (message) => message;
  /** Told when something becomes wrong with it. */
  onTrouble: (what: string) => void = () => {};
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #usualMsMax: number;
  readonly #wires = new Set<Wire>();

  /** `usualMsMax`: the longest that a message takes while nothing is wrong. */
  constructor(clock: Clock, random: Random, usualMsMax = 1) {
    this.#clock = clock;
    this.#random = random;
    this.#usualMsMax = usualMsMax;
  }

  /** Whether what is said to this node is lost. */
  swallows(to: NodeName): boolean {
    return (
      this.mode !== "healthy" &&
      (this.mode === "cut" || this.mode === "mute" || this.mode === `mute to ${to}`)
    );
  }

  latency(): number {
    return this.delayMs + this.#random.between(0.05, this.#usualMsMax);
  }

  slow(delayMs: number): void {
    this.delayMs = delayMs;
    if (delayMs > 0) this.onTrouble("the link was slow");
  }

  connect(near: WireEnd, far: WireEnd, opener: NodeName): Wire {
    const wire = new Wire(this, this.#clock, [near, far], opener, () => this.#wires.delete(wire));
    this.#wires.add(wire);
    return wire;
  }

  set(mode: LinkMode): void {
    this.mode = mode;
    if (mode !== "healthy") this.onTrouble(`the link was ${mode}`);
    // A connection that lost bytes can never carry a sensible stream again.
    for (const wire of [...this.#wires])
      if (mode === "cut" || (mode === "healthy" && wire.isPoisoned)) wire.break();
  }
}

/** One connection; side 0 opened it. */
export class Wire {
  /** By side: something that it said was lost, and nothing it says arrives any more. */
  readonly #isPoisoned: [boolean, boolean] = [false, false];
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #ends: readonly [WireEnd, WireEnd];
  readonly #isOpen: [boolean, boolean] = [true, true];
  readonly #arrivesAt: [number, number] = [0, 0];
  readonly #decoders = [new ReplicationDecoder(), new ReplicationDecoder()] as const;
  readonly #onOver: () => void;
  readonly #names: readonly [NodeName, NodeName];

  constructor(
    network: Network,
    clock: Clock,
    ends: readonly [WireEnd, WireEnd],
    opener: NodeName,
    onOver: () => void,
  ) {
    this.#names = [opener, opener === "primary" ? "replica" : "primary"];
    this.#network = network;
    this.#clock = clock;
    this.#ends = ends;
    this.#onOver = onOver;
  }

  get isPoisoned(): boolean {
    return this.#isPoisoned[0] || this.#isPoisoned[1];
  }

  /** Says something from this side, as bytes of the real codec. */
  tell(side: 0 | 1, message: ReplicationMessage): void {
    if (!this.#isOpen[side]) return;
    const bytes = encodeReplication(this.#network.garble(message));
    this.#toOther(side, () => {
      const other = side === 0 ? 1 : 0;
      this.#decoders[side].push(bytes, (decoded) => {
        if (this.#isOpen[other]) this.#ends[other].said(decoded);
      });
    });
  }

  /** Ends it from this side; what was said before still arrives, then the other side learns of the end. */
  drop(side: 0 | 1): void {
    if (!this.#isOpen[side]) return;
    this.#isOpen[side] = false;
    this.#toOther(side, () => this.#lose(side === 0 ? 1 : 0));
  }

  /** Both sides lose it, each when it notices; what is under way is lost. */
  break(): void {
    this.#isPoisoned.fill(true);
    this.#onOver();
    for (const side of [0, 1] as const) this.#clock.after(this.#network.latency(), () => this.#lose(side));
  }

  #lose(side: 0 | 1): void {
    if (!this.#isOpen[side]) return;
    this.#isOpen[side] = false;
    if (!this.#isOpen[0] && !this.#isOpen[1]) this.#onOver();
    this.#ends[side].lost();
  }

  #toOther(side: 0 | 1, action: () => void): void {
    const to = this.#names[side === 0 ? 1 : 0];
    if (this.#network.swallows(to)) this.#isPoisoned[side] = true;
    const at = Math.max(this.#arrivesAt[side], this.#clock.now + this.#network.latency());
    this.#arrivesAt[side] = at;
    this.#clock.at(at, () => {
      if (this.#network.swallows(to)) this.#isPoisoned[side] = true;
      if (!this.#isPoisoned[side]) action();
    });
  }
}
