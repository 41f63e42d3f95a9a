/** The longest that a timer of Node can wait. */
const longestMs = 2_147_483_647;
/** Between two dismissals, so that clients who come back at once do not keep the broker busy. */
const leastMs = 100;

/**
 * How long clients wait for a broker that does not serve (waitForReplicaTimeoutMs). Then those that are there are
 * dismissed; whoever comes later waits no longer than that either.
 */
export class ClientPatience {
  readonly #waitMs: number;
  readonly #dismiss: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(waitMs: number, dismiss: () => void) {
    this.#waitMs = Math.min(longestMs, Math.max(leastMs, waitMs));
    this.#dismiss = dismiss;
  }

  /** From now on clients wait; nothing changes if they do already. */
  begin(): void {
    this.#timer ??= setInterval(this.#dismiss, this.#waitMs);
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
