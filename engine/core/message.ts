import type { Op, WallTime } from "../base/units.ts";
import type { OwnerId } from "./command.ts";

/** Where messages go. Temporary destinations belong to one connection and are gone with it. */
export interface Destination {
  readonly kind: "queue" | "topic" | "temp-queue" | "temp-topic";
  /** ActiveMQ's dotted name; in subscriptions and `>`/`*` patterns also a wildcard. */
  readonly name: string;
}

/** `queue://orders`, `topic://prices`, `temp-queue://c1-4:replies`: a destination as one string, as ActiveMQ writes it. */
export function destinationKey(destination: Destination): string {
  return `${destination.kind}://${destination.name}`;
}

/** Reads {@link destinationKey} back; a text without a scheme is a queue. `null` when the scheme is unknown or the name empty. */
export function parseDestinationKey(key: string): Destination | null {
  const match = /^(?:(queue|topic|temp-queue|temp-topic):\/\/)?(.+)$/s.exec(key);
  if (match?.[2] === undefined) return null;
  if (match[1] === undefined && key.includes("://")) return null;
  return { kind: (match[1] ?? "queue") as Destination["kind"], name: match[2] };
}

export function isTemporary(destination: Destination): boolean {
  return destination.kind === "temp-queue" || destination.kind === "temp-topic";
}

export function isTopic(destination: Destination): boolean {
  return destination.kind === "topic" || destination.kind === "temp-topic";
}

export const deadLetterQueue: Destination = { kind: "queue", name: "ActiveMQ.DLQ" };

/** A property as its sender typed it: a plain number is a double, a bigint a long; Java has more kinds of number. */
export type PropertyValue = string | number | bigint | boolean | null | TypedNumber | Nested;

/** Java clients also set lists and maps; ActiveMQ hands them on, and selectors see none of it. */
export type Nested =
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "list"; readonly value: readonly PropertyValue[] }
  | { readonly type: "map"; readonly value: ReadonlyMap<string, PropertyValue> };

export interface TypedNumber {
  readonly type: "byte" | "short" | "int" | "float" | "char";
  readonly value: number;
}

/** A property as text, as Java's `String.valueOf` would have it but for the shape of doubles. */
export function propertyText(value: PropertyValue): string {
  if (typeof value !== "object" || value === null) return String(value);
  switch (value.type) {
    case "char":
      return String.fromCharCode(value.value);
    case "bytes":
      return "[B";
    case "list":
      return `[${value.value.map(propertyText).join(", ")}]`;
    case "map":
      return `{${Array.from(value.value, ([name, inner]) => `${name}=${propertyText(inner)}`).join(", ")}}`;
    default:
      return String(value.value);
  }
}

/**
 * Where a message was before it came to where it is read, `source`, if that is somewhere else: the destination that it was
 * sent to, or the one where it became a dead letter.
 */
export function originalOf(
  sentTo: Destination,
  source: Destination,
  deadLetter: { readonly from: string } | null,
): Destination | null {
  const original = (deadLetter === null ? null : parseDestinationKey(deadLetter.from)) ?? sentTo;
  return source.name === original.name && source.kind === original.kind ? null : original;
}

/** The producer that made a message, and the message's number there, ever rising: a JMS message id, and what tells a repeat. */
export interface MessageOrigin {
  readonly producer: string;
  readonly sequence: number;
}

/** Messages of one group go to one consumer, as long as it is there. */
export interface MessageGroup {
  readonly id: string;
  readonly sequence: number;
}

export const bodyKinds = ["text", "bytes", "map", "stream", "object", "blob", "none", "null-text"] as const;
export type BodyKind = (typeof bodyKinds)[number];

/** A message as the broker keeps it: no protocol left in it, its body never decoded. */
export interface Message {
  readonly destination: Destination;
  readonly body: Uint8Array;
  /**
   * How the sender meant the body. STOMP sends bytes when a frame has a content-length header, else text. Maps and
   * streams are kept in the form in which OpenWire carries them, objects as Java serialised them, `none` has no body. JMS
   * tells a text message without a text (`null-text`) from one with the empty text.
   */
  readonly bodyKind: BodyKind;
  /** The body is as its sender deflated it. */
  readonly isCompressed: boolean;
  /** Application headers, in the order they were sent. */
  readonly properties: ReadonlyMap<string, PropertyValue>;
  readonly persistent: boolean;
  /** 0 (last) to 9 (first); 4 unless told. */
  readonly priority: number;
  /** `null`: never expires. */
  readonly expiresAt: WallTime | null;
  readonly sentAt: WallTime;
  readonly correlationId: string | null;
  readonly replyTo: Destination | null;
  readonly type: string | null;
  /** `null` where the protocol has no such thing, as STOMP. */
  readonly origin: MessageOrigin | null;
  readonly group: MessageGroup | null;
  readonly userId: string | null;
  /** The connection that sent it, as its entry says; empty for what the broker delivers by itself. */
  readonly sender?: OwnerId;
}

/** All of a message but its body: what selectors look at. */
export type MessageHead = Omit<Message, "body">;

export function withoutBody(message: Message): MessageHead {
  const head: Omit<Message, "body"> & { body?: Uint8Array } = { ...message };
  delete head.body;
  return head;
}

/** The same for a message on both nodes, so that clients can tell a duplicate after a failover. */
export const messageIdPrefix = "ID:understudy-";

/** A message's id in JMS: its producer's, or one of ours. */
export function messageIdOf(op: Op, origin: MessageOrigin | null = null): string {
  return origin === null ? `${messageIdPrefix}${op}` : `${origin.producer}:${origin.sequence}`;
}
