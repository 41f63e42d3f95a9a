import type { SessionAnswer, SessionId, SessionRequest } from "../../engine/core/dialogue.ts";
import type { SimulatedHost } from "./host.ts";
import type { World } from "./world.ts";

/** What a client is told by its connection. */
export interface ClientEvents {
  answered(answer: SessionAnswer): void;
  lost(): void;
}

/** One client's connection to a node: in order both ways, or lost. Requests wait in it while the node does not serve. */
export class ClientWire {
  readonly host: SimulatedHost;
  readonly #world: World;
  readonly #events: ClientEvents;
  readonly session: SessionId;
  #isOpen = true;
  #isHostDone = false;
  readonly #held: { request: SessionRequest; receipt: number }[] = [];
  /** A delivery that a sabotage lets the next answer overtake. */
  #overtaken: SessionAnswer | null = null;
  #toHostAt = 0;
  #toClientAt = 0;

  constructor(world: World, host: SimulatedHost, events: ClientEvents) {
    this.#world = world;
    this.host = host;
    this.#events = events;
    this.session = host.accept(this);
  }

  ask(request: SessionRequest, receipt: number): void {
    if (!this.#isOpen) return;
    this.#toHost(() => {
      if (this.#isHostDone) return;
      this.#held.push({ request, receipt });
      this.resume();
    });
  }

  /** The client goes; what it sent before still arrives. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#toHost(() => this.#endHostSide());
  }

  resume(): void {
    while (this.#held.length > 0 && !this.#isHostDone && this.host.isServing) {
      const { request, receipt } = this.#held.shift()!;
      this.host.ask(this.session, request, receipt);
    }
  }

  answer(answer: SessionAnswer): void {
    if (this.#isHostDone) return;
    const { lies, random } = this.#world;
    const before = this.#overtaken;
    if (lies.trick === "deliveries change places" && before === null && answer.kind === "deliver")
      this.#overtaken = random.chance(0.2) ? answer : null;
    if (this.#overtaken === answer) return;
    this.#toClient(() => this.#events.answered(answer));
    if (before !== null) this.#toClient(() => this.#events.answered(before));
    this.#overtaken = null;
  }

  hostCloses(): void {
    this.#toClient(() => this.#lose());
    this.#world.clock.after(0, () => this.host.arrive("client", () => this.#endHostSide()));
  }

  /** The process died: what it had written may still arrive, or not. */
  hostGone(): void {
    this.#isHostDone = true;
    if (this.#world.random.chance(0.5)) this.#toClient(() => this.#lose());
    else this.#lose();
  }

  /** The connection breaks: both ends learn of it, each in its time. */
  cut(): void {
    this.#toClient(() => this.#lose());
    this.#toHost(() => this.#endHostSide());
  }

  #endHostSide(): void {
    if (this.#isHostDone) return;
    this.#isHostDone = true;
    this.host.closeClient(this.session);
  }

  #lose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.lost();
  }

  #toHost(action: () => void): void {
    this.#toHostAt = Math.max(this.#toHostAt, this.#world.clock.now + this.#world.random.between(0.05, 0.5));
    this.#world.clock.at(this.#toHostAt, () => this.host.arrive("client", action));
  }

  #toClient(action: () => void): void {
    this.#toClientAt = Math.max(
      this.#toClientAt,
      this.#world.clock.now + this.#world.random.between(0.05, 0.5),
    );
    this.#world.clock.at(this.#toClientAt, () => {
      if (this.#isOpen) action();
    });
  }
}
