// The only declaration of what crosses between the window and the main process. The operations themselves are the
// control API's: the window can do what a script can do, and nothing else.
import type {
  ControlFailure,
  OperationId,
  OperationInput,
  OperationOutput,
} from "../engine/control/contract.ts";
import type { PairEvent } from "../engine/control/events.ts";

export const channels = { call: "understudy:call", event: "understudy:event" } as const;

/** A failure is a value: an exception would lose its code on the way between the processes. */
export type CallResult<Id extends OperationId> =
  | { readonly ok: true; readonly value: OperationOutput<Id> }
  | { readonly ok: false; readonly error: ControlFailure };

/** `window.understudy` inside the app; a browser has none and talks to the control server instead. */
export interface WindowBridge {
  call<Id extends OperationId>(operation: Id, input: OperationInput<Id>): Promise<CallResult<Id>>;
  /** Calls `listener` with every event from now on; returns what ends it. */
  onEvent(listener: (event: PairEvent) => void): () => void;
}
