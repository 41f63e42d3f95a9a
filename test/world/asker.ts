import { plainWishes, type SessionAnswer } from "../../engine/core/dialogue.ts";
import { destinationKey, type Destination } from "../../engine/core/message.ts";
import { FailoverClient } from "./clients.ts";
import type { Ledger } from "./ledger.ts";
import { violated } from "./rules.ts";
import { message } from "./producer.ts";
import type { World } from "./world.ts";

const text = new TextDecoder();

/** Asks one question after the other, and gets its replies on a temporary queue of its own. */
export class SimulatedAsker extends FailoverClient {
  readonly #options: { readonly name: string; readonly asks: Destination; readonly pauseMs: number };
  #connections = 0;
  #questions = 0;

  constructor(world: World, ledger: Ledger, options: { name: string; asks: Destination; pauseMs: number }) {
    super(world, ledger);
    this.#options = options;
  }

  protected override connected(): void {
    this.#connections += 1;
    this.ask({ kind: "create-temporary", destination: this.#replies });
    this.ask({
      kind: "subscribe",
      subscription: "replies",
      destination: this.#replies,
      prefetchCount: 5,
      ackMode: "client-individual",
      ...plainWishes,
    });
    this.#askNext();
  }

  protected override disconnected(): void {}

  protected override delivered(answer: Extract<SessionAnswer, { kind: "deliver" }>): void {
    const body = text.decode(answer.message.body);
    // `responder+<question>/<attempt>`: the question names who asked, and on which connection.
    if (!body.includes(`+${this.#prefix}`))
      violated("replies reach who asked", `${body} reaches ${this.#prefix}`);
    const queue = destinationKey(this.#replies);
    const { deliveryCount } = answer;
    this.ledger.delivered({ queue, body, deliveryCount, reader: this.#prefix }, this.presence);
    const messages = [answer.id];
    this.ask(
      { kind: "settle", subscription: "replies", messages, outcome: "accepted", transaction: null },
      () => this.ledger.settled(queue, body),
    );
    this.later(this.random.between(0, this.#options.pauseMs), () => this.#askNext());
  }

  get #prefix(): string {
    return `${this.#options.name}.${this.#connections}/`;
  }

  get #replies(): Destination {
    return { kind: "temp-queue", name: `${this.#options.name}.${this.#connections}:replies` };
  }

  #askNext(): void {
    if (this.isStopped) return;
    const sequence = (this.#questions += 1);
    const body = `${this.#prefix}${sequence}`;
    const { asks: destination } = this.#options;
    this.ledger.sent(body, { producer: this.#prefix, sequence, destination, transaction: null });
    const question = { ...message(destination, body, null), replyTo: this.#replies };
    this.ask({ kind: "send", message: question, transaction: null }, () => this.ledger.confirmed(body));
  }
}
