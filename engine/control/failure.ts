import { BrokerError, errorTable, type ErrorCode } from "../base/errors.ts";
import { issuePath, issueText } from "../config/issues.ts";
import { operations, type ControlFailure, type ControlService, type OperationId } from "./contract.ts";
import { type z } from "zod";

/** What a transport sends for a thrown error: our own failures as they are, anything else as INTERNAL without its insides. */
export function failureOf(error: unknown): ControlFailure {
  if (error instanceof BrokerError)
    return { code: error.code, message: error.message, context: { ...error.context } };
  return failureOf(
    new BrokerError("INTERNAL", { detail: error instanceof Error ? error.message : "unknown" }),
  );
}

export function statusOf(failure: ControlFailure): number {
  return isErrorCode(failure.code) ? errorTable[failure.code].httpStatus : 500;
}

/** The error that a failure was, on the caller's side. */
export function errorOf({ code, message, context }: ControlFailure): BrokerError {
  return isErrorCode(code)
    ? new BrokerError(code, context)
    : new BrokerError("REQUEST_INVALID", { detail: message });
}

export function isOperationId(name: unknown): name is OperationId {
  return typeof name === "string" && Object.hasOwn(operations, name);
}

/**
 * Checks `input` against the operation's schema, refusing fields it does not have, and calls the service with it.
 * The one gate of every transport: HTTP, WebSocket and IPC. Throws `BrokerError`; REQUEST_INVALID names the field.
 */
export async function callOperation(
  service: ControlService,
  id: OperationId,
  input: unknown,
  gone?: AbortSignal,
): Promise<unknown> {
  const result = strictInputs[id].safeParse(input ?? {});
  if (!result.success) throw new BrokerError("REQUEST_INVALID", { detail: requestDetail(result.error) });
  // Each schema belongs to its own handler; only the compiler cannot follow that through a lookup by name.
  const handler = service[id] as (input: unknown, gone?: AbortSignal) => Promise<unknown>;
  return handler.call(service, result.data, gone);
}

function requestDetail(error: z.ZodError): string {
  return error.issues
    .map(
      (issue) =>
        `${issuePath(issue) === "" ? "The request" : `The field ${issuePath(issue)}`} ${issueText(issue)}.`,
    )
    .join(" ");
}

const strictInputs = Object.fromEntries(
  Object.entries(operations).map(([id, { input }]): [string, z.ZodType] => [id, input.strict()]),
) as Record<OperationId, z.ZodType>;

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
