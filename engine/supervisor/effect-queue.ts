import type { NodeName } from "../control/views.ts";
import type { ArbiterEffect } from "./arbiter-state.ts";

const retryMs = 250;

/**
 * What the arbiter wants done, in order. A decision that cannot be written down, as on a full disk, holds up all that
 * follows from it and is tried again: a node that is told later is as safe as one that listens late, a grant that is
 * on no disk is not.
 */
export class EffectQueue {
  readonly #carryOut: (effect: ArbiterEffect) => void;
  readonly #stuck: (error: Error) => void;
  #effects: ArbiterEffect[] = [];
  #isAtWork = false;
  #isStuck = false;

  /** `carryOut` throws for a `persist` that fails; `stuck` is told of it, once. */
  constructor(carryOut: (effect: ArbiterEffect) => void, stuck: (error: Error) => void) {
    this.#carryOut = carryOut;
    this.#stuck = stuck;
  }

  add(effects: readonly ArbiterEffect[]): void {
    for (const effect of effects) this.#effects.push(effect);
    if (!this.#isStuck) this.#work();
  }

  /** The node's process is gone: what that one was to be told must not reach the next. */
  forget(node: NodeName): void {
    this.#effects = this.#effects.filter((effect) => effect.kind !== "tell" || effect.node !== node);
  }

  #work(): void {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    try {
      for (let next = this.#effects.shift(); next !== undefined; next = this.#effects.shift()) {
        if (!this.#isDone(next)) return;
      }
    } finally {
      this.#isAtWork = false;
    }
  }

  #isDone(effect: ArbiterEffect): boolean {
    try {
      this.#carryOut(effect);
      this.#isStuck = false;
      return true;
    } catch (error) {
      if (effect.kind !== "persist") throw error;
      this.#effects.unshift(effect);
      setTimeout(() => this.#work(), retryMs).unref();
      if (!this.#isStuck) this.#stuck(error as Error);
      this.#isStuck = true;
      return false;
    }
  }
}
