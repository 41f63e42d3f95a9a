import { asWallTime } from "../../engine/base/units.ts";
import { isComposite } from "../../engine/core/composite.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import { FailoverClient } from "./clients.ts";
import type { Ledger } from "./ledger.ts";
import type { World } from "./world.ts";

export interface ProducerOptions {
  readonly name: string;
  readonly destination: Destination;
  /** Messages go to a branch of the destination, `orders.3`, by their number; `null`: to itself. */
  readonly branchOf?: (sequence: number) => number | null;
  /** Sends without an answer at any time. */
  readonly window: number;
  /** Messages in a transaction, or 0 for none. */
  readonly transacted: number;
  readonly pauseMs: number;
  /** Others are dropped where these go to the dead letter queue. */
  readonly persistent?: boolean;
  /** To be delivered later; `again`: several times, which takes a destination that nobody reads from. */
  readonly scheduled?: "once" | "again";
  /** Messages are of so many groups in turn; 0: of none. */
  readonly groupCount?: number;
}

/** Sends numbered messages, and again those that were not confirmed before the connection was lost. */
export class SimulatedProducer extends FailoverClient {
  readonly #options: ProducerOptions;
  #nextSequence = 1;
  #attempts = 0;
  /** Sequence numbers without a confirmation, in order; those under way first. */
  #open: number[] = [];
  #underWay = 0;

  constructor(world: World, ledger: Ledger, options: ProducerOptions) {
    super(world, ledger);
    this.#options = options;
  }

  get isDone(): boolean {
    return this.isStopped && this.#open.length === 0;
  }

  protected override connected(): void {
    this.#underWay = 0;
    this.#pump();
  }

  protected override disconnected(): void {
    this.#underWay = 0;
  }

  #pump(): void {
    if (!this.isConnected) return;
    if (this.#options.transacted > 0) return this.#transact();
    while (this.#underWay < this.#options.window) {
      const sequence = this.#take();
      if (sequence === null) return;
      const body = this.#body(sequence);
      const { name: producer, persistent = true, scheduled } = this.#options;
      const destination = this.#destinationOf(sequence);
      // Several copies of one that expires would be one dead letter.
      const expiresAt = isComposite(destination) ? null : this.#expiry();
      const mayVanish = (!persistent && expiresAt !== null) || scheduled === "again";
      const properties = this.#timing();
      const now = this.presence;
      const delay = properties.get("AMQ_SCHEDULED_DELAY");
      const due = delay === undefined ? {} : { due: { ...now, at: now.at + Number(delay) } };
      const group = this.#groupOf(sequence);
      const priority = this.random.pick([4, 4, 9]);
      const rest = { mayVanish, group: group?.id ?? null, priority, ...due };
      this.ledger.sent(body, { producer, sequence, destination, transaction: null, ...rest });
      const sent = { ...message(destination, body, expiresAt), persistent, priority, properties, group };
      this.ask({ kind: "send", message: sent, transaction: null }, () => {
        this.ledger.confirmed(body);
        this.#done(sequence);
        this.later(this.random.between(0, this.#options.pauseMs), () => this.#pump());
      });
    }
  }

  #transact(): void {
    if (this.#underWay > 0) return;
    const sequences: number[] = [];
    for (let sequence = this.#take(); sequence !== null; sequence = this.#take()) {
      sequences.push(sequence);
      if (sequences.length >= this.#options.transacted) break;
    }
    if (sequences.length === 0) return;
    const transaction = `${this.#options.name} t${(this.#attempts += 1)}`;
    this.ask({ kind: "begin", transaction });
    for (const sequence of sequences) {
      const body = this.#body(sequence);
      const destination = this.#destinationOf(sequence);
      this.ledger.sent(body, { producer: this.#options.name, sequence, destination, transaction });
      this.ask({ kind: "send", message: message(destination, body, null), transaction });
    }
    const isUndone = this.random.chance(0.2);
    if (isUndone) this.ledger.finished(transaction, "rolled back");
    this.ask({ kind: isUndone ? "rollback" : "commit", transaction }, () => {
      this.#underWay = 0;
      if (!isUndone) {
        this.ledger.finished(transaction, "committed");
        for (const sequence of sequences) this.#open.splice(this.#open.indexOf(sequence), 1);
      }
      this.later(this.random.between(0, this.#options.pauseMs), () => this.#pump());
    });
  }

  #destinationOf(sequence: number): Destination {
    const { destination, branchOf } = this.#options;
    const branch = branchOf?.(sequence) ?? null;
    return branch === null ? destination : { ...destination, name: `${destination.name}.${branch}` };
  }

  #groupOf(sequence: number): Message["group"] {
    const { name, groupCount = 0 } = this.#options;
    return groupCount === 0 ? null : { id: `${name} ${sequence % groupCount}`, sequence: 0 };
  }

  #take(): number | null {
    if (this.#underWay === this.#open.length) {
      if (this.isStopped) return null;
      this.#open.push(this.#nextSequence++);
    }
    return this.#open[this.#underWay++]!;
  }

  #done(sequence: number): void {
    this.#open.splice(this.#open.indexOf(sequence), 1);
    this.#underWay -= 1;
  }

  #body(sequence: number): string {
    return `${this.#options.name}/${sequence}/${(this.#attempts += 1)}`;
  }

  #timing(): ReadonlyMap<string, bigint> {
    const { scheduled } = this.#options;
    if (scheduled === undefined) return new Map();
    const delay = ["AMQ_SCHEDULED_DELAY", BigInt(Math.floor(this.random.between(0, 1_500)))] as const;
    if (scheduled === "once") return new Map([delay]);
    const period = BigInt(Math.floor(this.random.between(1, 400)));
    return new Map([
      delay,
      ["AMQ_SCHEDULED_PERIOD", period],
      ["AMQ_SCHEDULED_REPEAT", BigInt(this.random.below(4))],
    ]);
  }

  #expiry(): number | null {
    return this.random.chance(0.03)
      ? 1_700_000_000_000 + this.world.clock.now + this.random.between(0, 400)
      : null;
  }
}

export function message(destination: Destination, body: string, expiresAt: number | null): Message {
  return {
    destination,
    body: new TextEncoder().encode(body),
    bodyKind: "text",
    properties: new Map(),
    // Those that expire go to the dead letter queue, where they are looked for.
    persistent: true,
    priority: 4,
    expiresAt: expiresAt === null ? null : asWallTime(Math.floor(expiresAt)),
    sentAt: asWallTime(0),
    correlationId: null,
    replyTo: null,
    type: null,
    isCompressed: false,
    origin: null,
    group: null,
    userId: null,
  };
}
