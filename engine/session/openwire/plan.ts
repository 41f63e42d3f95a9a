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
  /** Where it depends on it: by the prepared transactions that the node told of. */
  readonly answer?: Answer | ((prepared: readonly string[]) => Answer);
  readonly confirmed?: (prepared: readonly string[]) => void;
  readonly refused?: (error: BrokerError) => void;
  /** Whether the refusal means that all was done before, which is as good as a confirmation. */
  readonly isRepeat?: (error: BrokerError) => boolean;
}

export const nothingToDo: Plan = { requests: [] };

export function planOf(...requests: readonly SessionRequest[]): Plan {
  return { requests };
}
