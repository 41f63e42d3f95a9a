import { connect, type Socket } from "node:net";
import { replicationPreamble } from "../wire/detect.ts";

/** How soon a standby tries again: fast, as in a pair that starts together, then calmly. */
const retryMs = { first: 20, max: 500, factor: 1.5 };
const connectTimeoutMs = 2_000;

/** Keeps trying to reach the primary, for as long as it is wanted and there is no connection. */
export class PeerSeeker {
  readonly #host: string;
  readonly #port: number;
  readonly #onConnected: (socket: Socket) => void;
  #isWanted = false;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delayMs = retryMs.first;

  constructor(host: string, port: number, onConnected: (socket: Socket) => void) {
    this.#host = host;
    this.#port = port;
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
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    socket.setTimeout(connectTimeoutMs, () => socket.destroy());
    socket.once("connect", () => {
      socket.setTimeout(0);
      this.#delayMs = retryMs.first;
      socket.write(replicationPreamble);
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
