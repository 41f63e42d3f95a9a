import type { NodeName } from "../control/views.ts";
import { otherNode } from "./arbiter-state.ts";

/** Older failures than this have nothing to do with a takeover. */
const relatedMsMax = 120_000;

/**
 * Measures takeovers: from the moment one node failed, as the supervisor saw it, to the moment the other serves. Pure;
 * `now` is a monotonic clock's reading in milliseconds.
 */
export class FailoverWatch {
  readonly #failedAt: Record<NodeName, number | null> = { primary: null, replica: null };
  readonly #epoch: Record<NodeName, number> = { primary: 0, replica: 0 };
  /** The node that served last. */
  #served: NodeName | null = null;

  failed(node: NodeName, now: number): void {
    this.#failedAt[node] = now;
  }

  /** Whoever serves next does so by arrangement. */
  forget(): void {
    this.#served = null;
  }

  granted(node: NodeName, epoch: number): void {
    this.#epoch[node] = epoch;
  }

  /** The node serves now; says whether that is a takeover from the other, and how long it took. */
  active(node: NodeName, now: number): { epoch: number; tookMs: number | null } | null {
    const from = otherNode(node);
    const isTakeover = this.#served === from;
    this.#served = node;
    const failedAt = this.#failedAt[from];
    this.#failedAt[from] = null;
    if (!isTakeover) return null;
    const tookMs =
      failedAt === null || now - failedAt > relatedMsMax ? null : Math.round((now - failedAt) * 10) / 10;
    return { epoch: this.#epoch[node], tookMs };
  }
}
