import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { LinkId } from "../node/contract.ts";
import { encodeReplication, ReplicationDecoder } from "../pair/codec.ts";
import type { ReplicationMessage } from "../pair/message.ts";

/** What becomes of one replication connection. */
export interface PeerEvents {
  said(link: LinkId, message: ReplicationMessage): void;
  lost(link: LinkId): void;
  notice(severity: "warning", text: string): void;
}

/** One replication connection, whichever side opened it: messages over a socket, in order, or lost. */
export class PeerSocket {
  readonly link: LinkId;
  readonly #socket: Socket;
  readonly #events: PeerEvents;
  readonly #decoder = new ReplicationDecoder();
  #isLost = false;

  constructor(link: LinkId, socket: Socket, events: PeerEvents) {
    this.link = link;
    this.#socket = socket;
    this.#events = events;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => this.#lose());
    socket.on("close", () => this.#lose());
  }

  /** Bytes that came before this object had the socket, or come now. */
  take(chunk: Uint8Array): void {
    if (this.#isLost) return;
    try {
      for (const message of this.#decoder.push(chunk)) this.#say(message);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#events.notice("warning", `The replication link is closed: ${error.message}`);
      this.#lose();
    }
  }

  tell(message: ReplicationMessage): void {
    if (this.#isLost) return;
    this.#socket.write(encodeReplication(message));
    // A peer that takes nothing must not fill this process's memory.
    if (this.#socket.writableLength > limits.uncommittedBytesMax * 2) this.#lose();
  }

  /** Ends it; what was told before still leaves. */
  drop(): void {
    this.#isLost = true;
    this.#socket.end();
    // A mute peer never closes its half.
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  #say(message: ReplicationMessage): void {
    if (!this.#isLost) this.#events.said(this.link, message);
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#socket.destroy();
    this.#events.lost(this.link);
  }
}
