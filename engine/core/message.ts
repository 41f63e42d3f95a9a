import type { WallTime } from "../base/units.ts";

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

export const deadLetterQueue: Destination = { kind: "queue", name: "ActiveMQ.DLQ" };

export type PropertyValue = string | number | bigint | boolean;

/** A message as the broker keeps it: no protocol left in it, its body never decoded. */
export interface Message {
  readonly destination: Destination;
  readonly body: Uint8Array;
  /** How the sender meant the body: STOMP sends bytes when a frame has a content-length header, else text. */
  readonly bodyKind: "text" | "bytes";
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
}
