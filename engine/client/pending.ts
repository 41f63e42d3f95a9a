import { ClientError } from "./errors.ts";
import type { StompFrame } from "../wire/stomp/frames.ts";

/** A request that awaits its receipt. */
export interface PendingRequest {
  readonly receipt: string;
  frame: StompFrame;
  readonly bytes: number;
  /** Since when it has been waiting without a connection. */
  waitingSince: number;
  /** Has left at least once, so the broker may have it. */
  isWritten: boolean;
  /** Connections that ended with an error while this was the oldest request; shared by its repetitions. */
  readonly blame: { count: number };
  done(): void;
  fail(error: ClientError): void;
  /** What a lost connection means for it; `null`: it is sent again. */
  readonly lost: (() => void) | null;
}

export interface PendingLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

/** Unanswered requests, oldest first. */
export class PendingRequests {
  readonly #limits: PendingLimits;
  readonly #byReceipt = new Map<string, PendingRequest>();
  #bytes = 0;

  constructor(bounds: PendingLimits) {
    this.#limits = bounds;
  }

  get count(): number {
    return this.#byReceipt.size;
  }

  /** Whether a request of so many bytes may still be added; a single one always may. */
  hasRoom(bytes: number): boolean {
    const { countMax, bytesMax } = this.#limits;
    return this.count === 0 || (this.count < countMax && this.#bytes + bytes <= bytesMax);
  }

  add(request: PendingRequest): void {
    if (!this.hasRoom(request.bytes))
      throw new ClientError("LIMIT_REACHED", { limit: this.count, what: "requests" });
    this.#byReceipt.set(request.receipt, request);
    this.#bytes += request.bytes;
  }

  take(receipt: string): PendingRequest | null {
    const request = this.#byReceipt.get(receipt);
    if (request === undefined) return null;
    this.#byReceipt.delete(receipt);
    this.#bytes -= request.bytes;
    return request;
  }

  oldest(): PendingRequest | null {
    return this.#byReceipt.values().next().value ?? null;
  }

  all(): readonly PendingRequest[] {
    return [...this.#byReceipt.values()];
  }

  /** Settles all that a lost connection settles, and returns how many remain to be sent again. */
  connectionLost(now: number): number {
    for (const request of this.all()) {
      if (request.lost === null) request.waitingSince = now;
      else {
        this.take(request.receipt);
        request.lost();
      }
    }
    return this.count;
  }

  failAll(error: ClientError): void {
    for (const request of this.all()) {
      this.take(request.receipt);
      request.fail(error);
    }
  }
}
