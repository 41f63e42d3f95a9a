/**
 * Every failure that the outside world can cause, as data: a sentence that says what, what it means and what to do.
 * `{name}` is replaced from the error's context. Protocols and the control API map the code, never the text.
 */
export const errorTable = {
  FRAME_TOO_LARGE: {
    text: "A frame of {sizeBytes} bytes is larger than the limit of {limitBytes} bytes.",
    httpStatus: 413,
  },
  FRAME_MALFORMED: { text: "Malformed {protocol} frame: {detail}.", httpStatus: 400 },
  PROTOCOL_UNKNOWN: {
    text: "These bytes begin no protocol that this port serves (first bytes: {firstBytes}).",
    httpStatus: 400,
  },
  PROTOCOL_VIOLATION: { text: "{detail}", httpStatus: 400 },
  HEADER_MISSING: { text: "The {command} frame needs the header {header}.", httpStatus: 400 },
  HEADER_INVALID: {
    text: "The header {header} has the value {value}, which is not {expected}.",
    httpStatus: 400,
  },
  NOT_SUPPORTED: { text: "{what} is not supported.", httpStatus: 501 },
  AUTHENTICATION_FAILED: { text: "Login failed: the user name or the password is wrong.", httpStatus: 401 },
  DESTINATION_INVALID: { text: "The destination {destination} is not valid: {detail}.", httpStatus: 400 },
  DESTINATION_IN_USE: {
    text: "The destination {destination} has consumers: it can be removed when they are gone.",
    httpStatus: 409,
  },
  SELECTOR_INVALID: { text: "InvalidSelector: {problem} at column {column}: {advice}.", httpStatus: 400 },
  DESTINATION_UNKNOWN: { text: "There is no destination {destination}.", httpStatus: 404 },
  SCHEDULE_INVALID: {
    text: "The property {property} has the value {value}, which is not {expected}.",
    httpStatus: 400,
  },
  SUBSCRIPTION_EXISTS: {
    text: "The subscription {subscription} exists already on this connection.",
    httpStatus: 409,
  },
  SUBSCRIPTION_UNKNOWN: {
    text: "There is no subscription {subscription} on this connection.",
    httpStatus: 404,
  },
  DURABLE_IN_USE: {
    text: "The durable subscription {subscription} of client {clientId} is in use by another connection.",
    httpStatus: 409,
  },
  CLIENT_ID_IN_USE: { text: "A client with the id {clientId} is already connected.", httpStatus: 409 },
  TRANSACTION_EXISTS: {
    text: "The transaction {transaction} has already begun on this connection.",
    httpStatus: 409,
  },
  TRANSACTION_UNKNOWN: {
    text: "There is no open transaction {transaction} on this connection.",
    httpStatus: 404,
  },
  TRANSACTION_INCOMPLETE: {
    text: "The transaction {transaction} was rolled back: acknowledgements in it got lost when its client lost the connection. Its messages come again; do the work once more.",
    httpStatus: 409,
  },
  MESSAGE_UNKNOWN: {
    text: "The message {message} is not awaiting an acknowledgement here.",
    httpStatus: 404,
  },
  MESSAGE_NOT_FOUND: { text: "There is no message {message} on {destination}.", httpStatus: 404 },
  NO_MESSAGE: { text: "No message came from {destination} within {waitedMs} ms.", httpStatus: 404 },
  LIMIT_REACHED: { text: "The limit of {limit} {what} is reached.", httpStatus: 429 },
  NOT_ACTIVE: { text: "The {node} is {state} and serves no clients.", httpStatus: 409 },
  WAITING_FOR_REPLICA: {
    text: "The {node} waits for its replica (waitForReplica) and has waited for {waitedMs} ms.",
    httpStatus: 503,
  },
  INACTIVE: {
    text: "Nothing was received for {silentMs} ms, more than the agreed heart-beat allows.",
    httpStatus: 408,
  },
  STORE_LOCKED: { text: "The data directory {directory} is in use by another process.", httpStatus: 409 },
  STORE_NEWER: {
    text: "The store in {directory} has format {found}, newer than this program's {supported}.",
    httpStatus: 409,
  },
  STORE_DAMAGED: {
    text: "The store in {directory} is damaged: {detail}. It is not served; restore it with the recovery copy.",
    httpStatus: 500,
  },
  STORE_UNWRITABLE: { text: "The data directory {directory} cannot be written: {detail}.", httpStatus: 500 },
  PORT_IN_USE: {
    text: "Port {port} for the {node} is in use{holder}. Port {free} is free.",
    httpStatus: 409,
  },
  CONFIGURATION_INVALID: { text: "{file}{position}: {detail}", httpStatus: 400 },
  WRONG_STATE: { text: "Cannot {action} the {node}: it is {state}.", httpStatus: 409 },
  RECOVERY_FAILED: { text: "{detail}", httpStatus: 500 },
  RECOVERY_REFUSED: { text: "{detail}", httpStatus: 409 },
  PROMOTION_REFUSED: { text: "{detail}", httpStatus: 409 },
  REQUEST_INVALID: { text: "{detail}", httpStatus: 400 },
  NOT_FOUND: { text: "{what} does not exist.", httpStatus: 404 },
  METHOD_NOT_ALLOWED: { text: "{path} takes {allowed}, and not {method}.", httpStatus: 405 },
  FORBIDDEN: { text: "{detail}", httpStatus: 403 },
  UNREACHABLE: { text: "{detail}", httpStatus: 503 },
  INTERNAL: { text: "An internal error: {detail}.", httpStatus: 500 },
} as const satisfies Record<string, { text: string; httpStatus: number }>;

export type ErrorCode = keyof typeof errorTable;
export type ErrorContext = Readonly<Record<string, string | number>>;

/** A failure of the world: bad bytes, a bad call, a full disk. Context holds ids, positions and sizes, never bodies or passwords. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}) {
    super(sentence(code, context));
    this.code = code;
    this.context = context;
  }
}

function sentence(code: ErrorCode, context: ErrorContext): string {
  return errorTable[code].text.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
    String(context[name] ?? placeholder),
  );
}
