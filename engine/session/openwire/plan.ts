import type { BrokerError } from "../../base/errors.ts";
import type { SessionRequest } from "../../core/dialogue.ts";
import type { DataStructure, Throwable } from "../../wire/openwire/frames.ts";

/** What the client gets for a command instead of a plain `Response`; the session adds the number of the command. */
export type Answer =
  | { readonly type: "IntegerResponse"; readonly result: number }
  | { readonly type: "DataArrayResponse"; readonly data: readonly DataStructure[] }
  | { readonly type: "ExceptionResponse"; readonly exception: Throwable };

/** What a command comes to: requests to the node, and what follows when all of them are confirmed, or one is refused. */
export interface Plan {
  readonly requests: readonly SessionRequest[];
  readonly answer?: Answer;
  readonly confirmed?: () => void;
  readonly refused?: (error: BrokerError) => void;
}

export const nothingToDo: Plan = { requests: [] };

export function planOf(...requests: readonly SessionRequest[]): Plan {
  return { requests };
}
