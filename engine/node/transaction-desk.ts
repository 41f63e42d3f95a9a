import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import type { Broker } from "../core/broker.ts";
import { sessionOf, type Command, type OwnerId } from "../core/command.ts";
import type { SessionId, SessionRequest } from "../core/dialogue.ts";
import type { Owner } from "../core/owner.ts";
import type { Message } from "../core/message.ts";
import type { Dispatcher } from "../core/dispatch.ts";
import type { ConnectedClient } from "./connected-client.ts";
import { Interrupted } from "./interrupted.ts";

export type TransactionRequest = Extract<
  SessionRequest,
  { kind: "begin" | "prepare" | "commit" | "rollback" | "forget" | "recover" }
>;
type Ending = Extract<TransactionRequest, { kind: "prepare" | "commit" }>;
type Outcome = "commit" | "rollback";

/** What a transaction's client and the dispatcher need to know of it; its work itself is in the pair's state. */
export class TransactionDesk {
  readonly #broker: Broker;
  readonly #dispatcher: Dispatcher;
  readonly #clients: ReadonlyMap<SessionId, ConnectedClient>;
  readonly #interrupted = new Interrupted();

  constructor(broker: Broker, dispatcher: Dispatcher, clients: ReadonlyMap<SessionId, ConnectedClient>) {
    this.#broker = broker;
    this.#dispatcher = dispatcher;
    this.#clients = clients;
  }

  /** Returns the prepared transactions that the client is to be told of; `null` where it asked for none. */
  perform(
    client: ConnectedClient,
    request: TransactionRequest,
    order: (command: Command) => void,
  ): readonly string[] | null {
    switch (request.kind) {
      case "begin":
        // A client that failed over repeats all steps of a branch.
        if (this.#broker.prepared.has(request.transaction)) return [request.transaction];
        order({ kind: "begin", owner: client.owner, transaction: request.transaction });
        client.advanced.set(request.transaction, []);
        return null;
      case "prepare":
        this.#requireWhole(client, request, order);
        return this.#prepare(client, request.transaction, order);
      case "recover":
        return [...this.#broker.prepared.keys()];
      case "commit":
        this.#requireWhole(client, request, order);
        this.#finish(client, request.transaction, "commit", order);
        return null;
      case "rollback":
        this.#finish(client, request.transaction, request.kind, order);
        return null;
      case "forget":
        if (!this.#broker.prepared.has(request.transaction))
          throw new BrokerError("TRANSACTION_UNKNOWN", { transaction: request.transaction });
        this.#finishPrepared(request.transaction, "rollback", order);
        return null;
      default:
        return assertNever(request);
    }
  }

  /** A connection broke with this in its hands; its client may come back over another one, or to another node. */
  interrupted(owner: Owner): void {
    this.#interrupted.note(owner);
  }

  /** Whether a client says again what the queues, or a prepared transaction, have from it already. */
  isRepeat({ origin }: Message, transaction: string | null): boolean {
    if (origin === null) return false;
    if (this.#broker.producers.isRepeat(origin)) return true;
    if (transaction === null || !this.#broker.prepared.has(transaction)) return false;
    const { sends } = this.#broker.owners.transaction(transaction, transaction);
    return sends.some(
      (sent) => sent.origin?.producer === origin.producer && sent.origin.sequence === origin.sequence,
    );
  }

  /** Of a transaction whose acknowledgements were lost nothing is done. */
  #requireWhole(
    client: ConnectedClient,
    { transaction, exposed }: Ending,
    order: (command: Command) => void,
  ): void {
    if (exposed === undefined || this.#broker.prepared.has(transaction)) return;
    const open = this.#broker.owners.get(client.owner)?.transactions.get(transaction);
    if (open === undefined || !this.#interrupted.lacks(transaction, open.settlements, exposed)) return;
    this.#finish(client, transaction, "rollback", order);
    throw new BrokerError("TRANSACTION_INCOMPLETE", { transaction });
  }

  #prepare(client: ConnectedClient, transaction: string, order: (command: Command) => void): string[] {
    if (this.#broker.prepared.has(transaction)) return [transaction];
    const open = this.#broker.owners.get(client.owner)?.transactions.get(transaction);
    if (open !== undefined && open.sends.length + open.settlements.length === 0) {
      this.#finish(client, transaction, "commit", order);
      return [];
    }
    order({ kind: "prepare", owner: client.owner, transaction });
    return [transaction];
  }

  #finish(
    client: ConnectedClient,
    transaction: string,
    outcome: Outcome,
    order: (command: Command) => void,
  ): void {
    this.#interrupted.over(transaction);
    if (this.#broker.prepared.has(transaction)) return this.#finishPrepared(transaction, outcome, order);
    order({ kind: "finish", owner: client.owner, transaction, outcome });
    this.#settleUp(client, transaction, outcome);
  }

  #finishPrepared(transaction: string, outcome: Outcome, order: (command: Command) => void): void {
    const preparer = this.#broker.prepared.get(transaction);
    order({ kind: "finish-prepared", transaction, outcome });
    if (preparer === undefined) return;
    const client = this.#clients.get(sessionOf(preparer));
    if (client?.owner !== preparer) {
      if (this.#broker.owners.has(preparer))
        order({ kind: "leave", owner: preparer, keepsTemporaries: false });
      return;
    }
    this.#settleUp(client, transaction, outcome);
    this.#releaseEnded(client, preparer, order);
  }

  /** Undone settlements are in the consumer's hands again, and count as such. */
  #settleUp(client: ConnectedClient, transaction: string, outcome: Outcome): void {
    const advanced = client.advanced.get(transaction) ?? [];
    client.advanced.delete(transaction);
    // After a commit it no longer holds them, which whoever reads several queues may have waited for.
    for (const { consumer, count } of advanced)
      this.#dispatcher.credit(consumer, outcome === "rollback" ? -count : 0);
  }

  /** What came back for a subscription that has ended meanwhile is for others. */
  #releaseEnded({ session }: ConnectedClient, owner: OwnerId, order: (command: Command) => void): void {
    for (const subscription of [...(this.#broker.owners.get(owner)?.held.keys() ?? [])])
      if (this.#dispatcher.consumer(session, subscription) === undefined)
        order({ kind: "release", owner, subscription, unseen: [] });
  }
}
