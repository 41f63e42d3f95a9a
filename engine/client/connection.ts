import { connect } from "node:net";
import type { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { StompDecoder } from "../wire/stomp/decode.ts";
import { encodeStompFrame, stompHeartbeat } from "../wire/stomp/encode.ts";
import { emptyBody, headerOf, stompVersions } from "../wire/stomp/frames.ts";
import type { StompFrame, StompHeader, StompVersion } from "../wire/stomp/frames.ts";
import type { FailoverAddress } from "./failover-uri.ts";

/**
 * One TCP connection to one broker, from the attempt to its end: login, version, heart-beats both ways, frames. It
 * never reconnects; the failover client makes a new one. It ends exactly once, with a reason.
 */
export interface ConnectionOptions {
  readonly address: FailoverAddress;
  readonly login: string | null;
  readonly passcode: string | null;
  readonly clientId: string | null;
  /** Asked of the broker in both directions; 0: none. */
  readonly heartbeatMs: number;
  /** Limit for connecting and logging in when the address names none. */
  readonly connectTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface ConnectionListener {
  /** The broker accepted the login. */
  connected(): void;
  frame(frame: StompFrame): void;
  /** The end, and nothing comes after it. */
  ended(end: ConnectionEnd): void;
}

export interface ConnectionEnd {
  /** In plain words, such as `connection refused` or `the broker closed the connection`. */
  readonly reason: string;
  /** Found by silence: the broker was gone since {@link StompConnection.heardAt}, not since now. */
  readonly bySilence: boolean;
}

/** Heart-beats may come late by this much before silence counts: scheduling, not death. */
const heartbeatGraceMs = 500;
/** Who wakes up later than this was stopped: what the broker sent meanwhile is waiting to be read, so that comes first. */
const stoppedMs = 500;
/** Time to read it. */
const rereadMs = 50;

type Phase = "connecting" | "connected" | "ended";

export class StompConnection {
  readonly address: FailoverAddress;
  /** When anything last came from the broker. */
  heardAt: number;
  version: StompVersion = "1.0";
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #socket: Socket;
  readonly #decoder = new StompDecoder("1.0");
  #phase: Phase = "connecting";
  #isCorked = false;
  #deadline: NodeJS.Timeout | null = null;
  #beat: NodeJS.Timeout | null = null;
  #sentAt: number;

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options;
    this.#listener = listener;
    this.address = options.address;
    this.heardAt = options.now();
    this.#sentAt = this.heardAt;
    this.#socket = connect({ host: options.address.host, port: options.address.port, noDelay: true });
    this.#socket.on("connect", () => this.#login());
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.end(describeSocketError(error)));
    this.#socket.on("end", () => this.end("the broker closed the connection"));
    this.#socket.on("close", () => this.end("the broker closed the connection"));
    // ActiveMQ: a connectionTimeout of 0 waits for ever.
    const limitMs = options.address.connectionTimeoutMs ?? options.connectTimeoutMs;
    if (limitMs > 0)
      this.#deadline = setTimeout(() => this.end(`no answer within ${limitMs} ms`, true), limitMs);
  }

  /** Bytes given to {@link write} that the operating system has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Writes a frame; frames written in the same turn leave in one packet where they fit. */
  write(frame: StompFrame): void {
    if (this.#phase === "ended") return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#sentAt = this.#options.now();
    this.#socket.write(encodeStompFrame(frame, this.version));
  }

  /** Calls back once all that was written has been taken by the operating system, or the connection has ended. */
  drained(then: () => void): void {
    if (this.#phase === "ended" || !this.#socket.writableNeedDrain) then();
    else {
      const once = (): void => {
        this.#socket.off("drain", once);
        this.#socket.off("close", once);
        then();
      };
      this.#socket.on("drain", once);
      this.#socket.on("close", once);
    }
  }

  /** Ends it from this side once all that was written has left; the listener is told at once. */
  finish(reason: string): void {
    if (this.#phase !== "ended") this.#socket.end();
    this.#stop(reason, false);
  }

  /** Ends it from this side; the listener is told, as with every other end. */
  end(reason: string, bySilence = false): void {
    if (this.#phase !== "ended") this.#socket.destroy();
    this.#stop(reason, bySilence);
  }

  #stop(reason: string, bySilence: boolean): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    if (this.#beat !== null) clearTimeout(this.#beat);
    this.#listener.ended({ reason, bySilence });
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  #login(): void {
    const { login, passcode, clientId, heartbeatMs, address } = this.#options;
    const headers: StompHeader[] = [
      ["accept-version", stompVersions.join(",")],
      ["host", address.host],
      ["heart-beat", `${heartbeatMs},${heartbeatMs}`],
    ];
    if (login !== null) headers.push(["login", login]);
    if (passcode !== null) headers.push(["passcode", passcode]);
    if (clientId !== null) headers.push(["client-id", clientId]);
    // CONNECT, not STOMP: brokers of version 1.0 know no other.
    this.write({ command: "CONNECT", headers, body: emptyBody });
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === "ended") return;
    this.heardAt = this.#options.now();
    try {
      this.#decoder.push(chunk, (frame) => this.#take(frame));
    } catch (error) {
      // Anything else was thrown by who took the frame, and is a mistake of ours.
      if (!(error instanceof BrokerError)) throw error;
      this.end(`the broker sent what is no STOMP: ${error.message}`);
    }
  }

  #take(frame: StompFrame): void {
    if (this.#phase === "connected") this.#listener.frame(frame);
    else if (this.#phase === "ended") return;
    else if (frame.command === "CONNECTED") this.#accepted(frame);
    else if (frame.command === "ERROR") this.end(`the broker refused the login: ${errorText(frame)}`);
    else this.end(`the broker answered CONNECT with ${frame.command}`);
  }

  #accepted(frame: StompFrame): void {
    const named = headerOf(frame, "version") ?? "1.0";
    const version = stompVersions.find((one) => one === named);
    if (version === undefined) {
      this.end(`the broker chose STOMP ${named}, which was not offered`);
      return;
    }
    this.version = version;
    this.#decoder.version = version;
    this.#phase = "connected";
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#startHeartbeats(headerOf(frame, "heart-beat") ?? "0,0");
    this.#listener.connected();
  }

  /** [STOMP 1.2 Heart-beating] Each direction beats at the slower of what one offers and the other wants; 0 is never. */
  #startHeartbeats(header: string): void {
    const [offered = 0, wanted = 0] = header
      .split(",")
      .map((part) => (/^\d{1,9}$/.test(part.trim()) ? Number(part) : 0));
    const own = this.#options.heartbeatMs;
    const sendMs = own > 0 && wanted > 0 ? Math.max(own, wanted) : 0;
    const heardMs = own > 0 && offered > 0 ? Math.max(own, offered) : 0;
    const silenceMs = Math.min(
      heardMs > 0 ? heardMs * 2 + heartbeatGraceMs : Infinity,
      this.address.soTimeoutMs ?? Infinity,
    );
    if (sendMs > 0 || silenceMs < Infinity) this.#watch(sendMs / 2, silenceMs);
  }

  /** Wakes up when the next beat is due, or when the broker's silence would be too long by then. */
  #watch(beatMs: number, silenceMs: number, earliestMs = 1): void {
    const beganAt = this.#options.now();
    const beatAt = beatMs > 0 ? this.#sentAt + beatMs : Infinity;
    const delayMs = Math.max(earliestMs, Math.min(beatAt, this.heardAt + silenceMs) - beganAt);
    this.#beat = setTimeout(() => {
      const now = this.#options.now();
      if (beatMs > 0 && now - this.#sentAt >= beatMs) this.#writeHeartbeat(now);
      const wasStopped = now - beganAt > delayMs + stoppedMs;
      if (!wasStopped && now - this.heardAt >= silenceMs)
        this.end(`nothing heard for ${Math.round(now - this.heardAt)} ms`, true);
      else this.#watch(beatMs, silenceMs, wasStopped ? rereadMs : 1);
    }, delayMs);
  }

  #writeHeartbeat(now: number): void {
    this.#sentAt = now;
    this.#socket.write(stompHeartbeat);
  }
}

/** What an ERROR frame says, short enough to be shown. */
export function errorText(frame: StompFrame): string {
  const message = headerOf(frame, "message");
  const text = message ?? Buffer.from(frame.body).toString("utf8");
  const shown = text.trim().slice(0, 500);
  return shown === "" ? "no reason given" : shown;
}

function describeSocketError(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
    case "EPIPE":
      return "connection reset";
    case "ENOTFOUND":
      return "no such host";
    case "ETIMEDOUT":
      return "connection timed out";
    default:
      // An AggregateError of several addresses has no message of its own.
      return error.message === "" ? (error.code ?? "connection failed") : error.message;
  }
}
