import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Order, Outcome } from "./load.ts";

/** A process that makes load, so that it takes no time from the brokers' own. */
export class LoadProcess {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("./load.ts", import.meta.url)), [], {
    serialization: "json",
  });

  async ask<Answer>(order: Order | "end"): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      this.#child.once("message", (answer) => resolve(answer as Answer));
      this.#child.once("exit", (code) => reject(new Error(`the load generator ended with ${code}`)));
      this.#child.send(order);
    });
  }

  begin(): void {
    this.#child.send("begin");
  }

  end(): void {
    this.#child.removeAllListeners("exit");
    this.#child.disconnect();
  }
}

/** What a load of producers is, unless told otherwise. */
export const usualLoad = {
  bodyBytes: 1_024,
  persistent: true,
  warmUpMs: 0,
  measureMs: 0,
} as const;

export async function produce(order: Omit<Extract<Order, { kind: "produce" }>, "kind">): Promise<Outcome> {
  const load = new LoadProcess();
  const outcome = await load.ask<Outcome>({ kind: "produce", ...order });
  load.end();
  return outcome;
}

/** Sends `messageCount` messages to a queue and returns when all are confirmed. */
export async function fill(port: number, queue: string, messageCount: number): Promise<void> {
  await produce({ ...usualLoad, port, queue, producers: 8, window: 100, messageCount });
}

/** Producers and consumers at once: what the consumers get. */
export async function produceAndConsume(
  order: Omit<Extract<Order, { kind: "produce" }>, "kind">,
  consumers: number,
): Promise<Outcome> {
  const consumer = new LoadProcess();
  await consumer.ask({ kind: "consume", port: order.port, queue: order.queue, consumers });
  const produced = produce(order);
  const timer = setTimeout(() => consumer.begin(), order.warmUpMs);
  await produced;
  clearTimeout(timer);
  const outcome = await consumer.ask<Outcome>("end");
  consumer.end();
  return outcome;
}

export async function passingOf(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
