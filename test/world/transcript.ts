import type { Effect, Input } from "../../engine/node/contract.ts";
import type { ArbiterState } from "../../engine/supervisor/arbiter-state.ts";
import type { SupervisorOrder } from "../../engine/supervisor/channel.ts";
import type { NodeName, SimulatedHost } from "./host.ts";

/** Hears all that is said in a world; see `test/transcripts`. */
export interface Transcript {
  input(host: SimulatedHost, input: Input): void;
  effect(host: SimulatedHost, effect: Effect): void;
  ordered(node: NodeName, order: SupervisorOrder): void;
  persisted(state: ArbiterState): void;
  noticed(text: string): void;
}
