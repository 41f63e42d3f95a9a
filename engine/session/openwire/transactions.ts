import { BrokerError } from "../../base/errors.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import type { Consumer } from "./consumer.ts";
import { rolledBack, xaException } from "./exceptions.ts";
import { transactionName, xaPrefix, xaTransactionId } from "./names.ts";
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

/** What a prepare comes to: the branch waits for its end, or had no work in it and is over. */
const votes = { ok: 0, readOnly: 3 } as const;
const readOnlyMax = 100;

/** Work that is not visible to others yet. */
interface Open {
  readonly name: string;
  /** Consumers whose deliveries it will settle. */
  readonly consumers: Set<Consumer>;
  /** Consumers whose acknowledgements in it may have been sent over the former connection, and lost there. */
  readonly exposed: readonly Consumer[];
  /** The session that works in it, once something was done. */
  session: wire.Long | null;
  /** A part of it was refused while nobody waited for an answer: it cannot be committed any more. */
  failure: BrokerError | null;
  /** It outlives the connection. */
  isPrepared: boolean;
  /** An acknowledgement in it was about deliveries of a former connection, and did nothing. */
  isIncomplete: boolean;
}

const recovery: Plan = {
  ...planOf({ kind: "recover" }),
  answer: (prepared) => ({ type: "DataArrayResponse", data: prepared.map(xaTransactionId) }),
};

/** The transactions of one connection, and the branches it works on. */
export class Transactions {
  /** Consumers that were taken up from a former connection, while what the client begins may be a repetition. */
  readonly #resumed: Set<Consumer>;
  readonly #open = new Map<string, Open>();
  /** Branches prepared here that had no work in them, the latest of many. */
  readonly #readOnly = new Set<string>();

  constructor(resumed: Set<Consumer>) {
    this.#resumed = resumed;
  }

  /** The name of an open transaction in which this session works, or `null` outside of any. */
  nameOf(id: wire.TransactionId | null, session: wire.Long): string | null {
    if (id === null) return null;
    const name = transactionName(id);
    this.#named(name).session = session;
    return name;
  }

  settles(name: string, consumer: Consumer): void {
    this.#open.get(name)?.consumers.add(consumer);
  }

  failed(name: string, error: BrokerError): void {
    const open = this.#open.get(name);
    if (open !== undefined) open.failure ??= error;
  }

  lacks(name: string): void {
    const open = this.#open.get(name);
    if (open !== undefined) open.isIncomplete = true;
  }

  plan(info: wire.TransactionInfo): Plan {
    const kind = kinds[info.transactionType];
    if (kind === "end") return nothingToDo;
    if (kind === "recover") return recovery;
    if (info.transactionId === null)
      throw new BrokerError("PROTOCOL_VIOLATION", { detail: "A transaction needs an id." });
    const name = transactionName(info.transactionId);
    switch (kind) {
      case "begin":
        return this.#begin(name);
      case "prepare":
        return this.#prepare(name);
      case "commit-one-phase":
        return this.#commit(name);
      case "commit-two-phase":
        return this.#commitPrepared(name);
      case "rollback":
        return this.#rollback(name);
      case "forget":
        return this.#rollback(name, "forget");
      default:
        throw new BrokerError("NOT_SUPPORTED", { what: `A transaction's step ${info.transactionType}` });
    }
  }

