import type { BrokerError } from "../../engine/base/errors.ts";
import type { Op } from "../../engine/base/units.ts";
import type { SessionAnswer, SessionRequest, SubscriptionRequest } from "../../engine/core/dialogue.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import { messageTo } from "../core/helpers.ts";
import { ClientWire } from "../world/client-wire.ts";
import type { NodeName } from "../world/host.ts";
import type { World } from "../world/world.ts";
import type { Names } from "./names.ts";
import { nth } from "./words.ts";

const retryMs = 10;
/** A client with heart-beats gives a connection up after so long a silence. */
const silenceMs = 500;

interface Asked {
  readonly request: SessionRequest;
  readonly words: string;
}

/** What an account of a client may be asked for. */
export interface Account {
  readonly confirmed: string[];
  readonly got: string[];
  readonly refused: string[];
}

/**
 * A client as those of a story are: it goes to the primary first, on to the other node when that does not take it, and
 * repeats what was never answered. What it had received belongs to the connection that is gone; so do transactions.
 */
export class StageClient {
  readonly account: Account = { confirmed: [], got: [], refused: [] };
  readonly #world: World;
  readonly #name: string;
  readonly #names: Names;
  readonly #say: (words: string) => void;
  readonly #kind: "failover" | "plain" | "heart-beats";
  #wire: ClientWire | null = null;
  #turn = 0;
  #isGone = false;
  readonly #unanswered = new Map<number, Asked>();
  readonly #subscriptions = new Map<string, SubscriptionRequest>();
  readonly #transactions = new Set<string>();
  /** Deliveries in hand, by what they are called. */
  #inHand: { id: Op; name: string; subscription: string }[] = [];

  constructor(
    world: World,
    names: Names,
    { name, kind }: { name: string; kind: "failover" | "plain" | "heart-beats" },
    say: (words: string) => void,
  ) {
    this.#world = world;
    this.#names = names;
    this.#name = name;
    this.#kind = kind;
    this.#say = say;
    this.#connect();
  }

  get node(): NodeName | null {
    return this.#wire?.host.name ?? null;
  }

  /** What it has asked for and was never told about. */
  get waiting(): readonly string[] {
    return [...this.#unanswered.values()].map(({ words }) => words);
  }

  send(body: string, destination: Destination, changes: Partial<Message>, transaction: string | null): void {
    const message = messageTo(destination, { body: new TextEncoder().encode(body), ...changes });
    const words = transaction === null ? `send ${body}` : `send ${body} in ${transaction}`;
    this.#ask({ request: { kind: "send", message, transaction }, words });
  }

  subscribe(request: SubscriptionRequest): void {
    this.#subscriptions.set(request.subscription, request);
    this.#subscribeNow(request);
  }

  settle(names: readonly string[], outcome: "accepted" | "rejected", transaction: string | null): void {
    const wanted =
      names[0] === "all" ? this.#inHand : this.#inHand.filter(({ name }) => names.includes(name));
    if (wanted.length === 0) throw new Error(`client ${this.#name} holds none of ${names.join(" ")}`);
    this.#inHand = this.#inHand.filter((one) => !wanted.includes(one));
    const verb = outcome === "accepted" ? "accept" : "reject";
    const what = wanted.map(({ name }) => name).join(" ");
    const words = `${verb} ${what}${transaction === null ? "" : ` in ${transaction}`}`;
    const { subscription } = wanted[0]!;
    const messages = wanted.map(({ id }) => id);
    this.#ask({ request: { kind: "settle", subscription, messages, outcome, transaction }, words });
  }

  transact(kind: "begin" | "commit" | "rollback", transaction: string): void {
    if (kind === "begin") this.#transactions.add(transaction);
    if (kind !== "begin" && !this.#transactions.delete(transaction)) {
      this.#say(`cannot ${kind} ${transaction}: it was lost with its connection, and must be repeated`);
      return;
    }
    this.#ask({ request: { kind, transaction }, words: `${kind} ${transaction}` });
  }

  ask(request: SessionRequest, words: string): void {
    this.#ask({ request, words });
  }

  /** It ends its connection, or its process dies: to a broker that is the same. */
  leave(): void {
    this.#isGone = true;
    this.#wire?.close();
    this.#wire = null;
    this.#say("is gone");
  }

  #ask(asked: Asked): void {
    const receipt = this.#names.newReceipt(asked.words);
    this.#unanswered.set(receipt, asked);
    this.#say(asked.words);
    this.#wire?.ask(asked.request, receipt);
  }

