import { headerOf } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader } from "../wire/stomp/frames.ts";

/**
 * Headers that name a message for ever: a message that was sent again after a failover carries the same producer and
 * sequence, so that whoever receives both copies can tell.
 */
export const identityHeaders = {
  producer: "understudy-producer",
  sequence: "understudy-sequence",
  /** `true` on a message whose first sending was not answered. */
  resent: "understudy-resent",
} as const;

export interface MessageIdentity {
  readonly producer: string;
  /** From 1, without gaps. */
  readonly sequence: number;
}

export interface ClientMessage {
  /** As STOMP writes it: `/queue/orders`. */
  readonly destination: string;
  readonly body: Uint8Array;
  /** Further headers, such as `persistent`. */
  readonly headers?: readonly StompHeader[];
  /** Default: the client's own name and the next number. */
  readonly identity?: MessageIdentity;
  /** The caller knows that it sent this message before. */
  readonly isRepeat?: boolean;
}

export type ClientAckMode = "auto" | "client" | "client-individual";

export interface ClientSubscription {
  readonly destination: string;
  readonly ackMode: ClientAckMode;
  /** Messages handed out and not acknowledged at any time; `null`: as the broker likes. */
  readonly prefetchCount: number | null;
  readonly headers?: readonly StompHeader[];
}

/** A message as it was delivered. */
export interface Delivery {
  readonly subscription: string;
  readonly destination: string;
  readonly messageId: string;
  /** May have been delivered before, to anyone. */
  readonly redelivered: boolean;
  readonly frame: StompFrame;
  /** What an acknowledgement names; `null` when none is awaited. */
  readonly ackId: string | null;
  /** The connection it came over; acknowledgements count on no other. */
  readonly generation: number;
}

export interface ReceivedIdentity extends MessageIdentity {
  readonly resent: boolean;
}

/** The identity a message carries, or `null`. */
export function identityOf(frame: StompFrame): ReceivedIdentity | null {
  const producer = headerOf(frame, identityHeaders.producer);
  const sequence = headerOf(frame, identityHeaders.sequence);
  if (producer === null || sequence === null || !/^[1-9]\d{0,14}$/.test(sequence)) return null;
  return { producer, sequence: Number(sequence), resent: headerOf(frame, identityHeaders.resent) === "true" };
}

/** The headers of a SEND; those that matter come first, since of repeated headers the first one counts. */
export function sendHeaders(
  message: ClientMessage,
  identity: MessageIdentity,
  more: readonly StompHeader[],
): StompHeader[] {
  const headers: StompHeader[] = [
    ["destination", message.destination],
    ...more,
    [identityHeaders.producer, identity.producer],
    [identityHeaders.sequence, String(identity.sequence)],
  ];
  if (message.isRepeat === true) headers.push([identityHeaders.resent, "true"]);
  return [...headers, ...(message.headers ?? [])];
}

/** The same SEND, marked as sent before. */
export function markedResent(frame: StompFrame): StompFrame {
  if (frame.command !== "SEND" || headerOf(frame, identityHeaders.resent) !== null) return frame;
  return { ...frame, headers: [...frame.headers, [identityHeaders.resent, "true"]] };
}
