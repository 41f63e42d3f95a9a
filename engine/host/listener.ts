import { createServer, type Server, type Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { errorFrame } from "../session/stomp-error.ts";
import { afterReading } from "./after-reading.ts";
import { isClientProtocol, type ClientProtocol } from "./client-connection.ts";
import { detectionRefusal, detectProtocol, replicationPreamble } from "../wire/detect.ts";
import { encodeStompFrame } from "../wire/stomp/encode.ts";

const portWaitMs = 2_000;
const retryMs = 20;
/** How long a refused client may take to read why. */
const lingerMs = 2_000;

/** What the listener refuses to go beyond; tests choose smaller ones. */
export interface ListenerBounds {
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
}

/** Connections beyond the limit that are kept just until they can be told so. */
const refusalsMax = 100;

/** Who gets a connection once its first bytes have told what it is. `first` are those bytes. */
export interface ListenerPorts {
  client(protocol: ClientProtocol, socket: Socket, first: Buffer): void;
  peer(socket: Socket, first: Buffer): void;
  refused(text: string): void;
}

/**
 * The one port of a broker: clients, the replica, and people with a browser, told apart by their first bytes.
 * While it is closed nothing listens, and the operating system refuses.
 */
export class Listener {
  readonly #host: string;
  readonly #ports: ListenerPorts;
  #server: Server | null = null;
  readonly #undecided = new Set<Socket>();
  #connectionCount = 0;

  readonly #bounds: ListenerBounds;

  constructor(host: string, ports: ListenerPorts, bounds: ListenerBounds = limits) {
    this.#bounds = bounds;
    this.#host = host;
    this.#ports = ports;
  }

  get isOpen(): boolean {
    return this.#server !== null;
  }

  /**
   * Resolves with the port once connections are accepted, with `null` when it was closed before that. A port in use is
   * tried again for a while, as whoever has it may just be ending; then it rejects as `net.Server` does.
   */
  async open(port: number): Promise<number | null> {
    const deadline = performance.now() + portWaitMs;
    for (;;) {
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
      this.#server = server;
      const failure = await listening(server, port, this.#host);
      if (this.#server !== server) {
        server.close();
        return null;
      }
      const address = server.address();
      if (failure === null) return typeof address === "object" && address !== null ? address.port : port;
      if (failure.code !== "EADDRINUSE" || performance.now() > deadline) throw failure;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      if (this.#server !== server) return null;
    }
  }

  close(): void {
    this.#server?.close();
    this.#server = null;
    for (const socket of this.#undecided) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#connectionCount >= this.#bounds.connectionsMax + refusalsMax) {
      socket.destroy();
      return;
    }
    this.#connectionCount += 1;
    // Until someone takes the connection over; without a listener an error would end the process.
    socket.on("error", () => undefined);
    this.#undecided.add(socket);
    // From the start, not from the last byte: one byte now and then must not keep it open.
    const judge = (): void => {
      if (this.#undecided.has(socket)) socket.destroy();
    };
    const timer = setTimeout(() => afterReading(judge), this.#bounds.connectTimeoutMs);
    let first: Buffer = Buffer.alloc(0);
    const decide = (chunk: Buffer): void => {
      first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
      if (!this.#decide(socket, first)) return;
      clearTimeout(timer);
      socket.off("data", decide);
    };
    socket.on("data", decide);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#connectionCount -= 1;
      this.#undecided.delete(socket);
    });
  }

  #refuseOneMore(protocol: ClientProtocol, socket: Socket): void {
    this.#ports.refused(
      `A client was refused: there are ${this.#bounds.connectionsMax} connections already.`,
    );
    socket.end(protocol === "stomp" ? limitReached(this.#bounds.connectionsMax) : "");
    socket.setTimeout(lingerMs, () => socket.destroy());
    socket.resume();
  }

  /** Hands the connection over, or refuses it; `false` while its first bytes do not tell yet. */
  #decide(socket: Socket, first: Buffer): boolean {
    const detection = detectProtocol(first);
    if (detection.kind === "more" || (isPreambleBegun(first) && first.length < replicationPreamble.length))
      return false;
    this.#undecided.delete(socket);
    const refusal = detectionRefusal(detection);
    if (refusal !== null || detection.kind !== "protocol") {
      this.#ports.refused(
        `A connection from ${socket.remoteAddress ?? "nowhere"} was refused: ${refusal?.message ?? "it says nothing"}`,
      );
      socket.destroy();
    } else if (isClientProtocol(detection.protocol)) {
      if (this.#connectionCount > this.#bounds.connectionsMax)
        this.#refuseOneMore(detection.protocol, socket);
      else this.#ports.client(detection.protocol, socket, first);
    } else if (detection.protocol === "http") {
      socket.end(page(socket.localPort ?? 0));
    } else if (first.subarray(0, replicationPreamble.length).toString("latin1") === replicationPreamble) {
      this.#ports.peer(socket, first.subarray(replicationPreamble.length));
    } else {
      this.#ports.refused(
        "A replica of another version was refused: both brokers must be of the same version of Understudy.",
      );
      socket.destroy();
    }
    return true;
  }
}

async function listening(server: Server, port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return await new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, host, () => {
      server.off("error", resolve);
      resolve(null);
    });
  });
}

/** A STOMP client beyond the limit is told why. The replica is not counted: it must come in however many clients there are. */
function limitReached(limit: number): Uint8Array {
  const error = new BrokerError("LIMIT_REACHED", { limit, what: "connections to this broker" });
  return encodeStompFrame(errorFrame(error, { command: null, receiptId: null, frameNumber: null }), "1.2");
}

function isPreambleBegun(first: Buffer): boolean {
  return first.toString("latin1", 0, 11) === replicationPreamble.slice(0, 11);
}

function page(port: number): string {
  const text = `This is port ${port} of an Understudy message broker. It speaks OpenWire and STOMP, not HTTP:\npoint a JMS or a STOMP client at it, with both brokers of the pair in its failover list.\n`;
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`;
}
