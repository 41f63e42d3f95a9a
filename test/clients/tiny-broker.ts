import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame } from "../../engine/wire/stomp/encode.ts";
import { emptyBody, headerOf } from "../../engine/wire/stomp/frames.ts";
import type { StompCommand, StompFrame, StompHeader } from "../../engine/wire/stomp/frames.ts";

interface StoredMessage {
  readonly id: number;
  readonly frame: StompFrame;
  isRedelivered: boolean;
}

/** What survives a broker: two of them that share one are a pair whose mirror is perfect. */
export class TinyStore {
  readonly messages: StoredMessage[] = [];
  #count = 0;

  add(frame: StompFrame): void {
    this.#count += 1;
    this.messages.push({ id: this.#count, frame, isRedelivered: false });
  }

  remove(message: StoredMessage): void {
    const index = this.messages.indexOf(message);
    if (index >= 0) this.messages.splice(index, 1);
  }
}

/** A STOMP 1.2 broker with one queue, in a hundred lines: enough for built-in clients to do real work against. */
export class TinyBroker {
  readonly port: number;
  readonly #server: Server;
  readonly store: TinyStore;
  readonly #sessions = new Set<TinySession>();
  /** Stores what arrives, and says nothing: as a broker that dies before its answers leave. */
  isMute = false;

  private constructor(server: Server, store: TinyStore) {
    this.#server = server;
    this.store = store;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      const session = new TinySession(socket, this);
      this.#sessions.add(session);
      socket.on("close", () => {
        this.#sessions.delete(session);
        this.dispatch();
      });
    });
  }

  static async listen(store: TinyStore, port = 0): Promise<TinyBroker> {
    const server = createServer({ noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new TinyBroker(server, store);
  }

  dispatch(): void {
    for (const session of this.#sessions) session.dispatch();
  }

  isHeld(message: StoredMessage): boolean {
    return [...this.#sessions].some((session) => session.held.has(String(message.id)));
  }

  async die(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const session of this.#sessions) session.drop();
    await closed;
  }
}

class TinySession {
  readonly held = new Map<string, StoredMessage>();
  readonly #socket: Socket;
  readonly #broker: TinyBroker;
  readonly #decoder = new StompDecoder("1.0");
  readonly #open = new Map<string, StompFrame[]>();
  #subscription: { id: string; ack: string; prefetch: number } | null = null;

  constructor(socket: Socket, broker: TinyBroker) {
    this.#socket = socket;
    this.#broker = broker;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#decoder.push(chunk, (frame) => this.#take(frame)));
    socket.on("close", () => this.#giveBack());
  }

  drop(): void {
    this.#giveBack();
    this.#socket.resetAndDestroy();
  }

  dispatch(): void {
    const subscription = this.#subscription;
    if (subscription === null) return;
    for (const message of [...this.#broker.store.messages]) {
      if (this.held.size >= subscription.prefetch) return;
      if (this.#broker.isHeld(message)) continue;
      const id = String(message.id);
      if (subscription.ack === "auto") this.#broker.store.remove(message);
      else this.held.set(id, message);
      const flag: StompHeader[] = message.isRedelivered ? [["redelivered", "true"]] : [];
      const headers: StompHeader[] = [
        ["subscription", subscription.id],
        ["message-id", id],
        ["ack", id],
        ...flag,
      ];
      this.#say("MESSAGE", [...headers, ...message.frame.headers], message.frame.body);
    }
  }

  #take(frame: StompFrame): void {
    const transaction = headerOf(frame, "transaction");
    switch (frame.command) {
      case "CONNECT":
        this.#decoder.version = "1.2";
        this.#say("CONNECTED", [["version", "1.2"]]);
        return;
      case "SEND":
        if (transaction === null) this.#broker.store.add(frame);
        else this.#open.get(transaction)!.push(frame);
        break;
      case "BEGIN":
        this.#open.set(transaction!, []);
        break;
      case "COMMIT":
        for (const one of this.#open.get(transaction!)!) this.#broker.store.add(one);
        break;
      case "SUBSCRIBE":
        this.#subscription = {
          id: headerOf(frame, "id")!,
          ack: headerOf(frame, "ack")!,
          prefetch: Number(headerOf(frame, "activemq.prefetchSize")),
        };
        break;
      case "UNSUBSCRIBE":
        this.#subscription = null;
        this.#giveBack();
        break;
      case "ACK":
        this.#acknowledge(headerOf(frame, "id")!);
        break;
      default:
        break;
    }
    const receipt = headerOf(frame, "receipt");
    if (receipt !== null) this.#say("RECEIPT", [["receipt-id", receipt]]);
    this.#broker.dispatch();
  }

  #acknowledge(id: string): void {
    const isCumulative = this.#subscription?.ack === "client";
    for (const [held, message] of this.held) {
      if (held !== id && !(isCumulative && Number(held) < Number(id))) continue;
      this.held.delete(held);
      this.#broker.store.remove(message);
    }
  }

  #giveBack(): void {
    for (const message of this.held.values()) message.isRedelivered = true;
    this.held.clear();
  }

  #say(command: StompCommand, headers: readonly StompHeader[], body: Uint8Array = emptyBody): void {
    if (this.#broker.isMute && command === "RECEIPT") return;
    this.#socket.write(encodeStompFrame({ command, headers, body }, "1.2"));
  }
}
