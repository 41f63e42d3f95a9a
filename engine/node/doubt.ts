/**
 * Whether an active node may go by what it hears. One that stood still may have been passed over meanwhile, and what it
 * finds in its sockets was said before: like a member of a council who fell asleep, and asks whether the vote is over
 * before raising a hand. The standby answers a probe only while it follows this node and has not asked for its place;
 * until that answer comes no client is answered.
 */
export class Doubt {
  readonly #napMsMax: number;
  #number = 0;
  #isOpen = false;

  /** A standby that hears nothing for `patienceMs` asks for this node's place, or soon after. */
  constructor(patienceMs: number) {
    // It had said something a quarter of that time before it fell asleep, at the latest.
    this.#napMsMax = patienceMs / 2;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * The process stood still for so long. Returns the number of the probe to send; `null` while one is under way that
   * still counts, as its answer does on a slow link even if there was another short nap before it came.
   */
  begin(stillMs: number): number | null {
    if (this.#isOpen && stillMs <= this.#napMsMax) return null;
    this.#isOpen = true;
    this.#number += 1;
    return this.#number;
  }

  /** An answer has come; whether it ended the doubt. */
  answered(number: number): boolean {
    if (!this.#isOpen || number !== this.#number) return false;
    this.end();
    return true;
  }

  end(): void {
    this.#isOpen = false;
  }
}
