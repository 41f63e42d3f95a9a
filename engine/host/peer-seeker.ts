import { connect, type Socket } from "node:net";
import type { PeerLink } from "./peer-link.ts";

/** How soon a standby tries again: fast, as in a pair that starts together, then calmly. */
const retryMs = { first: 20, max: 500, factor: 1.5 };
const connectTimeoutMs = 2_000;

/** Keeps trying to reach the primary, for as long as it is wanted and there is no connection. */
export class PeerSeeker {
  readonly #primary: { readonly host: string; readonly port: number };
  readonly #wire: PeerLink;
  readonly #onConnected: (socket: Socket) => void;
  #isWanted = false;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delayMs = retryMs.first;

  constructor(
    primary: { readonly host: string; readonly port: number },
    wire: PeerLink,
    onConnected: (socket: Socket) => void,
  ) {
    this.#primary = primary;
    this.#wire = wire;
    this.#onConnected = onConnected;
  }

  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted && this.#socket === null && this.#timer === null) this.#try();
    if (isWanted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #try(): void {
    this.#timer = null;
    if (this.#wire.refuses) return this.#retryLater();
    const { host, port } = this.#primary;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.setTimeout(connectTimeoutMs, () => socket.destroy());
    socket.once("connect", () => {
      socket.setTimeout(0);
      this.#delayMs = retryMs.first;
      this.#onConnected(socket);
    });
    // The close that follows says it; without a listener the error would end the process.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#socket = null;
      if (this.#isWanted) this.#retryLater();
    });
  }

  #retryLater(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#try(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * retryMs.factor, retryMs.max);
  }
}
