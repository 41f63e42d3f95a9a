/** Why a request of the client failed, and what that says about the message behind it. */
export const clientErrorTable = {
  /** `timeout` ran out while there was no connection. Nothing is known to have arrived; what was written may have. */
  TIMED_OUT:
    "No broker answered for {waitedMs} ms, the timeout of the failover URI. The request may have been done if it had left before.",
  /** The attempts allowed by the URI are used up. The client is closed. */
  GIVEN_UP: "None of the brokers answered in {passes} attempts, the most that the failover URI allows.",
  /** The connection that held the open transaction is gone, and all that was done in it: repeat it. */
  TRANSACTION_LOST:
    "The transaction is gone with the connection to {address}. Nothing of it was committed: repeat it whole.",
  /** The connection broke between COMMIT and its receipt. Repeat it with the same identities, so that repeats can be told. */
  COMMIT_UNKNOWN:
    "The connection to {address} broke before the commit was confirmed. It may or may not have been done: repeat it whole, with the same identities.",
  /** The broker answered with an ERROR frame. It is not asked again. */
  REFUSED: "The broker refused the {command}: {detail}",
  /** `close` was called. */
  CLOSED: "The client is closed.",
  /** More is waiting than the client holds; wait for confirmations. */
  LIMIT_REACHED: "More than {limit} {what} await their confirmation.",
} as const;

export type ClientErrorCode = keyof typeof clientErrorTable;

export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, context: Readonly<Record<string, string | number>> = {}) {
    super(
      clientErrorTable[code].replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
        String(context[name] ?? whole),
      ),
    );
    this.code = code;
  }
}
