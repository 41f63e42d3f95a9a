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

/**
 * One replication connection: messages over a socket, in order, or lost. Whoever comes in by this broker's port is a
 * stranger until the node has admitted it, and gets little memory and little time until then.
 */
export class PeerSocket {
  readonly link: LinkId;
  readonly #socket: Socket;
  readonly #events: PeerEvents;
  readonly #decoder: ReplicationDecoder;
  #admission: NodeJS.Timeout | null = null;
  #isLost = false;

  constructor(link: LinkId, socket: Socket, from: "our port" | "our wish", events: PeerEvents) {
    this.link = link;
    this.#socket = socket;
    this.#events = events;
    this.#decoder = new ReplicationDecoder(
      from === "our port" ? limits.openingFrameBytesMax : limits.replicationFrameBytesMax,
    );
    if (from === "our port") this.#admission = setTimeout(() => this.#lose(), limits.connectTimeoutMs);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => this.#lose());
    socket.on("close", () => this.#lose());
  }

  /** Bytes that came before this object had the socket, or come now. */
  take(chunk: Uint8Array): void {
    if (this.#isLost) return;
    try {
      this.#decoder.push(chunk, (message) => this.#say(message));
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#events.notice("warning", `The replication link is closed: ${error.message}`);
      this.#lose();
    }
  }

  tell(message: ReplicationMessage): void {
    if (this.#isLost) return;
    if (message.kind === "welcome" || message.kind === "snapshot") this.#admit();
    this.#socket.write(encodeReplication(message));
    // A peer that takes nothing must not fill this process's memory.
    if (this.#socket.writableLength > limits.uncommittedBytesMax * 2) this.#lose();
  }

  /** Ends it; what was told before still leaves. */
  drop(): void {
    this.#isLost = true;
    this.#endAdmission();
    this.#socket.end();
    // A mute peer never closes its half.
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  #admit(): void {
    this.#endAdmission();
    this.#decoder.frameBytesMax = limits.replicationFrameBytesMax;
  }

  #endAdmission(): void {
    if (this.#admission !== null) clearTimeout(this.#admission);
    this.#admission = null;
  }

  #say(message: ReplicationMessage): void {
    if (!this.#isLost) this.#events.said(this.link, message);
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#endAdmission();
    this.#socket.destroy();
    this.#events.lost(this.link);
  }
}
