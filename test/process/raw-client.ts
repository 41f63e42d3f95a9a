import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame } from "../../engine/wire/stomp/encode.ts";
import { headerOf, type StompCommand, type StompFrame } from "../../engine/wire/stomp/frames.ts";
import { patienceMs } from "./program.ts";

type Headers = Readonly<Record<string, string>>;

/** A STOMP client without a mind of its own: one connection, frame by frame. Ended with the test. */
export class RawClient {
  readonly #socket: Socket;
  readonly #decoder = new StompDecoder("1.2");
  readonly #frames: StompFrame[] = [];
  readonly #look = new Set<() => void>();
  #isClosed = false;
  #receiptCount = 0;

  private constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (bytes) => {
      this.#decoder.push(bytes, (frame) => this.#frames.push(frame));
      this.#wake();
    });
    // The close that follows says it.
    this.#socket.on("error", () => undefined);
    this.#socket.once("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
    onTestFinished(() => void this.#socket.destroy());
  }

  /** Connects and logs in; rejects with what the broker says against it. */
  static async connect(port: number, headers: Headers = {}): Promise<RawClient> {
    const client = RawClient.open(port, headers);
    const frame = await client.frame((each) => each.command === "CONNECTED" || each.command === "ERROR");
    if (frame.command === "ERROR") throw new Error(headerOf(frame, "message") ?? "refused");
    return client;
  }

  /** Asks to be connected, and does not wait for the answer. */
  static open(port: number, headers: Headers = {}): RawClient {
    const client = new RawClient(port);
    client.write("CONNECT", { "accept-version": "1.2", host: "localhost", "heart-beat": "0,0", ...headers });
    return client;
  }

  write(command: StompCommand, headers: Headers = {}, body = ""): void {
    const frame = { command, headers: Object.entries(headers), body: Buffer.from(body) };
    this.#socket.write(encodeStompFrame(frame, "1.2"));
  }

  /** Writes a frame and waits for its receipt. */
  async confirmed(command: StompCommand, headers: Headers = {}, body = ""): Promise<void> {
    const receipt = `r${++this.#receiptCount}`;
    this.write(command, { ...headers, receipt }, body);
    const answer = await this.frame(
      (each) => headerOf(each, "receipt-id") === receipt || each.command === "ERROR",
    );
    if (answer.command === "ERROR") throw new Error(headerOf(answer, "message") ?? "refused");
  }

  async send(destination: string, body: string, headers: Headers = {}): Promise<void> {
    await this.confirmed("SEND", { destination, persistent: "true", ...headers }, body);
  }

  async subscribe(destination: string, headers: Headers = {}): Promise<void> {
    await this.confirmed("SUBSCRIBE", { id: destination, destination, ack: "client-individual", ...headers });
  }

  async ack(message: StompFrame): Promise<void> {
    await this.confirmed("ACK", { id: headerOf(message, "ack") ?? "" });
  }

  async nack(message: StompFrame): Promise<void> {
    await this.confirmed("NACK", { id: headerOf(message, "ack") ?? "" });
  }

  /** The next message. */
  async message(): Promise<StompFrame> {
    return await this.frame(({ command }) => command === "MESSAGE");
  }

  /** Bodies of the next `count` messages, each acknowledged. */
  async bodies(count: number): Promise<string[]> {
    const bodies: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const message = await this.message();
      bodies.push(bodyOf(message));
      await this.ack(message);
    }
    return bodies;
  }

  /** Takes the first frame that fits; the others stay. Rejects when the connection ends before. */
  async frame(fits: (frame: StompFrame) => boolean): Promise<StompFrame> {
    return await this.#until(() => {
      const index = this.#frames.findIndex(fits);
      if (index >= 0) return this.#frames.splice(index, 1)[0];
      if (this.#isClosed) throw new Error("the connection was closed");
      return undefined;
    }, "the frame");
  }

  /** Resolves when the broker, or its end, has closed the connection. */
  async closed(): Promise<void> {
    await this.#until(() => this.#isClosed || undefined, "the end of the connection");
  }

  /** Frames of this kind that have arrived and were not taken. */
  waiting(command: StompCommand): StompFrame[] {
    return this.#frames.filter((frame) => frame.command === command);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  end(): void {
    this.#socket.destroy();
  }

  async #until<Answer>(look: () => Answer | undefined, what: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#look.delete(check);
      };
      const check = (): void => {
        try {
          const answer = look();
          if (answer === undefined) return;
          settle();
          resolve(answer);
        } catch (error) {
          settle();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const timer = setTimeout(() => {
        settle();
        reject(new Error(`${what} did not come`));
      }, patienceMs);
      this.#look.add(check);
      check();
    });
  }

  #wake(): void {
    for (const look of [...this.#look]) look();
  }
}

export function bodyOf(frame: StompFrame): string {
  return Buffer.from(frame.body).toString();
}

export function isRedelivered(frame: StompFrame): boolean {
  return headerOf(frame, "redelivered") === "true";
}
