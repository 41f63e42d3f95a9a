/** Runs actions in order, each no earlier than its delay; at once when nothing is held back. */
export class DelayQueue {
  readonly #held: { dueAt: number; run: () => void }[] = [];
  #isArmed = false;

  push(delayMs: number, run: () => void): void {
    if (delayMs === 0 && this.#held.length === 0) {
      run();
      return;
    }
    this.#held.push({ dueAt: performance.now() + delayMs, run });
    this.#arm();
  }

  #arm(): void {
    const first = this.#held[0];
    if (this.#isArmed || first === undefined) return;
    this.#isArmed = true;
    setTimeout(
      () => {
        this.#isArmed = false;
        this.#release();
      },
      Math.max(0, first.dueAt - performance.now()),
    );
  }

  #release(): void {
    for (
      let first = this.#held[0];
      first !== undefined && first.dueAt <= performance.now() + 0.5;
      first = this.#held[0]
    ) {
      this.#held.shift();
      first.run();
    }
    this.#arm();
  }
}
