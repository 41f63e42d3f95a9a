import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asWallTime } from "../base/units.ts";
import type { Moment, Op } from "../base/units.ts";
import {
  messageIdOf,
  messageIdPrefix,
  originalOf,
  propertyText,
  type Destination,
  type Message,
  type PropertyValue,
} from "../core/message.ts";
import type { SessionAnswer } from "../core/dialogue.ts";
import { mapAsJson, stompBody } from "./stomp-body.ts";
import { readMapJson } from "./stomp-map.ts";
import { encodePrimitiveMap } from "../wire/openwire/primitives.ts";
import { headerOf } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader } from "../wire/stomp/frames.ts";
import { writeDestination } from "./stomp-destination.ts";

export type Delivery = Extract<SessionAnswer, { kind: "deliver" }>;

export function requiredHeader(frame: StompFrame, header: string): string {
  const value = headerOf(frame, header);
  if (value === null) throw new BrokerError("HEADER_MISSING", { command: frame.command, header });
  return value;
}

export function invalidHeader(header: string, value: string, expected: string): BrokerError {
  return new BrokerError("HEADER_INVALID", { header, value: JSON.stringify(value.slice(0, 128)), expected });
}

export function booleanHeader(frame: StompFrame, header: string): boolean {
  const value = headerOf(frame, header) ?? "false";
  if (value !== "true" && value !== "false") throw invalidHeader(header, value, "true or false");
  return value === "true";
}

/** Headers whose values are kept for as long as what they name, and of which a client may make many. */
const nameHeaders: ReadonlySet<string> = new Set([
  "id",
  "receipt",
  "transaction",
  "client-id",
  "login",
  "activemq.subscriptionName",
  "durable-subscription-name",
]);

export function refuseLongNames(frame: StompFrame): void {
  for (const [header, value] of frame.headers)
    if (value.length > limits.nameCharactersMax && nameHeaders.has(header))
      throw invalidHeader(header, value, `a name of at most ${limits.nameCharactersMax} characters`);
}

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly otherwise: number;
}

export function numberHeader(frame: StompFrame, header: string, rule: NumberRule): number {
  const value = headerOf(frame, header);
  if (value === null) return rule.otherwise;
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (!(number >= rule.min && number <= rule.max))
    throw invalidHeader(header, value, `a whole number from ${rule.min} to ${rule.max}`);
  return number;
}

/** Headers that ask for what this broker does not do, by name, and the values of each that it can do. */
export type RefusedHeaders = Readonly<
  Record<string, { readonly what: string; readonly but: readonly string[] }>
>;

/** Refuses a frame with such a header, rather than to do something else without a word. */
export function refuseHeaders(frame: StompFrame, refused: RefusedHeaders): void {
  for (const [name, value] of frame.headers) {
    const rule = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (rule !== undefined && !rule.but.includes(value))
      throw new BrokerError("NOT_SUPPORTED", { what: `${rule.what} (header ${name})` });
  }
}

/** SEND headers that say something to the broker, or that only the broker may say; all others belong to the message. */
const notProperties: ReadonlySet<string> = new Set([
  "destination",
  "transaction",
  "receipt",
  "content-length",
  "persistent",
  "priority",
  "expires",
  "timestamp",
  "correlation-id",
  "reply-to",
  "type",
  "message-id",
  "subscription",
  "ack",
  "redelivered",
  "JMSXUserID",
  "JMSXGroupID",
  "JMSXGroupSeq",
]);

export interface Addresses {
  readonly destination: Destination;
  /** `null` also when the header names no destination: it is an ordinary header then. */
  readonly replyTo: Destination | null;
}

/** The message of a SEND frame. */
export function readMessage(frame: StompFrame, addresses: Addresses, now: Moment): Message {
  const properties = new Map<string, PropertyValue>();
  for (const [name, value] of frame.headers)
    if (!notProperties.has(name) && !properties.has(name)) properties.set(name, value);
  const replyTo = headerOf(frame, "reply-to");
  if (replyTo !== null && addresses.replyTo === null) properties.set("reply-to", replyTo);
  const expires = numberHeader(frame, "expires", { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 });
  return {
    destination: addresses.destination,
    ...bodyOf(frame),
    properties,
    // As in ActiveMQ, a message that does not say so is not persistent.
    persistent: booleanHeader(frame, "persistent"),
    priority: numberHeader(frame, "priority", { min: 0, max: 9, otherwise: 4 }),
    expiresAt: expires === 0 ? null : asWallTime(expires),
    sentAt: asWallTime(
      numberHeader(frame, "timestamp", { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: now.wall }),
    ),
    correlationId: headerOf(frame, "correlation-id"),
    replyTo: addresses.replyTo,
    type: headerOf(frame, "type"),
    isCompressed: false,
    origin: null,
    group: groupOf(frame),
    userId: null,
  };
}

