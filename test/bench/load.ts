import { connect, type Socket } from "node:net";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame } from "../../engine/wire/stomp/encode.ts";
import { headerOf, type StompFrame } from "../../engine/wire/stomp/frames.ts";
import { percentile } from "./figures.ts";

/** What the load generator is asked to do; it runs in a process of its own, so that it takes no time from the brokers' own. */
export type Order =
  | {
      readonly kind: "produce";
      readonly port: number;
      readonly queue: string;
      readonly producers: number;
      /** Messages of one producer that may wait for their receipt. */
      readonly window: number;
      readonly bodyBytes: number;
      readonly persistent: boolean;
      readonly warmUpMs: number;
      readonly measureMs: number;
      /** Instead of for a time, until so many are confirmed. */
      readonly messageCount?: number;
    }
  | { readonly kind: "consume"; readonly port: number; readonly queue: string; readonly consumers: number }
  /** Consumers that take so many messages each and keep them, unacknowledged. */
  | {
      readonly kind: "hold";
      readonly port: number;
      readonly queue: string;
      readonly consumers: number;
      readonly messagesEach: number;
    }
  /** Clients that are connected and do nothing but follow the pair. */
  | { readonly kind: "follow"; readonly ports: readonly number[]; readonly clients: number };

export interface Outcome {
  readonly perSecond: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The machine's monotonic clock, the same in every process. */
function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Counts what happens between the end of the warm-up and the end of the measurement. */
class Meter {
  readonly #latencies: number[] = [];
  #from = Number.POSITIVE_INFINITY;
  #count = 0;

  begin(): void {
    this.#from = clockMs();
  }

  count(latencyMs: number): void {
    if (clockMs() < this.#from) return;
    this.#count += 1;
    this.#latencies.push(latencyMs);
  }

  get outcome(): Outcome {
    const seconds = (clockMs() - this.#from) / 1_000;
    return {
      perSecond: this.#count / seconds,
      count: this.#count,
      p50Ms: percentile(this.#latencies, 0.5),
      p99Ms: percentile(this.#latencies, 0.99),
    };
  }
}

async function open(port: number, take: (frame: StompFrame) => void): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const decoder = new StompDecoder("1.2");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.on("data", (bytes) => {
      decoder.push(bytes, (frame) => {
        if (frame.command === "CONNECTED") resolve();
        else if (frame.command === "ERROR") throw new Error(`the broker says: ${headerOf(frame, "message")}`);
        else take(frame);
      });
    });
    write(socket, "CONNECT", { "accept-version": "1.2", host: "localhost", "heart-beat": "0,0" });
  });
  return socket;
}

function write(
  socket: Socket,
  command: "CONNECT" | "SUBSCRIBE" | "ACK",
  headers: Record<string, string>,
): void {
  socket.write(
    encodeStompFrame({ command, headers: Object.entries(headers), body: new Uint8Array() }, "1.2"),
  );
}

async function produce(order: Extract<Order, { kind: "produce" }>): Promise<Outcome> {
  const meter = new Meter();
  let isOver = false;
  let left = order.messageCount ?? Number.POSITIVE_INFINITY;
  let onDone: () => void = () => undefined;
  const tail = Buffer.concat([Buffer.from("\n"), Buffer.alloc(order.bodyBytes, "x"), Buffer.from([0])]);
  const head = `SEND\ndestination:/queue/${order.queue}\npersistent:${order.persistent}\ncontent-length:${order.bodyBytes}\n`;

  const producers = Array.from({ length: order.producers }, async () => {
    const sentAt = new Map<string, number>();
    let number = 0;
    const socket = await open(order.port, (frame) => {
      const receipt = headerOf(frame, "receipt-id") ?? "";
      meter.count(clockMs() - (sentAt.get(receipt) ?? 0));
      sentAt.delete(receipt);
      left -= 1;
      if (left <= 0) onDone();
      send();
    });
    const send = (): void => {
      if (isOver) return;
      const receipt = String(++number);
      const at = clockMs();
      sentAt.set(receipt, at);
      socket.write(Buffer.concat([Buffer.from(`${head}sent-at:${at}\nreceipt:${receipt}\n`), tail]));
    };
    for (let index = 0; index < order.window; index += 1) send();
    return socket;
  });
  const sockets = await Promise.all(producers);
  await passingOf(order.warmUpMs);
  meter.begin();
  if (order.messageCount === undefined) await passingOf(order.measureMs);
  else await new Promise<void>((resolve) => (onDone = resolve));
  const { outcome } = meter;
  isOver = true;
  for (const socket of sockets) socket.destroy();
  return outcome;
}

/** Counts from the first message until it is told to end. */
async function consume(
  order: Extract<Order, { kind: "consume" }>,
): Promise<{ begin(): void; end(): Outcome }> {
  const meter = new Meter();
  const consumers = Array.from({ length: order.consumers }, async () => {
    const socket = await open(order.port, (frame) => {
      meter.count(clockMs() - Number(headerOf(frame, "sent-at")));
      write(socket, "ACK", { id: headerOf(frame, "ack") ?? "" });
    });
    write(socket, "SUBSCRIBE", { id: "s", destination: `/queue/${order.queue}`, ack: "client-individual" });
    return socket;
  });
  const sockets = await Promise.all(consumers);
  return {
    begin: () => meter.begin(),
    end: () => {
      for (const socket of sockets) socket.destroy();
      return meter.outcome;
    },
  };
}

async function hold(order: Extract<Order, { kind: "hold" }>): Promise<void> {
  let left = order.consumers * order.messagesEach;
  let onDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (onDone = resolve));
  for (let count = 0; count < order.consumers; count += 1) {
    const socket = await open(order.port, () => {
      left -= 1;
      if (left === 0) onDone();
    });
    // The broker is to be killed.
    socket.on("error", () => undefined);
    write(socket, "SUBSCRIBE", {
      id: "s",
      destination: `/queue/${order.queue}`,
      ack: "client-individual",
      "activemq.prefetchSize": `${order.messagesEach}`,
    });
  }
  await done;
}

/** A client that connects to one port after the other, whenever it is without a broker. */
async function follow(ports: readonly number[]): Promise<void> {
  let turn = 0;
  const dial = (onConnected: () => void): void => {
    const socket = connect({ port: ports[turn % ports.length] ?? 0, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.once("connect", () => {
      write(socket, "CONNECT", { "accept-version": "1.2", host: "localhost" });
      onConnected();
    });
    socket.resume().once("close", () => {
      turn += 1;
      setTimeout(() => dial(() => undefined), 10);
    });
  };
  await new Promise<void>((resolve) => dial(resolve));
}

async function passingOf(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

let consumer: { begin(): void; end(): Outcome } | null = null;

process.on("message", (order: Order | "begin" | "end") => void obey(order));
process.on("disconnect", () => process.exit(0));

async function obey(order: Order | "begin" | "end"): Promise<void> {
  if (order === "begin") consumer?.begin();
  else if (order === "end") process.send?.(consumer?.end() ?? null);
  else if (order.kind === "produce") process.send?.(await produce(order));
  else if (order.kind === "follow") {
    await Promise.all(Array.from({ length: order.clients }, () => follow(order.ports)));
    process.send?.("following");
  } else if (order.kind === "hold") {
    await hold(order);
    process.send?.("holding");
  } else {
    consumer = await consume(order);
    process.send?.("consuming");
  }
}
