import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { once } from "node:events";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame } from "../../engine/wire/stomp/encode.ts";
import { emptyBody, headerOf } from "../../engine/wire/stomp/frames.ts";
import type { StompCommand, StompFrame, StompHeader, StompVersion } from "../../engine/wire/stomp/frames.ts";

/** A broker that does only what its test tells it: real sockets, real frames, no mind of its own. */
export class ScriptedPeer {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Queue<PeerConnection>();
  readonly #all = new Set<PeerConnection>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      const connection = new PeerConnection(socket);
      this.#all.add(connection);
      this.#connections.put(connection);
    });
  }

  static async listen(port = 0): Promise<ScriptedPeer> {
    const server = createServer({ noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new ScriptedPeer(server);
  }

  get address(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  /** The next connection, not yet logged in. */
  async connection(): Promise<PeerConnection> {
    return this.#connections.take();
  }

  /** The next connection, logged in. */
  async client(options: { heartbeat?: string; version?: StompVersion } = {}): Promise<PeerConnection> {
    const connection = await this.connection();
    await connection.login(options);
    return connection;
  }

  /** As `kill -9` does: no more listening, all connections gone. */
  async die(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of this.#all) connection.drop();
    await closed;
  }
}

export class PeerConnection {
  readonly #socket: Socket;
  readonly #decoder = new StompDecoder("1.0");
  readonly #frames = new Queue<StompFrame>();
  #version: StompVersion = "1.0";
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#decoder.push(chunk, (frame) => {
        if (frame.command === "CONNECT") this.#decoder.version = this.#version;
        this.#frames.put(frame);
      });
    });
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => resolve());
    });
  }

  async login(options: { heartbeat?: string; version?: StompVersion } = {}): Promise<StompFrame> {
    this.#version = options.version ?? "1.2";
    const connect = await this.next("CONNECT");
    this.#decoder.version = this.#version;
    this.say("CONNECTED", [
      ["version", this.#version],
      ["heart-beat", options.heartbeat ?? "0,0"],
    ]);
    return connect;
  }

  /** The next frame, which must have this command. */
  async next(command: StompCommand): Promise<StompFrame> {
    const frame = await this.#frames.take();
    if (frame.command !== command) throw new Error(`expected ${command}, got ${frame.command}`);
    return frame;
  }

  say(command: StompCommand, headers: readonly StompHeader[], body: Uint8Array = emptyBody): void {
    this.#socket.write(encodeStompFrame({ command, headers, body }, this.#version));
  }

  /** Confirms a frame that asked for it. */
  confirm(frame: StompFrame): void {
    this.say("RECEIPT", [["receipt-id", headerOf(frame, "receipt") ?? "none was asked for"]]);
  }

  /** Takes the next frame and confirms it. */
  async confirmNext(command: StompCommand): Promise<StompFrame> {
    const frame = await this.next(command);
    this.confirm(frame);
    return frame;
  }

  /** Resolves when the client has sent a heart-beat since the last frame. */
  async heartbeat(): Promise<void> {
    const before = this.#decoder.eolCount;
    while (this.#decoder.eolCount === before) await once(this.#socket, "data");
  }

  sayBytes(text: string): void {
    this.#socket.write(text);
  }

  drop(): void {
    this.#socket.resetAndDestroy();
  }
}

/** Values handed from who has them to who waits for them, in order. */
export class Queue<T> {
  readonly #values: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  async take(): Promise<T> {
    if (this.#values.length > 0) return this.#values.shift() as T;
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