function groupOf(frame: StompFrame): Message["group"] {
  const id = headerOf(frame, "JMSXGroupID");
  const range = { min: -0x8000_0000, max: 0x7fff_ffff, otherwise: 0 };
  return id === null ? null : { id, sequence: numberHeader(frame, "JMSXGroupSeq", range) };
}

/** The `transformation` that is done in both directions. */
export const mapJson = "jms-map-json";

/** As in ActiveMQ, a body with a length is bytes whatever it is to become. */
function bodyOf(frame: StompFrame): Pick<Message, "body" | "bodyKind"> {
  const isMap = headerOf(frame, "transformation") === mapJson && headerOf(frame, "content-length") === null;
  if (!isMap) return { body: frame.body, bodyKind: bodyKindOf(frame) };
  return { body: encodePrimitiveMap(readMapJson(frame.body)), bodyKind: "map" };
}

/** A body with a length is bytes, one without is text; ActiveMQ's `amq-msg-type` overrules that. */
function bodyKindOf(frame: StompFrame): Message["bodyKind"] {
  const told = headerOf(frame, "amq-msg-type");
  if (told === null) return headerOf(frame, "content-length") === null ? "text" : "bytes";
  const kind = told.toLowerCase();
  if (kind !== "text" && kind !== "bytes") throw invalidHeader("amq-msg-type", told, "text or bytes");
  return kind;
}

/** Reads {@link messageIdOf} back; `null` when it is none of ours. */
export function parseMessageId(text: string): Op | null {
  return text.startsWith(messageIdPrefix) ? parseOp(text.slice(messageIdPrefix.length)) : null;
}

export function parseOp(text: string): Op | null {
  return /^[1-9]\d{0,15}$/.test(text) ? (Number(text) as Op) : null;
}

/** Headers of a MESSAGE that the broker writes itself; a message's own header of that name would contradict it. */
const brokersOwn: ReadonlySet<string> = new Set([
  "destination",
  "message-id",
  "subscription",
  "ack",
  "content-length",
  "timestamp",
  "expires",
  "priority",
  "persistent",
  "correlation-id",
  "type",
  "redelivered",
  "original-destination",
  "dlqDeliveryFailureCause",
  "JMSXGroupID",
  "JMSXGroupSeq",
  "JMSXGroupFirstForConsumer",
  "JMSXUserID",
  "receipt-id",
]);

export interface DeliveryLabels {
  /** As the client named the subscription; `null` when it did not. */
  readonly subscription: string | null;
  /** What the client is to say in ACK and NACK, where that is not the message's id. */
  readonly ack: string | null;
  readonly connectionName: string;
  /** The client wants map messages so. */
  readonly mapsAsJson: boolean;
}

/** The MESSAGE frame of a delivery. */
export function writeMessage(delivery: Delivery, labels: DeliveryLabels): StompFrame {
  const { message, deadLetter } = delivery;
  const map = labels.mapsAsJson ? mapAsJson(message) : null;
  const json = map?.json ?? null;
  const body = json ?? stompBody(message);
  const headers: StompHeader[] = [];
  const add = (name: string, value: string | number | null) => {
    if (value !== null) headers.push([name, String(value)]);
  };
  add("destination", writeDestination(delivery.source, labels.connectionName));
  add("message-id", messageIdOf(delivery.id));
  add("subscription", labels.subscription);
  add("ack", labels.ack);
  add("content-length", message.bodyKind === "bytes" ? body.length : null);
  add("transformation", json === null ? null : mapJson);
  add("transformation-error", map?.error ?? null);
  add("timestamp", message.sentAt);
  add("expires", message.expiresAt ?? 0);
  add("priority", message.priority);
  add("persistent", message.persistent ? "true" : null);
  add("redelivered", delivery.deliveryCount > 1 ? "true" : null);
  add("correlation-id", message.correlationId);
  add("reply-to", message.replyTo === null ? null : writeDestination(message.replyTo, labels.connectionName));
  add("type", message.type);
  add("JMSXGroupID", message.group?.id ?? null);
  add("JMSXGroupSeq", message.group?.sequence ?? null);
  add("JMSXGroupFirstForConsumer", delivery.isFirstOfGroup ? "true" : null);
  add("JMSXUserID", message.userId);
  const original = originalOf(message.destination, delivery.source, deadLetter);
  if (original !== null) add("original-destination", writeDestination(original, labels.connectionName));
  if (deadLetter !== null) add("dlqDeliveryFailureCause", deadLetter.cause);
  for (const [name, value] of message.properties) {
    if (brokersOwn.has(name) || name === "" || (name === "reply-to" && message.replyTo !== null)) continue;
    if (name === "transformation" && json !== null) continue;
    headers.push([name, propertyText(value)]);
  }
  return { command: "MESSAGE", headers, body };
}
