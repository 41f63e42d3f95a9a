import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { asInstant, type Instant } from "../base/units.ts";
import { limits } from "../base/limits.ts";
import type { SessionAnswer, SessionId, SessionRequest } from "../core/dialogue.ts";
import { createOpenWireSession } from "../session/openwire/session.ts";
import { graceMs } from "../session/alarm.ts";
import type { Session, SessionContext, SessionPort } from "../session/session.ts";
import { createStompSession } from "../session/stomp.ts";
import { afterReading } from "./after-reading.ts";
import { readClocks } from "./clock.ts";
import { writePieces } from "./write-pieces.ts";

/** What each protocol's session is made by. */
const sessions = { stomp: createStompSession, openwire: createOpenWireSession };

export type ClientProtocol = keyof typeof sessions;

export function isClientProtocol(protocol: string): protocol is ClientProtocol {
  return Object.hasOwn(sessions, protocol);
}

/** What a client's connection needs of the broker process. */
export interface ConnectionPorts {
  readonly isServing: () => boolean;
  ask(session: SessionId, request: SessionRequest, receipt: number): void;
  received(session: SessionId, sizeBytes: number): void;
  /** So much of what was written has not left. */
  unsent(session: SessionId, sizeBytes: number): void;
  /** Something is to be written at the turn's end. */
  hasOutput(connection: ClientConnection): void;
  described(connection: ClientConnection): void;
  closed(connection: ClientConnection, reason: string): void;
}

/** What one connection may keep, and for how long; tests choose less. */
export interface ConnectionBounds {
  readonly stalledFrameMs: number;
  readonly unfinishedBytesMax: number;
}

const largePieceBytes = 65_536;

/** Of all connections of this process. */
let unfinishedBytes = 0;

/**
 * One client's socket and the session behind it. Bytes are read only while the node serves, and while the client takes
 * its answers; what the session writes is gathered over a turn and leaves in one piece.
 */
export class ClientConnection implements SessionPort {
  readonly id: SessionId;
  readonly session: Session;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  readonly #ports: ConnectionPorts;
  #waiting: Buffer[] = [];
  #output: Uint8Array[] = [];
  #isEnding = false;
  #isClosed = false;
  /** As the node was told last. */
  #unsentBytes = 0;
  #unfinishedBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #bounds: ConnectionBounds;
  /** Runs while a frame has begun and not ended. */
  #stallTimer: NodeJS.Timeout | null = null;
  #heardAt = 0;
  #closeReason = "the client closed the connection";

