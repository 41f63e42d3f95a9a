import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Whose bytes get lost on the way. */
type Stolen = "none" | "replies" | "requests";

/** Stands between a client and a broker; takes away what it is told to, as a network does that fails at a bad moment. */
export class ReplyThief {
  readonly port: number;
  #stolen: Stolen = "none";
  /** Of the next connection: so many of the client's frames come through. */
  #framesOfNext: number | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.port = port;
  }

  static async before(brokerPort: number): Promise<ReplyThief> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const thief = new ReplyThief((server.address() as AddressInfo).port);
    server.on("connection", (client) =>
      thief.#join(client, connect({ port: brokerPort, host: "127.0.0.1" })),
    );
    onTestFinished(() => {
      thief.cut();
      server.close();
    });
    return thief;
  }

  steal(stolen: Stolen): void {
    this.#stolen = stolen;
  }

  /** The next connection breaks once so many frames of OpenWire went to the broker; those after it do not. */
  breakNextAfter(frames: number): void {
    this.#framesOfNext = frames;
  }

  breakNever(): void {
    this.#framesOfNext = null;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, broker: Socket): void {
    if (this.#framesOfNext !== null) this.#passFrames(client, broker, this.#framesOfNext);
    else this.#pass(client, broker, "requests");
    this.#pass(broker, client, "replies");
  }

  #pass(from: Socket, to: Socket, what: Stolen): void {
    from.on("data", (bytes) => {
      if (this.#stolen !== what) to.write(bytes);
    });
    this.#tie(from, to);
  }

  #passFrames(client: Socket, broker: Socket, count: number): void {
    let left = count;
    let bytes = Buffer.alloc(0);
    client.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      // Each frame begins with the length of the rest of it.
      while (
        (left > 0 || this.#framesOfNext === null) &&
        bytes.length >= 4 &&
        bytes.length >= 4 + bytes.readUInt32BE()
      ) {
        const end = 4 + bytes.readUInt32BE();
        broker.write(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
        left -= 1;
      }
      if (left > 0 || this.#framesOfNext === null) return;
      this.#framesOfNext = null;
      broker.end();
      client.destroy();
    });
    this.#tie(client, broker);
  }

  #tie(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    // The close that follows says it.
    from.on("error", () => undefined);
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
