import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Broker } from "./broker.ts";
import type { Command, OwnerId } from "./command.ts";
import { partsOf } from "./composite.ts";
import { durableKey } from "./durable.ts";
import { destinationKey, isTemporary, isTopic, type Destination } from "./message.ts";
import type { Owner } from "./owner.ts";
import { retentionOf } from "./retained.ts";
import { scheduleKindOf } from "./timing.ts";
import { isGlobal, type SentMessage } from "./transaction.ts";

/**
 * Why `command` cannot be done in the broker's present state, or `null`. Asked by the active node before it makes the
 * command an entry; what is in the journal was admitted, and is applied without asking again.
 */
export function admit(broker: Broker, command: Command): BrokerError | null {
  switch (command.kind) {
    case "send":
      return (
        admitPlaces(broker, command.message.destination) ??
        noRoomInSchedule(broker, scheduleKindOf(command.message) === null ? 0 : 1) ??
        noRoomToRetain(broker, [{ ...command.message, retention: retentionOf(command.message) }]) ??
        noRoomIn(command.transaction, broker.owners.get(command.owner))
      );
    case "settle":
      return admitSettle(command, broker.owners.get(command.owner));
    case "begin":
      return admitBegin(broker, command.transaction, broker.owners.get(command.owner));
    case "finish":
      return admitEnd(broker, command);
    case "prepare":
      // Whoever prepares is promised that a commit will do.
      return admitPrepare(broker, command) ?? noRoomForSendsOf(broker, command);
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
    case "create-queue":
    case "create-temporary":
      return noRoomFor(broker, [command.destination]);
    case "create-durable":
      return broker.durables.has(durableKey(command.clientId, command.name))
        ? null
        : noRoomForMore(broker, 1);
    case "deliver":
    case "claim-groups":
    case "forget-groups":
    case "redeliver":
    case "release":
    case "leave":
    case "expire":
    case "schedule":
    case "fire":
    case "replay":
    case "unschedule":
    case "delete-queue":
      return null;
    default:
      return assertNever(command);
  }
}

/** All that a message goes to, or none of it. */
function admitPlaces(broker: Broker, destination: Destination): BrokerError | null {
  const parts = partsOf(destination);
  for (const part of parts) {
    const refusal = unknownTemporary(broker, part);
    if (refusal !== null) return refusal;
  }
  return noRoomFor(broker, parts);
}

function admitEnd(broker: Broker, command: Extract<Command, { kind: "finish" }>): BrokerError | null {
  const { owner, transaction, outcome } = command;
  if (broker.owners.get(owner)?.transactions.has(transaction) !== true)
    return unknownTransaction(transaction);
  return outcome === "rollback" ? null : noRoomForSendsOf(broker, command);
}

/** What a transaction sent may need queues that are made only with its commit. */
function noRoomForSendsOf(
  broker: Broker,
  { owner, transaction }: { owner: OwnerId; transaction: string },
): BrokerError | null {
  const sends = broker.owners.get(owner)?.transactions.get(transaction)?.sends ?? [];
  const scheduledCount = sends.filter(({ schedule }) => schedule !== null).length;
  return (
    noRoomFor(
      broker,
      sends.flatMap(({ destination }) => partsOf(destination)),
    ) ??
    noRoomInSchedule(broker, scheduledCount) ??
    noRoomToRetain(broker, sends)
  );
}

function noRoomInSchedule(broker: Broker, count: number): BrokerError | null {
  const limit = limits.scheduledMessagesMax;
  if (count === 0 || broker.schedule.size + count <= limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "scheduled messages" });
}

function noRoomToRetain(
  { retained }: Broker,
  sends: readonly Pick<SentMessage, "destination" | "retention">[],
): BrokerError | null {
  const kept = sends.filter(({ retention }) => retention === "keep");
  if (kept.length === 0) return null;
  const topics = kept.flatMap(({ destination }) => partsOf(destination)).filter(isTopic);
  const added = new Set(topics.map(destinationKey).filter((key) => !retained.has(key)));
  const limit = limits.retainedMessagesMax;
  if (added.size === 0 || retained.size + added.size <= limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "topics that keep a message" });
}

/** Messages to a topic need no room: it exists only in what is sent to it. */
function noRoomFor(broker: Broker, destinations: readonly Destination[]): BrokerError | null {
  // Nearly always there is room for all, and nothing needs to be looked at.
  if (broker.queues.size + destinations.length <= limits.destinationsMax) return null;
  const keys = destinations.filter(({ kind }) => kind !== "topic").map(destinationKey);
  return noRoomForMore(broker, new Set(keys.filter((key) => !broker.queues.has(key))).size);
}

function noRoomForMore(broker: Broker, count: number): BrokerError | null {
  const limit = limits.destinationsMax;
  if (count === 0 || broker.queues.size + count <= limit) return null;
  return new BrokerError("LIMIT_REACHED", { limit, what: "queues and durable subscriptions" });
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
