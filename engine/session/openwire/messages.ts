import { asWallTime } from "../../base/units.ts";
import type { SessionAnswer } from "../../core/dialogue.ts";
import {
  messageIdOf,
  originalOf,
  type BodyKind,
  type Message,
  type Nested,
  type PropertyValue,
  type TypedNumber,
} from "../../core/message.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import { decodeProperties } from "../../wire/openwire/bodies.ts";
import { encodePrimitiveMap } from "../../wire/openwire/primitives.ts";
import type { Primitive } from "../../wire/openwire/primitives.ts";
import { exactNumber, nameOf, producerIdOf, readDestination, writeDestination } from "./names.ts";
import { textToCore, textToWire } from "./text.ts";

export type Delivery = Extract<SessionAnswer, { kind: "deliver" }>;

const nothing = new Uint8Array(0);
const noProperties: ReadonlyMap<string, PropertyValue> = new Map();

/** A message that a client sends, as the core keeps it. */
export function readMessage(sent: wire.Message): Message {
  const { messageId, groupID, replyTo } = sent;
  const expiration = exactNumber(sent.expiration, "for an expiry");
  const { body, bodyKind } = readBody(sent);
  return {
    destination: readDestination(sent.destination),
    body,
    bodyKind,
    isCompressed: sent.compressed && sent.content !== null,
    properties: readProperties(sent),
    persistent: sent.persistent,
    priority: Math.max(0, Math.min(9, sent.priority)),
    expiresAt: expiration <= 0 ? null : asWallTime(expiration),
    sentAt: asWallTime(Math.max(0, exactNumber(sent.timestamp, "for a time"))),
    correlationId: sent.correlationId,
    replyTo: replyTo === null ? null : readDestination(replyTo),
    type: sent.jmsType,
    origin: {
      producer: nameOf(messageId.producerId),
      sequence: exactNumber(messageId.producerSequenceId, "for a message's number"),
    },
    group: groupID === null ? null : { id: groupID, sequence: sent.groupSequence },
    userId: sent.userID,
  };
}

const bodyKinds: Readonly<Record<wire.Message["type"], BodyKind>> = {
  ActiveMQMessage: "none",
  ActiveMQBytesMessage: "bytes",
  ActiveMQMapMessage: "map",
  ActiveMQObjectMessage: "object",
  ActiveMQStreamMessage: "stream",
  ActiveMQTextMessage: "text",
  ActiveMQBlobMessage: "blob",
};

const wireTypes: Readonly<Record<BodyKind, wire.Message["type"]>> = {
  none: "ActiveMQMessage",
  bytes: "ActiveMQBytesMessage",
  map: "ActiveMQMapMessage",
  object: "ActiveMQObjectMessage",
  stream: "ActiveMQStreamMessage",
  text: "ActiveMQTextMessage",
  "null-text": "ActiveMQTextMessage",
  blob: "ActiveMQBlobMessage",
};

function readBody(sent: wire.Message): Pick<Message, "body" | "bodyKind"> {
  const bodyKind = bodyKinds[sent.type];
  if (sent.type === "ActiveMQBlobMessage") return { body: writeBlob(sent), bodyKind };
  if (sent.type !== "ActiveMQTextMessage" || (sent.compressed && sent.content !== null))
    return { body: sent.content ?? nothing, bodyKind };
  const body = sent.content === null ? null : textToCore(sent.content);
  return body === null ? { body: nothing, bodyKind: "null-text" } : { body, bodyKind };
}

type Blob = Pick<
  Extract<wire.Message, { type: "ActiveMQBlobMessage" }>,
  "remoteBlobUrl" | "mimeType" | "deletedByBroker"
>;

/** A blob message has no body but says where its contents are. */
function writeBlob({ remoteBlobUrl, mimeType, deletedByBroker }: Blob): Uint8Array {
  return Buffer.from(JSON.stringify({ remoteBlobUrl, mimeType, deletedByBroker } satisfies Blob));
}

function readBlob(body: Uint8Array): Blob {
  return JSON.parse(Buffer.from(body).toString()) as Blob;
}

function readProperties(sent: wire.Message): ReadonlyMap<string, PropertyValue> {
  if (sent.marshalledProperties === null) return noProperties;
  const properties = new Map<string, PropertyValue>();
  for (const [name, primitive] of decodeProperties(sent)) {
    properties.set(name, readProperty(primitive));
  }
  return properties;
}

