import type { Input, LinkId } from "../../engine/node/contract.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import type { Network, Wire, WireEnd } from "./network.ts";
import type { Random } from "./random.ts";
import type { Clock } from "./clock.ts";
import type { NodeName } from "./host.ts";

const seekMs = 40;

/** What a process's replication connections need of it. */
export interface PeerSurroundings {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  /** The other process's port, while its connectors are open. */
  readonly other: () => PeerPort | null;
  readonly give: (input: Input) => void;
  /** Runs it when the process is awake. */
  readonly arrive: (source: string, action: () => void) => void;
}

/** A process's replication connections: those it opens while it seeks the active node, and those it accepts. */
export class PeerPort {
  readonly #around: PeerSurroundings;
  readonly #wires = new Map<LinkId, { wire: Wire; side: 0 | 1 }>();
  #isSeeking = false;
  #hasSeekWire = false;
  #lastLink = 0;

  constructor(around: PeerSurroundings) {
    this.#around = around;
  }

  tell(link: LinkId, message: ReplicationMessage): void {
    const held = this.#wires.get(link);
    held?.wire.tell(held.side, message);
  }

  drop(link: LinkId): void {
    const held = this.#wires.get(link);
    this.#wires.delete(link);
    held?.wire.drop(held.side);
    if (held?.side === 0) this.#seekWireOver();
  }

  /** The process is gone. */
  close(): void {
    for (const { wire, side } of this.#wires.values()) wire.drop(side);
  }

  seek(on: boolean): void {
    this.#isSeeking = on;
    if (on) this.#seekLater();
  }

  /** Takes a connection that another process opens. */
  accept(near: WireEnd, opener: NodeName = "replica"): Wire {
    const link = (this.#lastLink += 1) as LinkId;
    const wire = this.#around.network.connect(near, this.#end(link), opener);
    this.#wires.set(link, { wire, side: 1 });
    return wire;
  }

  #seekLater(): void {
    const { clock, random, arrive } = this.#around;
    clock.after(random.between(seekMs / 4, seekMs), () => arrive("timer", () => this.#trySeek()));
  }

  #trySeek(): void {
    if (!this.#isSeeking || this.#hasSeekWire) return;
    const { clock, network, name, arrive, give } = this.#around;
    const other = network.mode === "cut" ? null : this.#around.other();
    if (other === null) return this.#seekLater();
    const link = (this.#lastLink += 1) as LinkId;
    this.#hasSeekWire = true;
    this.#wires.set(link, { wire: other.accept(this.#end(link), name), side: 0 });
    clock.after(network.latency(), () => arrive("link", () => give({ kind: "peer-reached", link })));
  }

  #seekWireOver(): void {
    if (!this.#hasSeekWire) return;
    this.#hasSeekWire = false;
    this.#seekLater();
  }

  #end(link: LinkId): WireEnd {
    const { arrive, give } = this.#around;
    return {
      said: (message) =>
        arrive("link", () => {
          if (this.#wires.has(link)) give({ kind: "peer-said", link, message });
        }),
      lost: () =>
        arrive("link", () => {
          const held = this.#wires.get(link);
          this.#wires.delete(link);
          if (held?.side === 0) this.#seekWireOver();
          give({ kind: "peer-lost", link });
        }),
    };
  }
}
