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
  SUBSCRIPTION_UNKNOWN: "javax.jms.InvalidDestinationException",
  CLIENT_ID_IN_USE: "javax.jms.InvalidClientIDException",
  TRANSACTION_UNKNOWN: "javax.jms.JMSException",
  LIMIT_REACHED: "javax.jms.ResourceAllocationException",
  NOT_ACTIVE: "java.io.IOException",
  INACTIVE: "java.io.IOException",
};

const otherwise = "javax.jms.JMSException";

/** The Java exception that an error becomes. */
export function throwableOf(error: BrokerError): Throwable {
  const xa = xaErrorOf(error);
  if (xa !== null) return exception("javax.transaction.xa.XAException", `${error.message} xaErrorCode:${xa}`);
  return exception(classNames[error.code] ?? otherwise, error.message);
}

const xaNotKnown = -4;

/** ActiveMQ's clients read the number of an XA error off the end of its text. */
function xaErrorOf({ code, context }: BrokerError): number | null {
  const isXa = code === "TRANSACTION_UNKNOWN" && String(context["transaction"]).startsWith(xaPrefix);
  return isXa ? xaNotKnown : null;
}

/** A commit that cannot be done, because part of the work was refused before. */
export function rolledBack(cause: BrokerError): Throwable {
  return {
    ...exception("javax.jms.TransactionRolledBackException", `Rolled back, because of: ${cause.message}`),
    cause: throwableOf(cause),
  };
}

function exception(className: string, message: string): Throwable {
  return { className, message, stackTrace: [], cause: null };
}
