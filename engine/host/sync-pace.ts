/** Whether to wait for the disk, and what comes of waiting. */
export interface Pace {
  isQuick(): boolean;
  /** Runs what waits for the disk. */
  timed(wait: () => void): void;
}

/** A disk that takes no longer than this for a sync is waited for. */
const quickMs = 0.5;
/** One that was slower is tried again after this long. */
const retryMs = 1_000;
/** What the latest sync weighs in the average of all. */
const weight = 1 / 16;

/**
 * To have another thread wait for the disk costs two changes of thread, about as long as a quick disk takes by itself;
 * but a slow one would hold up the whole process. So it is measured: as long as waiting was short on average the
 * process waits, and when it was not, others do for a while.
 */
export class SyncPace implements Pace {
  readonly #nowMs: () => number;
  #averageMs = 0;
  #retryAtMs = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  isQuick(): boolean {
    return this.#averageMs <= quickMs || this.#nowMs() >= this.#retryAtMs;
  }

  timed(wait: () => void): void {
    const beganAtMs = this.#nowMs();
    try {
      wait();
    } finally {
      const now = this.#nowMs();
      const tookMs = now - beganAtMs;
      // After a slow time it is the present that counts.
      const wasQuick = this.#averageMs <= quickMs;
      this.#averageMs = wasQuick ? this.#averageMs + (tookMs - this.#averageMs) * weight : tookMs;
      this.#retryAtMs = now + retryMs;
    }
  }
}