  constructor(
    id: SessionId,
    protocol: ClientProtocol,
    socket: Socket,
    context: SessionContext,
    ports: ConnectionPorts,
    bounds: ConnectionBounds = limits,
  ) {
    this.id = id;
    this.#bounds = bounds;
    this.#socket = socket;
    this.#ports = ports;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.session = sessions[protocol](this, context, readClocks());
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("drain", () => this.#tellUnsent());
    socket.on("error", (error) => (this.#closeReason = error.message));
    socket.on("close", () => this.#closed());
  }

  /** Bytes from the client; they wait while nobody is served. */
  take(chunk: Buffer): void {
    if (this.#isEnding) return;
    this.#waiting.push(chunk);
    this.resume();
    if (this.#waiting.length > 0) this.#socket.pause();
  }

  /** The node serves again. */
  resume(): void {
    while (this.#waiting.length > 0 && this.#isListening) {
      const chunk = this.#waiting.shift()!;
      const now = readClocks();
      this.#heardAt = now.monotonic;
      this.#described(() => this.session.receive(chunk, now));
      this.#countUnfinished();
      if (this.#unfinishedBytes > 0 && this.#stallTimer === null)
        this.#watchFrame(this.#bounds.stalledFrameMs);
      this.#ports.received(this.id, chunk.length);
    }
    if (this.#waiting.length === 0 && !this.#isEnding) this.#socket.resume();
  }

  /** A client that reads nothing is not read either: its answers would pile up. */
  get #isListening(): boolean {
    return this.#unsentBytes < limits.unsentBytesPerConnectionMax && this.#ports.isServing();
  }

  answer(answer: SessionAnswer): void {
    if (!this.#isClosed) this.session.answer(answer, readClocks());
  }

  /** Writes what the turn has gathered. */
  flush(): void {
    if (this.#output.length === 0 || this.#isClosed) return;
    const pieces = joined(this.#output);
    this.#output = [];
    writePieces(this.#socket, pieces, (error) => {
      if (error || this.#isClosed) return;
      this.session.flushed(readClocks());
      this.#tellUnsent();
    });
    this.#tellUnsent();
    if (this.#isEnding) this.#finish();
  }

  /** Ends the connection from this side: the broker stops, or serves no more. */
  close(reason: string, error: BrokerError | null): void {
    this.#closeReason = reason;
    this.answer({ kind: "close", error });
    this.flush();
    this.end();
  }

  ask(request: SessionRequest, receipt: number): void {
    this.#ports.ask(this.id, request, receipt);
  }

  write(bytes: Uint8Array): void {
    this.#output.push(bytes);
    this.#ports.hasOutput(this);
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#waiting = [];
    if (this.#output.length === 0) this.#finish();
  }

  wakeAt(at: Instant | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (at === null || this.#isClosed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        afterReading(() => this.#wake());
      },
      Math.max(0, at - readClocks().monotonic),
    );
  }

  /** A client whose bytes wait here to be read, because nobody is served now, must not be taken for a silent one. */
  #wake(): void {
    if (this.#waiting.length > 0) {
      if (this.session.description.protocol === null) return this.wakeAt(soon());
      this.session.receive(Buffer.alloc(0), readClocks());
    }
    this.session.wake(readClocks());
  }

  #finish(): void {
    this.#socket.end();
    // A client that never closes its half must not keep the connection for ever.
    this.#socket.setTimeout(2_000, () => this.#socket.destroy());
    this.#socket.resume();
  }

  /** Mostly the network takes all at once, and there is nothing to tell. */
  #tellUnsent(): void {
    const sizeBytes = this.#isClosed ? 0 : this.#socket.writableLength;
    if (sizeBytes === this.#unsentBytes) return;
    this.#unsentBytes = sizeBytes;
    this.#ports.unsent(this.id, sizeBytes);
    if (this.#waiting.length > 0) this.resume();
  }

  #countUnfinished(): void {
    const sizeBytes = this.#isEnding || this.#isClosed ? 0 : (this.session.unfinishedBytes ?? 0);
    if (sizeBytes === this.#unfinishedBytes) return;
    unfinishedBytes += sizeBytes - this.#unfinishedBytes;
    this.#unfinishedBytes = sizeBytes;
    const limit = this.#bounds.unfinishedBytesMax;
    if (unfinishedBytes <= limit || sizeBytes <= limits.openingFrameBytesMax) return;
    const what = "bytes of unfinished frames of all clients";
    this.answer({ kind: "close", error: new BrokerError("LIMIT_REACHED", { limit, what }) });
    this.#countUnfinished();
  }

  /** One timer for many frames: it looks again when it comes, and costs nothing while bytes flow. */
  #watchFrame(delayMs: number): void {
    const dueAt = readClocks().monotonic + delayMs;
    const judge = (): void => {
      this.#stallTimer = null;
      if (this.#unfinishedBytes === 0 || this.#isEnding || this.#isClosed) return;
      const limitMs = this.#bounds.stalledFrameMs;
      const now = readClocks().monotonic;
      // What came while nobody was served, or while this process stood still, has yet to be read.
      const isUnread = this.#waiting.length > 0 || now > dueAt + graceMs;
      const leftMs = isUnread ? limitMs : this.#heardAt + limitMs - now;
      if (leftMs > 0) return this.#watchFrame(leftMs);
      const detail = `A frame began, and for ${limitMs} ms nothing more of it came.`;
      this.answer({ kind: "close", error: new BrokerError("PROTOCOL_VIOLATION", { detail }) });
    };
    this.#stallTimer = setTimeout(() => afterReading(judge), delayMs);
  }

  #endWatch(): void {
    if (this.#stallTimer !== null) clearTimeout(this.#stallTimer);
    this.#stallTimer = null;
  }

  /** Runs `work` and tells when the client has said more about itself. */
  #described(work: () => void): void {
    const before = this.session.description;
    work();
    if (this.session.description !== before) this.#ports.described(this);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#countUnfinished();
    this.wakeAt(null);
    this.#endWatch();
    this.#ports.closed(this, this.#closeReason);
  }
}

/** Pieces joined to few, except for those that take longer to copy than to be sent by themselves. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  if (pieces.length === 1) return pieces;
  const first = pieces.findIndex(({ length }) => length >= largePieceBytes);
  if (first === -1) return [Buffer.concat(pieces)];
  const before = first === 0 ? [] : [Buffer.concat(pieces.slice(0, first))];
  const behind = first === pieces.length - 1 ? [] : joined(pieces.slice(first + 1));
  return [...before, pieces[first]!, ...behind];
}

function soon(): Instant {
  return asInstant(readClocks().monotonic + 1_000);
}
