import type { BrokerError, ErrorCode } from "../base/errors.ts";
import { stompVersions } from "../wire/stomp/frames.ts";
import type { StompCommand, StompFrame, StompHeader } from "../wire/stomp/frames.ts";

/** What the sender of a frame can do about its error. */
const advice: Readonly<Partial<Record<ErrorCode, string>>> = {
  FRAME_TOO_LARGE: "Send the data in several smaller messages.",
  FRAME_MALFORMED:
    "Check how the client writes frames: a command, headers, an empty line, the body and a NUL byte.",
  HEADER_MISSING: "Add the header to the frame.",
  HEADER_INVALID: "Correct the header's value.",
  NOT_SUPPORTED: "Leave it out; the limits are listed in the README.",
  AUTHENTICATION_FAILED: "Check the login and passcode headers of the CONNECT frame.",
  DESTINATION_INVALID: "Use a destination such as /queue/orders or /topic/prices.",
  SUBSCRIPTION_EXISTS: "Choose another id, or send UNSUBSCRIBE first.",
  SUBSCRIPTION_UNKNOWN: "Use the id of a SUBSCRIBE frame of the same connection.",
  DURABLE_IN_USE: "Disconnect the other client, or use another client-id.",
  CLIENT_ID_IN_USE: "Disconnect the other client, or use another client-id.",
  TRANSACTION_EXISTS: "Choose another transaction name, or send COMMIT or ABORT first.",
  TRANSACTION_UNKNOWN: "Send BEGIN with the same transaction name first, on the same connection.",
  MESSAGE_UNKNOWN:
    "Acknowledge each message once, on the connection and subscription that it came from, and only with ack:client or ack:client-individual.",
  NOT_ACTIVE: "Connect to the other node of the pair; a failover client does so by itself.",
  INACTIVE: "Send a line end at least as often as the heart-beat header says, or ask for no heart-beats.",
  LIMIT_REACHED:
    "Close what is not needed any more, or do with less; the limit protects the broker's other clients.",
  INTERNAL: "Connect again. What was not confirmed by a receipt may have to be sent again.",
};

/** The frame of a client that an error is about. */
export interface ErrorOrigin {
  readonly command: StompCommand | null;
  readonly receiptId: string | null;
  /** 1 for the first frame of the connection; `null` when the error came later than its frame. */
  readonly frameNumber: number | null;
}

/** The ERROR frame that ends a connection: what happened, where, and what to do. */
export function errorFrame(error: BrokerError, origin: ErrorOrigin): StompFrame {
  const where = originText(origin);
  const todo = advice[error.code];
  const lines = [
    error.message,
    ...(where === null ? [] : [`Where: ${where}.`]),
    ...(todo === undefined ? [] : [`What to do: ${todo}`]),
  ];
  const headers: StompHeader[] = [
    ["message", error.message],
    ["error-code", error.code],
  ];
  if (origin.receiptId !== null) headers.push(["receipt-id", origin.receiptId]);
  return withText(headers, `${lines.join("\n")}\n`);
}

/** [STOMP 1.2 Protocol Negotiation] The answer to a client that speaks none of our versions. */
export function versionErrorFrame(asked: string): StompFrame {
  return withText(
    [
      ["message", `No STOMP version in common: the client speaks ${asked.slice(0, 128)}.`],
      ["error-code", "NOT_SUPPORTED"],
      ["version", stompVersions.join(",")],
    ],
    `Supported protocol versions are ${stompVersions.join(" ")}\n`,
  );
}

function originText(origin: ErrorOrigin): string | null {
  const frame = origin.command === null ? "frame" : `${origin.command} frame`;
  if (origin.frameNumber !== null) return `${frame}, number ${origin.frameNumber} of this connection`;
  return origin.command === null ? null : `a ${frame} of this connection`;
}

function withText(headers: readonly StompHeader[], text: string): StompFrame {
  const body = Buffer.from(text);
  return {
    command: "ERROR",
    headers: [...headers, ["content-type", "text/plain"], ["content-length", String(body.length)]],
    body,
  };
}
