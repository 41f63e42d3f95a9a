import stompit, { type Client, type Message } from "stompit";
import { onTestFinished } from "vitest";
import { arrivalOf, labelled, type Sending, type Traffic } from "./traffic.ts";

interface Ports {
  readonly primary: number;
  readonly replica: number;
}

/** A stompit client with both brokers in its failover list, as its documentation shows it. Ended with the test. */
export class StompitFailover {
  readonly #failover: stompit.ConnectFailover;
  #client: Client | null = null;
  #reconnect: (() => void) | null = null;
  #abort: (() => void) | null = null;
  #isEnded = false;

  constructor({ primary, replica }: Ports, connectHeaders: Record<string, string> = {}) {
    const servers = [primary, replica].map((port) => ({ host: "127.0.0.1", port, connectHeaders }));
    this.#failover = new stompit.ConnectFailover(servers, { randomize: false, maxReconnectDelay: 250 });
    onTestFinished(() => this.end());
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Calls `onClient` with each new connection; `lost` behind it settles when that one breaks. */
  start(onClient: (client: Client, lost: Promise<Error>) => void): void {
    const connection = this.#failover.connect((error, client, reconnect) => {
      if (error !== null) throw error;
      this.#client = client;
      // It writes a frame in pieces, and each would wait for the acknowledgement of the one before.
      client.getTransportSocket().setNoDelay(true);
      this.#reconnect = reconnect;
      const lost = new Promise<Error>((resolve) => client.on("error", resolve));
      void lost.then(() => {
        if (!this.#isEnded) this.#reconnect?.();
      });
      onClient(client, lost);
    });
    this.#abort = () => connection.abort();
  }

  end(): void {
    this.#isEnded = true;
    this.#abort?.();
    this.#client?.destroy();
  }
}

export interface ProducerOptions {
  readonly name: string;
  readonly destination: string;
  readonly traffic: Traffic;
  /** Messages in a transaction; 1: none. */
  readonly groupSize?: number;
}

/** Sends one message, or one transaction, after the other, each when the one before is confirmed. */
export class StompitProducer {
  readonly #failover: StompitFailover;
  readonly #options: ProducerOptions;
  #next = 0;
  #attempt = 1;
  #onStopped: (() => void) | null = null;

  constructor(ports: Ports, options: ProducerOptions) {
    this.#failover = new StompitFailover(ports);
    this.#options = options;
    this.#failover.start((client, lost) => void this.#sendOn(client, lost));
  }

  /** Resolves when the last one is confirmed. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => (this.#onStopped = resolve));
    this.#failover.end();
  }

  async #sendOn(client: Client, lost: Promise<Error>): Promise<void> {
    const { name, groupSize = 1, traffic } = this.#options;
    const broken = lost.then(() => "broken" as const);
    for (;;) {
      const group = Array.from({ length: groupSize }, (_, index) => ({
        producer: name,
        number: this.#next + index,
        attempt: this.#attempt,
      }));
      if ((await Promise.race([this.#send(client, group), broken])) === "broken") {
        this.#attempt += 1;
        return;
      }
      traffic.confirmed(group);
      this.#next += groupSize;
      this.#attempt = 1;
      if (this.#onStopped !== null) {
        this.#onStopped();
        return;
      }
    }
  }

  async #send(client: Client, group: readonly Sending[]): Promise<"confirmed"> {
    const { destination } = this.#options;
    await new Promise<void>((resolve) => {
      if (group.length === 1) {
        for (const sending of group)
          client
            .send(labelled(destination, sending), { onReceipt: resolve })
            .end(`message ${sending.number}`);
        return;
      }
      const transaction = client.begin();
      for (const sending of group)
        transaction.send(labelled(destination, sending)).end(`message ${sending.number}`);
      transaction.commit({ onReceipt: resolve });
    });
    return "confirmed";
  }
}

export interface ConsumerOptions {
  readonly destination: string;
  readonly traffic: Traffic;
  /** Work pretended for each message. */
  readonly processingMs?: number;
  readonly prefetch?: number;
}

/** Takes messages and acknowledges each one. */
export function startStompitConsumer(ports: Ports, options: ConsumerOptions): StompitFailover {
  const { destination, traffic, processingMs = 0, prefetch } = options;
  const failover = new StompitFailover(ports);
  const size = prefetch === undefined ? {} : { "activemq.prefetchSize": prefetch };
  failover.start((client) => {
    const take = async (message: Message): Promise<void> => {
      await bodyOf(message);
      if (failover.isEnded) return;
      traffic.arrived(arrivalOf(message.headers));
      if (processingMs > 0) await new Promise((resolve) => setTimeout(resolve, processingMs));
      client.ack(message);
    };
    client.subscribe({ destination, ack: "client-individual", ...size }, (error, message) => {
      // The connection's own error says it as well, and brings the next one.
      if (error === null) void take(message);
    });
  });
  return failover;
}

export async function bodyOf(message: Message): Promise<string> {
  return await new Promise((resolve, reject) => {
    message.readString("utf8", (error, body) => {
      if (error === null) resolve(body);
      else reject(error);
    });
  });
}
