import { assert } from "./base/assert.ts";
import type { Op } from "./base/units.ts";
import type { SessionAnswer, SessionId } from "./core/dialogue.ts";
import type { Destination } from "./core/message.ts";

/** An answer to a client, or the wish to hand it a message, that waits until entry `after` is safe. */
export interface WaitingAnswer {
  readonly after: Op;
  readonly session: SessionId;
  readonly answer: SessionAnswer | WaitingDelivery;
}

/** A delivery whose content is read only when it leaves, so that waiting costs no memory. */
export interface WaitingDelivery {
  readonly kind: "deliver-entry";
  readonly subscription: string;
  readonly id: Op;
  /** `null`: the message's own destination. */
  readonly source: Destination | null;
  readonly deliveryCount: number;
  readonly isFirstOfGroup: boolean;
  readonly deadLetter: { readonly from: string; readonly cause: "rejected" | "expired" } | null;
}

/**
 * The gate that keeps the first promise: nothing reaches a client before the entries it depends on are safe. Answers
 * leave in the order they were made.
 */
export class Outbox {
  #waiting: WaitingAnswer[] = [];
  #start = 0;
  #lastAfter = 0;

  add(answer: WaitingAnswer): void {
    assert(answer.after >= this.#lastAfter, "answers are made in the order of the entries they wait for");
    this.#lastAfter = answer.after;
    this.#waiting.push(answer);
  }

  /** Answers that may leave now that all up to `committed` is safe. */
  release(committed: Op): readonly WaitingAnswer[] {
    let end = this.#start;
    while (end < this.#waiting.length && this.#waiting[end]!.after <= committed) end += 1;
    if (end === this.#start) return [];
    const released = this.#waiting.slice(this.#start, end);
    this.#start = end;
    // Only once half of it is gone, so that each answer is moved once at most on average.
    if (this.#start * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#start);
      this.#start = 0;
    }
    return released;
  }
}
