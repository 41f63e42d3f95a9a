import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asWallTime, type WallTime } from "../base/units.ts";
import {
  bodyKinds,
  destinationKey,
  parseDestinationKey,
  withoutBody,
  type Destination,
  type Message,
  type MessageHead,
  type Nested,
  type PropertyValue,
  type TypedNumber,
} from "./message.ts";

const persistentFlag = 1;
const compressedFlag = 2;

/** A message without its body, for a checkpoint. */
export function writeHead(head: MessageHead): string {
  const writer = new ByteWriter(256);
  writeMessage(writer, { ...head, body: new Uint8Array(0) });
  return Buffer.from(writer.take()).toString("base64");
}

export function readHead(text: string): MessageHead {
  return withoutBody(readMessage(new ByteReader(Buffer.from(text, "base64"), "checkpoint")));
}

export function writeMessage(writer: ByteWriter, message: Message): void {
  writer.text(destinationKey(message.destination));
  writer.u8((message.persistent ? persistentFlag : 0) | (message.isCompressed ? compressedFlag : 0));
  writer.u8(bodyKinds.indexOf(message.bodyKind));
  writer.u8(message.priority);
  writer.f64(message.expiresAt ?? 0);
  writer.f64(message.sentAt);
  writer.optionalText(message.correlationId);
  writer.optionalText(message.replyTo === null ? null : destinationKey(message.replyTo));
  writer.optionalText(message.type);
  writer.optionalText(message.origin?.producer ?? null);
  if (message.origin !== null) writer.whole(message.origin.sequence);
  writer.optionalText(message.group?.id ?? null);
  if (message.group !== null) writer.f64(message.group.sequence);
  writer.optionalText(message.userId);
  writeProperties(writer, message.properties);
  writer.bytes(message.body);
}

function writeProperties(writer: ByteWriter, properties: ReadonlyMap<string, PropertyValue>): void {
  writer.whole(properties.size);
  for (const [name, value] of properties) {
    writer.text(name);
    writeProperty(writer, value);
  }
}

function readProperties(reader: ByteReader, depth: number): Map<string, PropertyValue> {
  const properties = new Map<string, PropertyValue>();
  for (let count = reader.whole(); count > 0; count -= 1)
    properties.set(reader.text(), readProperty(reader, depth));
  return properties;
}

export function readMessage(reader: ByteReader): Message {
  const destination = readDestination(reader.text());
  const flags = reader.u8();
  const bodyKind = bodyKinds[reader.u8()];
  if (bodyKind === undefined) throw malformed("an unknown kind of body");
  const priority = reader.u8();
  if (priority > 9) throw malformed("a priority above 9");
  const expiresAt = readTime(reader);
  const sentAt = readTime(reader);
  const correlationId = reader.optionalText();
  const replyTo = reader.optionalText();
  const type = reader.optionalText();
  const producer = reader.optionalText();
  const origin = producer === null ? null : { producer, sequence: reader.whole() };
  const groupId = reader.optionalText();
  const group = groupId === null ? null : { id: groupId, sequence: reader.f64() };
  const userId = reader.optionalText();
  const properties = readProperties(reader, 0);
  return {
    destination,
    body: reader.bytes(),
    bodyKind,
    isCompressed: (flags & compressedFlag) !== 0,
    properties,
    persistent: (flags & persistentFlag) !== 0,
    priority,
    expiresAt: expiresAt === 0 ? null : expiresAt,
    sentAt,
    correlationId,
    replyTo: replyTo === null ? null : readDestination(replyTo),
    type,
    origin,
    group,
    userId,
  };
}

const propertyTypes = ["string", "number", "bigint", "boolean"] as const;
const numberTypes = [
  "byte",
  "short",
  "int",
  "float",
  "char",
] as const satisfies readonly TypedNumber["type"][];

const nestedTypes = ["bytes", "list", "map"] as const satisfies readonly Nested["type"][];
const nullNumber = propertyTypes.length + numberTypes.length;

function writeProperty(writer: ByteWriter, value: PropertyValue): void {
  if (value === null) return writer.u8(nullNumber);
  if (typeof value === "object") return writeTyped(writer, value);
  writer.u8(propertyTypes.indexOf(typeof value as (typeof propertyTypes)[number]));
  if (typeof value === "number") writer.f64(value);
  else if (typeof value === "boolean") writer.u8(value ? 1 : 0);
  else writer.text(String(value));
}

function writeTyped(writer: ByteWriter, value: TypedNumber | Nested): void {
  if (value.type !== "bytes" && value.type !== "list" && value.type !== "map") {
    writer.u8(propertyTypes.length + numberTypes.indexOf(value.type));
    return writer.f64(value.value);
  }
  writer.u8(nullNumber + 1 + nestedTypes.indexOf(value.type));
  if (value.type === "bytes") return writer.bytes(value.value);
  if (value.type === "map") return writeProperties(writer, value.value);
  writer.whole(value.value.length);
  for (const inner of value.value) writeProperty(writer, inner);
}

function readNested(reader: ByteReader, type: Nested["type"] | undefined, depth: number): PropertyValue {
  if (depth >= limits.openwireNestingMax) throw malformed("values too deep in one another");
  switch (type) {
    case "bytes":
      return { type, value: reader.bytes() };
    case "map":
      return { type, value: readProperties(reader, depth + 1) };
    case "list": {
      const value: PropertyValue[] = [];
      for (let count = reader.whole(); count > 0; count -= 1) value.push(readProperty(reader, depth + 1));
      return { type, value };
    }
    default:
      throw malformed("an unknown type of property");
  }
}

function readProperty(reader: ByteReader, depth: number): PropertyValue {
  const number = reader.u8();
  if (number === nullNumber) return null;
  if (number > nullNumber) return readNested(reader, nestedTypes[number - nullNumber - 1], depth);
  switch (propertyTypes[number]) {
    case "string":
      return reader.text();
    case "number":
      return reader.f64();
    case "bigint":
      return readWholeNumber(reader.text());
    case "boolean":
      return reader.u8() === 1;
    default:
      return readTypedNumber(reader, numberTypes[number - propertyTypes.length]);
  }
}

function readTypedNumber(reader: ByteReader, type: TypedNumber["type"] | undefined): TypedNumber {
  if (type === undefined) throw malformed("an unknown type of property");
  return { type, value: reader.f64() };
}

/** Times are compared and sorted, which a value that is no number would upset without a word. */
export function readTime(reader: ByteReader): WallTime {
  const time = reader.f64();
  if (!Number.isFinite(time)) throw malformed("a time that is no number");
  return asWallTime(time);
}

/** `BigInt` takes time with the square of the length, and more texts than are written. */
function readWholeNumber(text: string): bigint {
  if (!/^-?\d{1,400}$/.test(text)) throw malformed("a whole number that is none");
  return BigInt(text);
}

export function readDestination(key: string): Destination {
  const destination = parseDestinationKey(key);
  if (destination === null) throw malformed("a destination that cannot be read");
  return destination;
}

export function malformed(detail: string): BrokerError {
  return new BrokerError("FRAME_MALFORMED", { protocol: "journal", detail: `it names ${detail}` });
}
