/**
 * How long a client was without service: from the last thing that was confirmed to it before the loss to the first one
 * after. A client that was idle then had nothing to miss before the loss, so for it the loss itself is the start: the
 * moment the connection broke or, when that was only noticed by silence, the last sign of life.
 */
export class BlackoutMeter {
  #confirmedAt: number | null = null;
  #since: number | null = null;

  /** Call at each loss; a second loss before anything was confirmed prolongs the first blackout. */
  lost(loss: {
    readonly at: number;
    readonly heardAt: number;
    readonly bySilence: boolean;
    readonly unansweredCount: number;
  }): void {
    if (this.#since !== null) return;
    const brokeAt = loss.bySilence ? loss.heardAt : loss.at;
    const wasBusy =
      this.#confirmedAt !== null && (loss.unansweredCount > 0 || brokeAt - this.#confirmedAt <= idleAfterMs);
    this.#since = wasBusy ? this.#confirmedAt : brokeAt;
  }

  /** Call when something is confirmed; the length of the blackout that this ends, or `null` when there was none. */
  confirmed(at: number): number | null {
    const since = this.#since;
    this.#confirmedAt = at;
    this.#since = null;
    return since === null ? null : at - since;
  }
}

/** Without anything confirmed for this long, and with nothing asked, a client counts as idle. */
const idleAfterMs = 1_000;
