import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { durableKey, isTemporary, type Broker, type Owner } from "./broker.ts";
import type { Command } from "./command.ts";
import { destinationKey, type Destination } from "./message.ts";

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
      return admitBegin(command.transaction, broker.owners.get(command.owner));
    case "finish":
      return broker.owners.get(command.owner)?.transactions.has(command.transaction)
        ? null
        : new BrokerError("TRANSACTION_UNKNOWN", { transaction: command.transaction });
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

function admitBegin(transaction: string, owner: Owner | undefined): BrokerError | null {
  if (owner?.transactions.has(transaction)) return new BrokerError("TRANSACTION_EXISTS", { transaction });
  const limit = limits.transactionsPerConnectionMax;
  if ((owner?.transactions.size ?? 0) < limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "open transactions on a connection" });
}

/** `null` for work outside a transaction, or in an open one with room for another operation. */
function noRoomIn(transaction: string | null, owner: Owner | undefined): BrokerError | null {
  if (transaction === null) return null;
  const open = owner?.transactions.get(transaction);
  if (open === undefined) return new BrokerError("TRANSACTION_UNKNOWN", { transaction });
  const limit = limits.operationsPerTransactionMax;
  if (open.sends.length + open.settlements.length < limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "operations in a transaction" });
}
