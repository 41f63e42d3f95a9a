import type { BrokerError, ErrorCode } from "../../base/errors.ts";
import type { Throwable } from "../../wire/openwire/frames.ts";
import { xaPrefix } from "./names.ts";

/** What Java clients catch. NMS and CMS read the last part of the name. */
const classNames: Readonly<Partial<Record<ErrorCode, string>>> = {
  FRAME_TOO_LARGE: "java.io.IOException",
  FRAME_MALFORMED: "java.io.IOException",
  PROTOCOL_UNKNOWN: "java.io.IOException",
  PROTOCOL_VIOLATION: "java.lang.IllegalStateException",
  AUTHENTICATION_FAILED: "java.lang.SecurityException",
  DESTINATION_INVALID: "javax.jms.InvalidDestinationException",
  SELECTOR_INVALID: "javax.jms.InvalidSelectorException",
  DESTINATION_UNKNOWN: "org.apache.activemq.DestinationDoesNotExistException",
  SCHEDULE_INVALID: "javax.jms.MessageFormatException",
  SUBSCRIPTION_UNKNOWN: "javax.jms.InvalidDestinationException",
  CLIENT_ID_IN_USE: "javax.jms.InvalidClientIDException",
  TRANSACTION_UNKNOWN: "javax.jms.JMSException",
  TRANSACTION_INCOMPLETE: "javax.jms.TransactionRolledBackException",
  LIMIT_REACHED: "javax.jms.ResourceAllocationException",
  NOT_ACTIVE: "java.io.IOException",
  INACTIVE: "java.io.IOException",
};

const otherwise = "javax.jms.JMSException";

/** The Java exception that an error becomes. */
export function throwableOf(error: BrokerError): Throwable {
  if (isOfXa(error, "TRANSACTION_UNKNOWN")) return xaException("not-known", error.message);
  if (isOfXa(error, "TRANSACTION_INCOMPLETE")) return xaException("rolled-back", error.message);
  return exception(classNames[error.code] ?? otherwise, error.message);
}

function isOfXa({ code, context }: BrokerError, what: ErrorCode): boolean {
  return code === what && String(context["transaction"]).startsWith(xaPrefix);
}

/** As in `XAException`: XAER_NOTA, XAER_PROTO and XA_RBROLLBACK. */
const xaErrors = { "not-known": -4, "wrong-order": -6, "rolled-back": 100 } as const;

/** ActiveMQ's clients read the number of an XA error off the end of its text. */
export function xaException(error: keyof typeof xaErrors, message: string): Throwable {
  return exception("javax.transaction.xa.XAException", `${message} xaErrorCode:${xaErrors[error]}`);
}

/** A transaction that cannot be committed or prepared, because part of the work was refused before. */
export function rolledBack(transaction: string, cause: BrokerError): Throwable {
  const message = `Rolled back, because of: ${cause.message}`;
  const thrown = transaction.startsWith(xaPrefix)
    ? xaException("rolled-back", message)
    : exception("javax.jms.TransactionRolledBackException", message);
  return { ...thrown, cause: throwableOf(cause) };
}

const reasonCharactersMax = 500;
/** A Java client that gives up on a message tells of its settings at length before it comes to the cause. */
const policySettings = / \{destination = [^{}]*\}/;

/** What a client says by an exception, for people. */
export function reasonOf({ className, message }: Throwable): string {
  const name = className === "java.lang.Throwable" ? "" : `${className}: `;
  const text = message === null ? className : `${name}${message}`;
  return text.replace(policySettings, "").slice(0, reasonCharactersMax);
}

function exception(className: string, message: string): Throwable {
  return { className, message, stackTrace: [], cause: null };
}