function readProperty(primitive: Primitive): PropertyValue {
  switch (primitive.type) {
    case "string":
    case "boolean":
    case "double":
    case "null":
      return primitive.value;
    case "long":
      return BigInt(primitive.value);
    case "char":
      return { type: "char", value: primitive.value.charCodeAt(0) };
    case "byte":
    case "short":
    case "int":
    case "float":
      return { type: primitive.type, value: primitive.value };
    case "bytes":
      return primitive;
    case "list":
      return { type: "list", value: primitive.value.map(readProperty) };
    case "map":
      return {
        type: "map",
        value: new Map(Array.from(primitive.value, ([name, value]) => [name, readProperty(value)])),
      };
  }
}

function writeProperty(value: PropertyValue): Primitive {
  if (value === null) return { type: "null", value };
  switch (typeof value) {
    case "string":
      return { type: "string", value };
    case "boolean":
      return { type: "boolean", value };
    case "number":
      return { type: "double", value };
    case "bigint":
      return { type: "long", value };
    default:
      return writeTyped(value);
  }
}

type MessageOnWire = wire.SparseOf<wire.Message["type"]>;

function writeTyped(value: TypedNumber | Nested): Primitive {
  switch (value.type) {
    case "char":
      return { type: "char", value: String.fromCharCode(value.value) };
    case "list":
      return { type: "list", value: value.value.map(writeProperty) };
    case "map":
      return {
        type: "map",
        value: new Map(Array.from(value.value, ([name, inner]) => [name, writeProperty(inner)])),
      };
    case "bytes":
      return value;
    default:
      return { type: value.type, value: value.value };
  }
}

/** The message of a delivery, as a client of OpenWire gets it. */
export function writeMessage(delivery: Delivery): MessageOnWire {
  const { message, id, source, deliveryCount, deadLetter } = delivery;
  const { destination, group, origin } = message;
  const original = originalOf(destination, source, deadLetter);
  const producerId = producerIdOf(origin?.producer ?? brokersProducer);
  const fields = {
    type: wireTypes[message.bodyKind],
    producerId,
    messageId: {
      type: "MessageId",
      // What another protocol sent is known by the same id everywhere.
      textView: origin === null ? messageIdOf(id) : null,
      producerId,
      producerSequenceId: origin?.sequence ?? id,
      brokerSequenceId: id,
    },
    destination: writeDestination(source),
    originalDestination: original === null ? null : writeDestination(original),
    groupID: group?.id ?? null,
    groupSequence: group?.sequence ?? 0,
    jmsXGroupFirstForConsumer: delivery.isFirstOfGroup,
    correlationId: message.correlationId,
    persistent: message.persistent,
    // What has expired would be thrown away by the client, which is to see it as a dead letter.
    expiration: deadLetter === null ? (message.expiresAt ?? 0) : 0,
    priority: message.priority,
    replyTo: message.replyTo === null ? null : writeDestination(message.replyTo),
    timestamp: message.sentAt,
    jmsType: message.type,
    content: contentOf(message),
    marshalledProperties: propertiesOf(message, deadLetter),
    compressed: message.isCompressed,
    redeliveryCounter: deliveryCount - 1,
    userID: message.userId,
  } as const;
  return message.bodyKind === "blob" ? { ...fields, ...readBlob(message.body) } : fields;
}

const brokersProducer = "understudy:-1:1";

function contentOf({ bodyKind, body, isCompressed }: Message): Uint8Array | null {
  if (bodyKind === "text" && !isCompressed) return textToWire(body);
  return body.length === 0 || bodyKind === "blob" ? null : body;
}

function propertiesOf(
  { properties, expiresAt }: Message,
  deadLetter: Delivery["deadLetter"],
): Uint8Array | null {
  if (properties.size === 0 && deadLetter === null) return null;
  const primitives = new Map<string, Primitive>();
  for (const [name, value] of properties) primitives.set(name, writeProperty(value));
  if (deadLetter !== null) {
    const cause =
      deadLetter.cause === "expired"
        ? `java.lang.Throwable: Message Expired. Expiration:${expiresAt ?? 0}`
        : "java.lang.Throwable: The consumer refused the message";
    primitives.set("dlqDeliveryFailureCause", { type: "string", value: cause });
    if (expiresAt !== null) primitives.set("originalExpiration", { type: "long", value: expiresAt });
  }
  return encodePrimitiveMap(primitives);
}
