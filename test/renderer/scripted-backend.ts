import type { OperationId, OperationInput, OperationOutput } from "../../engine/control/contract.ts";
import type { PairEvent, ViewUpdate } from "../../engine/control/events.ts";
import { CallFailed, type Backend, type ConnectionState } from "../../renderer/backend.ts";
import { FakePair } from "../../renderer/scenes/fake-pair.ts";
import { fakeBackend } from "../../renderer/scenes/fake-backend.ts";
import { viewsOf } from "../../renderer/scenes/fake-views.ts";

type Answers = Partial<{
  [Id in OperationId]: (input: OperationInput<Id>) => OperationOutput<Id> | Promise<OperationOutput<Id>>;
}>;

/** An imaginary pair at a fixed moment whose answers a test may replace one by one, and which notes what it was asked. */
export class ScriptedBackend implements Backend {
  readonly pair = new FakePair(1_000_000);
  readonly asked: { id: OperationId; input: unknown }[] = [];
  answers: Answers = {};
  readonly #inner = fakeBackend(this.pair);
  #event: (event: PairEvent) => void = () => undefined;
  #connection: (state: ConnectionState) => void = () => undefined;

  async call<Id extends OperationId>(id: Id, input: OperationInput<Id>): Promise<OperationOutput<Id>> {
    this.asked.push({ id, input });
    const answer = this.answers[id];
    return answer === undefined ? this.#inner.call(id, input) : answer(input);
  }

  onEvent(listener: (event: PairEvent) => void): () => void {
    this.#event = listener;
    return () => undefined;
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#connection = listener;
    listener({ kind: "connecting" });
    return () => undefined;
  }

  connect(): void {
    this.#connection({ kind: "connected" });
  }

  lose(): void {
    this.#connection({ kind: "lost", reason: "gone", retryAt: 0 });
  }

  push(event: PairEvent): void {
    this.#event(event);
  }

  views(): ViewUpdate {
    return viewsOf(this.pair);
  }

  asksOf(id: OperationId): unknown[] {
    return this.asked.filter((ask) => ask.id === id).map((ask) => ask.input);
  }
}

export function refusal(message: string): CallFailed {
  return new CallFailed({ code: "WRONG_STATE", message, context: {} });
}

/** Lets all answers that are already decided arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