  /** All open work is undone, as the client leaves; what is prepared waits for whoever ends it. */
  rollbackAll(): Plan[] {
    const open = [...this.#open.values()].filter(({ isPrepared }) => !isPrepared);
    return open.map(({ name }) => this.#rollback(name));
  }

  /** A failover client begins anew what it had begun over its former connection; over this one it is a repeat. */
  #begin(name: string): Plan {
    if (this.#open.has(name)) return nothingToDo;
    const open: Open = {
      name,
      consumers: new Set(),
      exposed: this.#resumed.size === 0 ? [] : [...this.#resumed],
      session: null,
      failure: null,
      isPrepared: false,
      isIncomplete: false,
    };
    this.#open.set(name, open);
    this.#readOnly.delete(name);
    return {
      ...planOf({ kind: "begin", transaction: name }),
      confirmed: (prepared) => (open.isPrepared ||= prepared.includes(name)),
    };
  }

  #prepare(name: string): Plan {
    const open = this.#open.get(name);
    if (open !== undefined && !open.isPrepared) {
      if (open.failure !== null) return this.#giveUp(name, open.failure);
      open.isPrepared = true;
      if (open.isIncomplete) return this.#prepareAgain(name);
    }
    return {
      ...planOf({ kind: "prepare", transaction: name, exposed: this.#exposed(open) }),
      answer: (prepared) => ({
        type: "IntegerResponse",
        result: prepared.includes(name) ? votes.ok : votes.readOnly,
      }),
      confirmed: (prepared) => {
        if (!prepared.includes(name)) this.#noteReadOnly(name);
      },
      refused: ({ code }) => {
        if (open !== undefined) open.isPrepared = false;
        if (code === "TRANSACTION_INCOMPLETE") settleUp(this.#end(name), "rollback");
      },
    };
  }

  /** It was prepared over the former connection, or cannot be any more. */
  #prepareAgain(name: string): Plan {
    const exception = xaException("rolled-back", `Messages of the transaction ${name} were given back.`);
    return {
      ...planOf({ kind: "recover" }),
      answer: (prepared) =>
        prepared.includes(name)
          ? { type: "IntegerResponse", result: votes.ok }
          : { type: "ExceptionResponse", exception },
    };
  }

  /** A failover client repeats a branch that was committed as its broker went away: nothing is left to prepare. */
  #noteReadOnly(name: string): void {
    this.#open.delete(name);
    this.#readOnly.add(name);
    if (this.#readOnly.size <= readOnlyMax) return;
    for (const oldest of this.#readOnly.values().take(1)) this.#readOnly.delete(oldest);
  }

  #commit(name: string): Plan {
    const open = name.startsWith(xaPrefix) ? this.#open.get(name) : this.#named(name);
    if (open !== undefined && !open.isPrepared) {
      if (open.failure !== null) return this.#giveUp(name, open.failure);
      if (open.isIncomplete)
        return this.#giveUp(name, new BrokerError("TRANSACTION_INCOMPLETE", { transaction: name }));
    }
    const exposed = this.#exposed(open);
    this.#end(name);
    return {
      ...planOf({ kind: "commit", transaction: name, exposed }),
      confirmed: () => settleUp(open, "commit"),
      refused: () => settleUp(open, "rollback"),
    };
  }

  #commitPrepared(name: string): Plan {
    const open = this.#open.get(name);
    if (open !== undefined && !open.isPrepared) {
      const exception = xaException("wrong-order", `The transaction ${name} is not prepared.`);
      return { requests: [], answer: { type: "ExceptionResponse", exception } };
    }
    settleUp(this.#end(name), "commit");
    return {
      ...planOf({ kind: "commit", transaction: name }),
      isRepeat: ({ code }) => code === "TRANSACTION_UNKNOWN" && this.#readOnly.has(name),
    };
  }

  #giveUp(name: string, failure: BrokerError): Plan {
    const exception = rolledBack(name, failure);
    return { ...this.#rollback(name), answer: { type: "ExceptionResponse", exception } };
  }

  /**
   * Nothing is left of a connection's own one that is not known: it was never begun here, or its broker went away. A
   * branch that is not may be another connection's, or wait for its end.
   */
  #rollback(name: string, how: "rollback" | "forget" = "rollback"): Plan {
    const open = this.#open.get(name);
    if (open === undefined && !name.startsWith(xaPrefix)) return nothingToDo;
    settleUp(this.#end(name), "rollback");
    return planOf({ kind: open?.isPrepared === false ? "rollback" : how, transaction: name });
  }

  /** Whose acknowledgements may be missing: of its session's consumers, or any while nothing shows which one that is. */
  #exposed(open: Open | undefined): string[] {
    return exposedBy(open)
      .filter((consumer) => open?.consumers.has(consumer) === false)
      .map(({ name }) => name);
  }

  /** Whatever its session begins next has nothing to do with the former connection. */
  #end(name: string): Open | undefined {
    const open = this.#open.get(name);
    for (const consumer of exposedBy(open)) this.#resumed.delete(consumer);
    this.#open.delete(name);
    return open;
  }

  #named(name: string): Open {
    const open = this.#open.get(name);
    if (open === undefined) throw new BrokerError("TRANSACTION_UNKNOWN", { transaction: name });
    return open;
  }
}

function exposedBy(open: Open | undefined): readonly Consumer[] {
  if (open === undefined || open.session === null) return open?.exposed ?? [];
  return open.exposed.filter(({ sessionValue }) => sessionValue === open.session);
}

/** What it was to settle is settled, or in the client's hands again. */
function settleUp(open: Open | undefined, outcome: "commit" | "rollback"): void {
  if (open !== undefined) for (const consumer of open.consumers) consumer.finish(open.name, outcome);
}
