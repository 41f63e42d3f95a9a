import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Destination } from "../../core/message.ts";
import { create } from "../../wire/openwire/frames.ts";
import type * as wire from "../../wire/openwire/frames.ts";

/** Names of things as OpenWire has them and as the core does. */

type WireKind = wire.Destination["type"];

const kinds: Readonly<Record<WireKind, Destination["kind"]>> = {
  ActiveMQQueue: "queue",
  ActiveMQTopic: "topic",
  ActiveMQTempQueue: "temp-queue",
  ActiveMQTempTopic: "temp-topic",
};

const wireKinds: Readonly<Record<Destination["kind"], WireKind>> = {
  queue: "ActiveMQQueue",
  topic: "ActiveMQTopic",
  "temp-queue": "ActiveMQTempQueue",
  "temp-topic": "ActiveMQTempTopic",
};

/** Names are kept for as long as what they name, so each is short. */
export function checkedName(name: string, what: string): string {
  return checkedLength(name, limits.nameCharactersMax, what);
}

function checkedLength(name: string, limit: number, what: string): string {
  if (name.length <= limit) return name;
  throw new BrokerError("LIMIT_REACHED", { limit, what: `characters in ${what}` });
}

export const readDestination = remembered(({ type, physicalName }: wire.Destination): Destination => {
  const options = physicalName.indexOf("?");
  // A client takes the options off that say something to it; ActiveMQ drops those that come along.
  const name = options === -1 ? physicalName : physicalName.slice(0, options);
  const lengthMax = name.includes(",") ? limits.compositeNameCharactersMax : limits.nameCharactersMax;
  checkedLength(name, lengthMax, "the name of a destination");
  return { kind: kinds[type], name };
});

export const writeDestination = remembered(({ kind, name }: Destination): wire.Destination =>
  create(wireKinds[kind], { physicalName: name }),
);

/** Of a consumer or a producer: the connection, the session and the number in it. */
export const nameOf = remembered(({ connectionId, sessionId, value }: wire.ConsumerId | wire.ProducerId) =>
  checkedName(`${connectionId}:${sessionId}:${value}`, "the id of a consumer or a producer"),
);

/** Clients send most ids and destinations once and then refer to them: what each comes to is found once, too. */
function remembered<Key extends object, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = find(key)));
    return value;
  };
}

export const xaPrefix = "xa:";

/** What a transaction is called in the core. */
export function transactionName(id: wire.TransactionId): string {
  const name =
    id.type === "LocalTransactionId"
      ? `${id.connectionId.value}:${id.value}`
      : `${xaPrefix}${id.formatId}:${hex(id.globalTransactionId)}:${hex(id.branchQualifier)}`;
  return checkedName(name, "the id of a transaction");
}

/** The XA transaction of {@link transactionName}. */
export function xaTransactionId(name: string): wire.TransactionId {
  const [formatId, global = "", branch = ""] = name.slice(xaPrefix.length).split(":");
  return create("XATransactionId", {
    formatId: Number(formatId),
    globalTransactionId: Buffer.from(global, "hex"),
    branchQualifier: Buffer.from(branch, "hex"),
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

const producerIdsMax = 1_000;
const producerIds = new Map<string, wire.ProducerId>();

/** The producer of {@link nameOf}. */
export function producerIdOf(name: string): wire.ProducerId {
  let id = producerIds.get(name);
  if (id === undefined) {
    if (producerIds.size === producerIdsMax) producerIds.clear();
    id = parseProducerId(name);
    producerIds.set(name, id);
  }
  return id;
}

function parseProducerId(name: string): wire.ProducerId {
  const parts = partsOf(name);
  return create("ProducerId", parts ?? { connectionId: name });
}

/** The consumer of {@link nameOf}; one of another protocol has a name within its connection only. */
export function consumerIdOf(name: string, connection: string): wire.ConsumerId {
  return create(
    "ConsumerId",
    partsOf(name) ?? { connectionId: connection, sessionId: -1, value: numberOf(name) },
  );
}

function partsOf(name: string): { connectionId: string; sessionId: wire.Long; value: wire.Long } | null {
  const match = /^(.*):(-?\d+):(-?\d+)$/s.exec(name);
  if (match === null) return null;
  return { connectionId: match[1]!, sessionId: numberOf(match[2]!), value: numberOf(match[3]!) };
}

/** A number of OpenWire's where the core needs it exact. */
export function exactNumber(value: wire.Long, what: string): number {
  if (typeof value === "number") return value;
  throw new BrokerError("LIMIT_REACHED", { limit: Number.MAX_SAFE_INTEGER, what });
}

function numberOf(digits: string): wire.Long {
  const number = Number(digits);
  if (Number.isNaN(number)) return 0;
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}
