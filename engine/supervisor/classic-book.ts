import type { NodeName } from "../control/views.ts";
import {
  otherNode,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterState,
  type PairArbiter,
} from "./arbiter-state.ts";

/**
 * The classic profile's arbiter, which arbitrates nothing: the nodes decide alone, as the original's did, and this keeps
 * book of what they did, so that a split is seen and a recovery knows whom to believe.
 */
export class ClassicBook implements PairArbiter {
  #state: ArbiterState;
  readonly #serving: Record<NodeName, boolean> = { primary: false, replica: false };
  #effects: ArbiterEffect[] = [];

  constructor(state: ArbiterState) {
    this.#state = state;
  }

  get state(): ArbiterState {
    return this.#state;
  }

  promotionRefusal(): string {
    return "In the classic profile the brokers decide for themselves who serves.";
  }

  step(input: ArbiterInput): readonly ArbiterEffect[] {
    this.#effects = [];
    switch (input.kind) {
      case "opened":
        if (input.pairId !== null && this.#state.pairId === null) this.#persist({ pairId: input.pairId });
        break;
      case "starting":
      case "exited":
        this.#serving[input.node] = false;
        break;
      case "paired": {
        const epoch = Math.max(this.#state.epoch, input.epoch);
        this.#serving[input.node] = true;
        this.#persist({ holder: input.node, alone: false, inSync: ["primary", "replica"], epoch });
        break;
      }
      case "status":
        this.#heard(input);
        break;
      case "stores-proven":
        this.#persist({
          inSync: [...input.inSync],
          alone: input.inSync.length === 1,
          provenOp: input.op,
          split: false,
        });
        break;
      default:
        break;
    }
    return this.#effects;
  }

  #heard(input: Extract<ArbiterInput, { kind: "status" }>): void {
    const { node, attached } = input;
    const wasServing = this.#serving[node];
    this.#serving[node] = input.state === "active" || input.state === "blocked";
    if (!this.#serving[node]) return;
    const split = this.#state.split || this.#serving[otherNode(node)];
    const epoch = Math.max(this.#state.epoch, input.position.epoch);
    const isNews = !wasServing || split !== this.#state.split || (!attached && !this.#state.alone);
    if (!isNews) return;
    if (attached) this.#persist({ split, epoch });
    else this.#persist({ holder: node, alone: true, inSync: split ? [] : [node], split, epoch });
  }

  #persist(changes: Partial<ArbiterState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#effects.push({ kind: "persist", state: this.#state });
  }
}
