import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { LinkId } from "../node/contract.ts";
import { encodePieces, ReplicationDecoder } from "../pair/codec.ts";
import type { ReplicationMessage } from "../pair/message.ts";
import { afterReading } from "./after-reading.ts";
import { DelayQueue } from "./delay-queue.ts";
import type { PeerLink } from "./peer-link.ts";
import { writePieces } from "./write-pieces.ts";

/** What becomes of one replication connection. */
export interface PeerEvents {
  said(link: LinkId, message: ReplicationMessage): void;
  /** More of a message that is not whole yet has come. */
  heard(link: LinkId): void;
  lost(link: LinkId): void;
  notice(severity: "warning", text: string): void;
}

/**
 * One replication connection: messages over a socket, in order, or lost. Whoever comes in by this broker's port is a
 * stranger until the node has admitted it, and gets little memory and little time until then. A fault of the link
 * acts on what this end sends; as both ends are told of it, it acts both ways.
 */
export class PeerSocket {
  readonly link: LinkId;
  readonly #socket: Socket;
  readonly #events: PeerEvents;
  readonly #wire: PeerLink;
  readonly #decoder: ReplicationDecoder;
  readonly #outgoing = new DelayQueue();
  #heldBytes = 0;
  #saidCount = 0;
  #admission: NodeJS.Timeout | null = null;
  #isLost = false;
  /** Something was swallowed: this can never again be a sensible stream. */
  #isPoisoned = false;

  constructor(
    link: LinkId,
    socket: Socket,
    { from, wire }: { from: "our port" | "our wish"; wire: PeerLink },
    events: PeerEvents,
    admissionMs: number = limits.connectTimeoutMs,
  ) {
    this.link = link;
    this.#socket = socket;
    this.#wire = wire;
    this.#events = events;
    this.#decoder = new ReplicationDecoder(
      from === "our port" ? limits.openingFrameBytesMax : limits.replicationFrameBytesMax,
    );
    if (from === "our port")
      this.#admission = setTimeout(() => afterReading(() => this.#tooLate()), admissionMs);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => this.#broken());
    socket.on("close", () => this.#broken());
  }

  /** Bytes that came before this object had the socket, or come now. */
  take(chunk: Uint8Array): void {
    if (this.#isLost) return;
    if (this.#wire.isMute) {
      this.#isPoisoned = true;
      return;
    }
    try {
      const before = this.#saidCount;
      this.#decoder.push(chunk, (message) => this.#say(message));
      if (this.#saidCount === before) this.#events.heard(this.link);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#events.notice("warning", `The replication link is closed: ${error.message}`);
      this.#lose();
    }
  }

  tell(message: ReplicationMessage): void {
    if (message.kind === "welcome" || message.kind === "snapshot") this.#admit();
    this.send(encodePieces(message));
  }

  /** Sends bytes as they are. */
  send(pieces: readonly (string | Uint8Array)[]): void {
    if (this.#isLost) return;
    const passage = this.#wire.passage;
    if (passage.kind === "swallow") {
      this.#isPoisoned = true;
      return;
    }
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    this.#heldBytes += size;
    this.#outgoing.push(passage.kind === "later" ? passage.delayMs : 0, () => {
      this.#heldBytes -= size;
      if (!this.#socket.destroyed) writePieces(this.#socket, pieces);
    });
    this.#wire.sentBytes += size;
    // A peer that takes nothing must not fill this process's memory.
    if (this.#socket.writableLength + this.#heldBytes > limits.peerUnsentBytesMax) this.#lose();
  }

  /** The link's fault has changed. */
  feelFault(): void {
    if (this.#wire.refuses || (this.#isPoisoned && !this.#wire.isMute)) this.#lose();
  }

  /** Ends it; what was told before still leaves. */
  drop(): void {
    this.#isLost = true;
    this.#endAdmission();
    this.#outgoing.push(0, () => this.#socket.end());
    // A mute peer never closes its half.
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  #admit(): void {
    this.#endAdmission();
    this.#decoder.frameBytesMax = limits.replicationFrameBytesMax;
  }

  #tooLate(): void {
    if (this.#admission !== null) this.#lose();
  }

  #endAdmission(): void {
    if (this.#admission !== null) clearTimeout(this.#admission);
    this.#admission = null;
  }

  #say(message: ReplicationMessage): void {
    this.#saidCount += 1;
    if (!this.#isLost) this.#events.said(this.link, message);
  }

  #broken(): void {
    // Through a mute link nobody learns that the other end is gone.
    if (this.#wire.isMute) this.#isPoisoned = true;
    else this.#lose();
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#endAdmission();
    this.#socket.destroy();
    this.#events.lost(this.link);
  }
}
