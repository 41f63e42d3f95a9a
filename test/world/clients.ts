import type { SessionAnswer, SessionRequest } from "../../engine/core/dialogue.ts";
import { ClientWire } from "./client-wire.ts";
import type { NodeName } from "./host.ts";
import type { Ledger, Presence } from "./ledger.ts";
import { violated } from "./rules.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

interface Waiting {
  readonly onConfirmed: () => void;
  /** Set where a refusal is one of the right answers. */
  readonly onRefused: (() => void) | null;
  readonly askedAt: number;
}

/** A failover client: it goes round both nodes until one takes it, and begins anew when it loses that one. */
export abstract class FailoverClient {
  protected readonly world: World;
  protected readonly ledger: Ledger;
  protected readonly random: Random;
  protected isStopped = false;
  #wire: ClientWire | null = null;
  #turn = 0;
  #lastReceipt = 0;
  #waiting = new Map<number, Waiting>();
  readonly #patienceMs: number;

  constructor(world: World, ledger: Ledger) {
    this.world = world;
    this.ledger = ledger;
    this.random = world.random.fork();
    this.#patienceMs = this.random.between(300, 1_500);
    this.#connectLater();
  }

  stop(): void {
    this.isStopped = true;
  }

  protected get isConnected(): boolean {
    return this.#wire !== null;
  }

  /** Now, with who it is connected to. */
  protected get presence(): Presence {
    const { clock, counts } = this.world;
    return { at: clock.now, failovers: counts.failovers, host: this.#wire?.host ?? null };
  }

  /** Asks; `onConfirmed` is called if the answer comes on this connection. */
  protected ask(
    request: SessionRequest,
    onConfirmed: () => void = () => {},
    onRefused: (() => void) | null = null,
  ): void {
    const receipt = (this.#lastReceipt += 1);
    this.#waiting.set(receipt, { onConfirmed, onRefused, askedAt: this.world.clock.now });
    this.#wire?.ask(request, receipt);
  }

  /** Runs `action` later, unless the connection of now is gone by then. */
  protected later(delayMs: number, action: () => void): void {
    const wire = this.#wire;
    this.world.clock.after(delayMs, () => {
      if (wire !== null && this.#wire === wire) action();
    });
  }

  protected disconnect(): void {
    const wire = this.#wire;
    wire?.close();
    this.#lost(wire);
  }

  protected abstract connected(): void;
  protected abstract disconnected(): void;
  protected delivered(_answer: Extract<SessionAnswer, { kind: "deliver" }>): void {}

  #connectLater(): void {
    this.world.clock.after(this.random.between(1, 25), () => {
      const names: readonly NodeName[] = ["primary", "replica"];
      const host = this.world.hosts[names[this.#turn % 2]!];
      if (host?.isOpen !== true || host.isOver) {
        this.#turn += 1;
        return this.#connectLater();
      }
      let wire: ClientWire | null = null;
      const life = { isOver: false };
      wire = new ClientWire(this.world, host, {
        answered: (answer) => this.#wire === wire && this.#answered(answer),
        lost: () => {
          life.isOver = true;
          this.#lost(wire);
        },
      });
      // A broker may end by the very step in which it hears of the connection.
      if (life.isOver) return this.#connectLater();
      this.#wire = wire;
      this.#waiting = new Map();
      this.#watch(wire);
      this.connected();
    });
  }

  #watch(wire: ClientWire): void {
    this.world.clock.after(100, () => {
      if (this.#wire !== wire) return;
      const [oldest] = this.#waiting.values();
      if (oldest !== undefined && this.world.clock.now - oldest.askedAt > this.#patienceMs) this.disconnect();
      else this.#watch(wire);
    });
  }

  #lost(wire: ClientWire | null): void {
    if (wire === null || this.#wire !== wire) return;
    this.#wire = null;
    this.#turn += 1;
    this.disconnected();
    this.#connectLater();
  }

  #answered(answer: SessionAnswer): void {
    if (answer.kind === "deliver") return this.delivered(answer);
    if (answer.kind !== "confirm" && answer.kind !== "refuse") return;
    const waiting = this.#waiting.get(answer.receipt);
    this.#waiting.delete(answer.receipt);
    if (answer.kind === "confirm") return waiting?.onConfirmed();
    if (waiting === undefined || waiting.onRefused === null)
      return violated("valid requests are not refused", answer.error.message);
    waiting.onRefused();
  }
}
