/**
 * What a standby makes of an active node that it does not hear. It may be dead, or only have stood still, so the arbiter
 * is asked, and the link is kept until that one has decided. Until then the active node's probes stay without an answer:
 * this node may have its place already (`doubt.ts` is the other side of it).
 */
export class Suspicion {
  #state: "none" | "asked" | "denied" = "none";
  #probe: number | null = null;

  /** Since the active node was heard last the arbiter has been asked, whether it has answered or not. */
  get isRaised(): boolean {
    return this.#state !== "none";
  }

  raise(): void {
    this.#state = "asked";
  }

  /** The active node was heard; what the arbiter was asked stays asked. */
  heard(): void {
    if (this.#state === "denied") this.#state = "none";
  }

  /** The arbiter has denied; `false` when it was not asked because of this. */
  denied(): boolean {
    if (this.#state !== "asked") return false;
    this.#state = "denied";
    return true;
  }

  probed(number: number): void {
    this.#probe = number;
  }

  /** The probe to be answered now, once. */
  takeProbe(): number | null {
    if (this.#state === "asked") return null;
    const probe = this.#probe;
    this.#probe = null;
    return probe;
  }

  /** The link is gone, and all that was said over it. */
  end(): void {
    this.#state = "none";
    this.#probe = null;
  }
}
