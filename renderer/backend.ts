import type {
  ControlFailure,
  OperationId,
  OperationInput,
  OperationOutput,
} from "../engine/control/contract.ts";
import type { PairEvent } from "../engine/control/events.ts";

/** All that the window knows of the outside: the control operations, the pushed events, and whether anyone is there. */
export interface Backend {
  call<Id extends OperationId>(id: Id, input: OperationInput<Id>): Promise<OperationOutput<Id>>;
  /** Calls `listener` with every event from now on; returns what ends it. */
  onEvent(listener: (event: PairEvent) => void): () => void;
  /** Calls `listener` with the state now and at every change; returns what ends it. */
  onConnection(listener: (state: ConnectionState) => void): () => void;
}

export type ConnectionState =
  | { kind: "connecting" }
  | { kind: "connected" }
  /** The supervisor does not answer; `retryAt` (local clock) is the next attempt. */
  | { kind: "lost"; reason: string; retryAt: number }
  /** No further attempt makes sense, for example because the token is wrong. */
  | { kind: "refused"; reason: string };

/** A call that was answered with a failure; the message is the supervisor's own sentence. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  readonly code: string;
  readonly context: ControlFailure["context"];

  constructor(failure: ControlFailure) {
    super(failure.message);
    this.code = failure.code;
    this.context = failure.context;
  }
}

export type Answer = { ok: true; value: unknown } | { ok: false; error: ControlFailure };

/** The sentence to show for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
