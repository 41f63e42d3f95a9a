import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Whose bytes get lost on the way. */
type Stolen = "none" | "replies" | "requests";

/** Stands between a client and a broker; takes away what it is told to, as a network does that fails at a bad moment. */
export class ReplyThief {
  readonly port: number;
  #stolen: Stolen = "none";
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

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, broker: Socket): void {
    this.#pass(client, broker, "requests");
    this.#pass(broker, client, "replies");
  }

  #pass(from: Socket, to: Socket, what: Stolen): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (bytes) => {
      if (this.#stolen !== what) to.write(bytes);
    });
    // The close that follows says it.
    from.on("error", () => undefined);
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
