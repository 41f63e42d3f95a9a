import { BrokerError, errorTable, type ErrorCode } from "../base/errors.ts";
import type { ControlFailure } from "../control/contract.ts";

/** The error that a failure reported by a child process was. */
export function errorFromFailure({ code, message, context }: ControlFailure): BrokerError {
  if (Object.hasOwn(errorTable, code)) return new BrokerError(code as ErrorCode, context);
  return new BrokerError("INTERNAL", { detail: message });
}
