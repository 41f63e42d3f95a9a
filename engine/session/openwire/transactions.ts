import { BrokerError } from "../../base/errors.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import type { Consumer } from "./consumer.ts";
import { rolledBack } from "./exceptions.ts";
import { transactionName, xaPrefix } from "./names.ts";
import { nothingToDo, planOf, type Plan } from "./plan.ts";

const kinds = [
  "begin",
  "prepare",
  "commit-one-phase",
  "commit-two-phase",
  "rollback",
  "recover",
  "forget",
  "end",
] as const;

/** Work that is not visible to others yet. */
interface Open {
  readonly name: string;
  /** Consumers whose deliveries it will settle. */
  readonly consumers: Set<Consumer>;
  /** A part of it was refused while nobody waited for an answer: it cannot be committed any more. */
  failure: BrokerError | null;
}

/** The transactions of one connection. */
export class Transactions {
  readonly #open = new Map<string, Open>();

  /** The name of an open transaction, or `null` outside of any. */
  nameOf(id: wire.TransactionId | null): string | null {
    if (id === null) return null;
    const name = transactionName(id);
    this.#named(name);
    return name;
  }

  settles(name: string, consumer: Consumer): void {
    this.#open.get(name)?.consumers.add(consumer);
  }

  failed(name: string, error: BrokerError): void {
    const open = this.#open.get(name);
    if (open !== undefined) open.failure ??= error;
  }

  plan(info: wire.TransactionInfo): Plan {
    const kind = kinds[info.transactionType];
    if (kind === "end") return nothingToDo;
    if (info.transactionId === null)
      throw new BrokerError("PROTOCOL_VIOLATION", { detail: "A transaction needs an id." });
    const name = transactionName(info.transactionId);
    switch (kind) {
      case "begin":
        return this.#begin(name);
      case "commit-one-phase":
        return this.#commit(name);
      case "rollback":
        return this.#rollback(name);
      default:
        throw new BrokerError("NOT_SUPPORTED", { what: `A transaction's ${kind ?? info.transactionType}` });
    }
  }

  /** All open work is undone, as the client leaves. */
  rollbackAll(): Plan[] {
    return [...this.#open.keys()].map((name) => this.#rollback(name));
  }

  /** A failover client begins anew what it had begun over its former connection; over this one it is a repeat. */
  #begin(name: string): Plan {
    if (this.#open.has(name)) return nothingToDo;
    this.#open.set(name, { name, consumers: new Set(), failure: null });
    return planOf({ kind: "begin", transaction: name });
  }

  #commit(name: string): Plan {
    const { failure } = this.#named(name);
    if (failure !== null)
      return {
        ...this.#rollback(name),
        answer: { type: "ExceptionResponse", exception: rolledBack(failure) },
      };
    this.#finish(name, "commit");
    return planOf({ kind: "commit", transaction: name });
  }

  /** Nothing is left of one that is not known: it was never begun here, or its broker went away. */
  #rollback(name: string): Plan {
    if (!this.#open.has(name) && !name.startsWith(xaPrefix)) return nothingToDo;
    this.#finish(name, "rollback");
    return planOf({ kind: "rollback", transaction: name });
  }

  #finish(name: string, outcome: "commit" | "rollback"): void {
    for (const consumer of this.#named(name).consumers) consumer.finish(name, outcome);
    this.#open.delete(name);
  }

  #named(name: string): Open {
    const open = this.#open.get(name);
    if (open === undefined) throw new BrokerError("TRANSACTION_UNKNOWN", { transaction: name });
    return open;
  }
}