  #subscribeNow(request: SubscriptionRequest): void {
    const { destination, durable } = request;
    const words = `subscribe to ${destination.kind} ${destination.name}${durable === null ? "" : " durably"}`;
    this.#ask({ request: { kind: "subscribe", ...request }, words });
  }

  #connect(): void {
    if (this.#isGone || this.#wire !== null) return;
    const order: readonly NodeName[] = ["primary", "replica"];
    // From the one it was at on to the next, and round again.
    for (let count = 0; count < order.length; count += 1) {
      const host = this.#world.hosts[order[(this.#turn + count) % order.length]!];
      if (host?.isOpen !== true || host.isOver) continue;
      this.#turn += count;
      const wire: ClientWire = new ClientWire(this.#world, host, {
        answered: (answer) => this.#wire === wire && this.#answered(answer),
        lost: () => this.#lost(wire, "loses its connection"),
      });
      this.#names.sessionIs(host, wire.session, `client ${this.#name}`);
      this.#wire = wire;
      this.#say(`connects to the ${host.name}`);
      if (this.#kind === "heart-beats") this.#listenFor(wire, 0);
      return this.#repeat();
    }
    if (this.#kind === "plain") return this.#say("is refused by both ports");
    this.#world.clock.after(retryMs, () => this.#connect());
  }

  #repeat(): void {
    const again = [...this.#unanswered.values()];
    this.#unanswered.clear();
    for (const request of this.#subscriptions.values()) this.#subscribeNow(request);
    for (const asked of again) if (isRepeatable(asked.request)) this.#ask(asked);
  }

  #lost(wire: ClientWire, how: string): void {
    if (this.#wire !== wire) return;
    this.#wire = null;
    this.#inHand = [];
    this.#say(how);
    for (const [receipt, { request, words }] of this.#unanswered)
      if (request.kind === "commit") {
        this.#say(`cannot know what became of "${words}"`);
        this.#unanswered.delete(receipt);
      }
    for (const transaction of this.#transactions) this.#say(`has lost ${transaction} with the connection`);
    this.#transactions.clear();
    if (this.#kind === "plain") return;
    this.#turn += 1;
    this.#world.clock.after(retryMs, () => this.#connect());
  }

  #listenFor(wire: ClientWire, silentMs: number): void {
    this.#world.clock.after(100, () => {
      if (this.#wire !== wire) return;
      if (silentMs < silenceMs) return this.#listenFor(wire, wire.host.isFrozen ? silentMs + 100 : 0);
      wire.close();
      this.#lost(wire, "hears nothing any more and gives the connection up");
    });
  }

  #answered(answer: SessionAnswer): void {
    switch (answer.kind) {
      case "deliver":
        return this.#received(answer);
      case "advise":
      case "browsed":
      case "close":
      case "prepared":
        return;
      case "confirm":
      case "refuse": {
        const asked = this.#unanswered.get(answer.receipt);
        this.#unanswered.delete(answer.receipt);
        if (asked !== undefined) this.#settled(asked, answer.kind === "refuse" ? answer.error : null);
      }
    }
  }

  #settled({ words }: Asked, error: BrokerError | null): void {
    if (error === null) this.account.confirmed.push(words);
    else this.account.refused.push(error.message);
    this.#say(
      error === null ? `is told: ${words} is safe` : `is told: ${words} is refused: ${error.message}`,
    );
  }

  #received({ id, message, deliveryCount, subscription }: Extract<SessionAnswer, { kind: "deliver" }>): void {
    const name = new TextDecoder().decode(message.body);
    this.#inHand.push({ id, name, subscription });
    this.account.got.push(`${name}${nth(deliveryCount)}`);
    this.#say(`gets ${name}${nth(deliveryCount)}`);
  }
}

/** A delivery that was to be settled comes again by itself, and a transaction is gone; all other things are repeated. */
function isRepeatable(request: SessionRequest): boolean {
  if (request.kind === "settle" || request.kind === "subscribe") return false;
  if (request.kind === "send") return request.transaction === null;
  return request.kind !== "begin" && request.kind !== "commit" && request.kind !== "rollback";
}
