import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Broker } from "./broker.ts";
import type { Command } from "./command.ts";
import { durableKey } from "./durable.ts";
import { destinationKey, isTemporary, type Destination } from "./message.ts";
import type { Owner } from "./owner.ts";
import { isGlobal } from "./transaction.ts";

/**
 * Why `command` cannot be done in the broker's present state, or `null`. Asked by the active node before it makes the
 * command an entry; what is in the journal was admitted, and is applied without asking again.
 */
export function admit(broker: Broker, command: Command): BrokerError | null {
  switch (command.kind) {
    case "send":
      return (
        unknownTemporary(broker, command.message.destination) ??
        noRoomIn(command.transaction, broker.owners.get(command.owner))
      );
    case "settle":
      return admitSettle(command, broker.owners.get(command.owner));
    case "begin":
      return admitBegin(broker, command.transaction, broker.owners.get(command.owner));
    case "finish":
      return broker.owners.get(command.owner)?.transactions.has(command.transaction)
        ? null
        : unknownTransaction(command.transaction);
    case "prepare":
      return admitPrepare(broker, command);
    case "finish-prepared":
      return broker.prepared.has(command.transaction) ? null : unknownTransaction(command.transaction);
    case "delete-durable":
      return broker.durables.has(durableKey(command.clientId, command.name))
        ? null
        : new BrokerError("SUBSCRIPTION_UNKNOWN", { subscription: command.name });
    case "purge":
      return broker.queues.has(command.queue)
        ? null
        : new BrokerError("DESTINATION_UNKNOWN", { destination: command.queue });
    case "delete-temporary":
      return unknownTemporary(broker, command.destination);
    case "deliver":
    case "redeliver":
    case "release":
    case "leave":
    case "create-durable":
    case "create-temporary":
    case "create-queue":
    case "expire":
      return null;
    default:
      return assertNever(command);
  }
}

/** A temporary destination is made by its connection, and gone with it; sending does not make one. */
function unknownTemporary(broker: Broker, destination: Destination): BrokerError | null {
  const key = destinationKey(destination);
  return isTemporary(destination) && !broker.queues.has(key)
    ? new BrokerError("DESTINATION_UNKNOWN", { destination: key })
    : null;
}

function admitSettle(
  { subscription, messages, transaction }: Extract<Command, { kind: "settle" }>,
  owner: Owner | undefined,
): BrokerError | null {
  const held = owner?.held.get(subscription);
  const unknown = messages.find((op) => held?.has(op) !== true);
  if (unknown !== undefined) return new BrokerError("MESSAGE_UNKNOWN", { message: unknown });
  return noRoomIn(transaction, owner);
}

function admitBegin(broker: Broker, transaction: string, owner: Owner | undefined): BrokerError | null {
  if (owner?.transactions.has(transaction) || isOpenAnywhere(broker, transaction))
    return new BrokerError("TRANSACTION_EXISTS", { transaction });
  const limit = limits.transactionsPerConnectionMax;
  if ((owner?.transactions.size ?? 0) < limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "open transactions on a connection" });
}

/** A global name is one transaction's, whichever connection works on it. */
function isOpenAnywhere(broker: Broker, transaction: string): boolean {
  return (
    isGlobal(transaction) && broker.owners.values().some(({ transactions }) => transactions.has(transaction))
  );
}

function admitPrepare(
  broker: Broker,
  { owner, transaction }: Extract<Command, { kind: "prepare" }>,
): BrokerError | null {
  if (broker.owners.get(owner)?.transactions.has(transaction) !== true)
    return unknownTransaction(transaction);
  if (!isGlobal(transaction))
    return new BrokerError("PROTOCOL_VIOLATION", {
      detail: `The transaction ${transaction} is its connection's own: only an XA transaction can be prepared.`,
    });
  const limit = limits.preparedTransactionsMax;
  if (broker.prepared.size < limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "prepared transactions" });
}

function unknownTransaction(transaction: string): BrokerError {
  return new BrokerError("TRANSACTION_UNKNOWN", { transaction });
}

/** `null` for work outside a transaction, or in an open one with room for another operation. */
function noRoomIn(transaction: string | null, owner: Owner | undefined): BrokerError | null {
  if (transaction === null) return null;
  const open = owner?.transactions.get(transaction);
  if (open === undefined) return unknownTransaction(transaction);
  const limit = limits.operationsPerTransactionMax;
  if (open.sends.length + open.settlements.length < limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "operations in a transaction" });
}
