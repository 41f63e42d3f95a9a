import { emptyBody } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader } from "../wire/stomp/frames.ts";
import { ClientError } from "./errors.ts";
import type { ClientMessage, Delivery } from "./message.ts";
import { sendHeaders } from "./message.ts";
import type { MessageIdentity } from "./message.ts";

/** What a transaction may do with the client it belongs to. */
export interface TransactionPort {
  readonly address: string;
  readonly generation: number;
  /** Whether the connection that the transaction began on is still there. */
  isAlive(): boolean;
  write(frame: StompFrame): void;
  /** Resolves once what was written has been taken by the operating system, or the connection is gone. */
  drained(): Promise<void>;
  identify(message: ClientMessage): MessageIdentity;
  acknowledge(delivery: Delivery, transaction: string): boolean;
  /** Sends a frame with a receipt; `lost` says what a lost connection means. */
  request(
    frame: StompFrame,
    lost: (resolve: () => void, reject: (error: ClientError) => void) => void,
  ): Promise<void>;
  ended(id: string): void;
}

/**
 * Work that takes effect as a whole or not at all. It lives and dies with its connection: after a failover every call
 * fails with `TRANSACTION_LOST`, because the broker that comes next knows nothing of it, and the caller repeats it.
 */
export class Transaction {
  readonly id: string;
  readonly #port: TransactionPort;
  #isOver = false;

  constructor(id: string, port: TransactionPort) {
    this.id = id;
    this.#port = port;
    port.write(this.#frame("BEGIN"));
  }

  /** Adds a message; resolves when there is room for the next one. Nothing is confirmed before {@link commit}. */
  async send(message: ClientMessage): Promise<void> {
    this.#check();
    const headers = sendHeaders(message, this.#port.identify(message), [["transaction", this.id]]);
    this.#port.write({ command: "SEND", headers, body: message.body });
    await this.#port.drained();
    this.#check();
  }

  /** Acknowledges a delivery with the commit; `false` when it came over a connection that is gone. */
  acknowledge(delivery: Delivery): boolean {
    this.#check();
    return this.#port.acknowledge(delivery, this.id);
  }

  /** Resolves when all of it is safe. Fails with `TRANSACTION_LOST`, or `COMMIT_UNKNOWN` when only the answer is missing. */
  async commit(): Promise<void> {
    this.#check();
    this.#end();
    const unknown = new ClientError("COMMIT_UNKNOWN", { address: this.#port.address });
    await this.#port.request(this.#frame("COMMIT"), (_resolve, reject) => reject(unknown));
  }

  /** Drops all of it. A transaction lost meanwhile is dropped already. */
  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    if (this.#port.isAlive()) await this.#port.request(this.#frame("ABORT"), (resolve) => resolve());
  }

  #end(): void {
    this.#isOver = true;
    this.#port.ended(this.id);
  }

  #check(): void {
    if (this.#isOver || !this.#port.isAlive()) {
      this.#end();
      throw new ClientError("TRANSACTION_LOST", { address: this.#port.address });
    }
  }

  #frame(command: "BEGIN" | "COMMIT" | "ABORT"): StompFrame {
    const headers: StompHeader[] = [["transaction", this.id]];
    return { command, headers, body: emptyBody };
  }
}
