import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import { StompClient } from "../../engine/client/stomp-client.ts";
import { memoryMiB, startPair, type BenchPair, type Subject } from "./brokers.ts";
import { median, type Figure } from "./figures.ts";
import type { Order, Outcome } from "./load.ts";

/** How long and how often; the quick scale fits into a continuous integration run. */
export interface Scale {
  readonly measureMs: number;
  readonly warmUpMs: number;
  readonly repeats: number;
  readonly producerCounts: readonly number[];
  readonly windows: readonly number[];
  readonly kills: number;
  readonly starts: number;
  readonly storedCount: number;
}

export const fullScale: Scale = {
  measureMs: 3_000,
  warmUpMs: 500,
  repeats: 3,
  producerCounts: [1, 8, 32],
  windows: [1, 100],
  kills: 10,
  starts: 5,
  storedCount: 100_000,
};

export const quickScale: Scale = {
  measureMs: 1_000,
  warmUpMs: 300,
  repeats: 1,
  producerCounts: [1, 8],
  windows: [1, 100],
  kills: 2,
  starts: 2,
  storedCount: 5_000,
};

const bodyBytes = 1_024;
/** Traffic before and after each kill. */
const aroundKillMs = 700;

/** A process that makes load. */
class LoadProcess {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("./load.ts", import.meta.url)), [], {
    serialization: "json",
  });

  async ask<Answer>(order: Order | "end"): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      this.#child.once("message", (answer) => resolve(answer as Answer));
      this.#child.once("exit", (code) => {
        reject(new Error(`the load generator ended with ${code}`));
      });
      this.#child.send(order);
    });
  }

  begin(): void {
    this.#child.send("begin");
  }

  end(): void {
    this.#child.disconnect();
  }
}

/** Confirmed persistent messages a second, and how long a producer waits for each confirmation. */
export async function throughput(start: () => Promise<Subject>, scale: Scale): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const producers of scale.producerCounts) {
    for (const window of scale.windows) {
      // Each with a broker of its own, so that none pays for what those before it stored.
      const subject = await start();
      const outcomes: Outcome[] = [];
      for (let round = 0; round < scale.repeats; round += 1) {
        const { warmUpMs, measureMs } = scale;
        const queue = `bench.${producers}.${window}.${round}`;
        outcomes.push(
          await produce({ port: subject.port, queue, producers, window, bodyBytes, warmUpMs, measureMs }),
        );
      }
      await subject.stop();
      const what = `${producers} producers, window ${window}`;
      const of = (pick: (outcome: Outcome) => number): number => median(outcomes.map(pick));
      const base = { part: "confirmed 1 KiB", subject: subject.name };
      figures.push(
        { ...base, what, value: of(({ perSecond }) => perSecond), unit: "msg/s" },
        { ...base, what: `${what}, p50`, value: of(({ p50Ms }) => p50Ms), unit: "ms" },
        { ...base, what: `${what}, p99`, value: of(({ p99Ms }) => p99Ms), unit: "ms" },
      );
    }
  }
  return figures;
}

async function produce(order: Omit<Extract<Order, { kind: "produce" }>, "kind">): Promise<Outcome> {
  const load = new LoadProcess();
  const outcome = await load.ask<Outcome>({ kind: "produce", ...order });
  load.end();
  return outcome;
}

/** Eight producers and eight consumers at once: from a producer's hand into a consumer's. */
export async function endToEnd(start: () => Promise<Subject>, scale: Scale): Promise<Figure[]> {
  const subject = await start();
  const [producers, consumers] = [8, 8];
  const { port } = subject;
  const { warmUpMs, measureMs } = scale;
  const queue = "bench.end-to-end";
  const outcomes: Outcome[] = [];
  for (let round = 0; round < scale.repeats; round += 1) {
    const consumer = new LoadProcess();
    await consumer.ask({ kind: "consume", port, queue, consumers });
    const produced = produce({ port, queue, producers, window: 10, bodyBytes, warmUpMs, measureMs });
    setTimeout(() => consumer.begin(), warmUpMs);
    await produced;
    outcomes.push(await consumer.ask<Outcome>("end"));
    consumer.end();
  }
  await subject.stop();
  const base = { part: "end to end 1 KiB", subject: subject.name };
  const of = (pick: (outcome: Outcome) => number): number => median(outcomes.map(pick));
  return [
    { ...base, what: "8 to 8, window 10", value: of(({ perSecond }) => perSecond), unit: "msg/s" },
    { ...base, what: "8 to 8, p50", value: of(({ p50Ms }) => p50Ms), unit: "ms" },
    { ...base, what: "8 to 8, p99", value: of(({ p99Ms }) => p99Ms), unit: "ms" },
  ];
}

/** Longest time between two confirmations that a failover client sees around `kill -9` of the primary. */
export async function blackout(scale: Scale): Promise<Figure[]> {
  const gaps: number[] = [];
  for (let kill = 0; kill < scale.kills; kill += 1) gaps.push(await oneBlackout());
  const base = { part: "failover", subject: "pair" };
  return [
    { ...base, what: `blackout after kill -9, median of ${scale.kills}`, value: median(gaps), unit: "ms" },
    {
      ...base,
      what: `blackout after kill -9, longest of ${scale.kills}`,
      value: Math.max(...gaps),
      unit: "ms",
    },
  ];
}

async function oneBlackout(): Promise<number> {
  const pair = await startPair();
  const client = new StompClient({ uri: parseFailoverUri(pair.failoverUri), heartbeatMs: 0 });
  const confirmedAt: number[] = [];
  const over = new AbortController();
  const producing = (async () => {
    while (!over.signal.aborted) {
      await client.send({
        destination: "/queue/bench",
        body: Buffer.alloc(bodyBytes),
        headers: [["persistent", "true"]],
      });
      confirmedAt.push(performance.now());
    }
  })();
  await passingOf(aroundKillMs);
  const killedAt = performance.now();
  process.kill(pair.pids[0] ?? 0, "SIGKILL");
  await passingOf(aroundKillMs);
  over.abort();
  await producing;
  await client.close();
  await pair.stop();
  // The confirmation that was under way at the kill may still arrive; what comes much later is another story.
  const around = confirmedAt.slice(Math.max(0, confirmedAt.findIndex((at) => at > killedAt) - 1)).slice(0, 4);
  return Math.max(...around.map((at, index) => at - (around[index - 1] ?? at)));
}

/** From starting the command to its ready line; the last pair's memory, empty and full. */
export async function startAndMemory(scale: Scale): Promise<Figure[]> {
  const times: number[] = [];
  let pair: BenchPair = await startPair();
  for (let start = 1; start < scale.starts; start += 1) {
    times.push(pair.startUpMs);
    await pair.stop();
    pair = await startPair();
  }
  times.push(pair.startUpMs);
  const idle = memoryMiB(pair.pids);
  const { storedCount: messageCount } = scale;
  const load = { producers: 8, window: 100, bodyBytes, warmUpMs: 0, measureMs: 0, messageCount };
  await produce({ port: pair.port, queue: "bench.stored", ...load });
  const full = memoryMiB(pair.pids);
  await pair.stop();
  return [
    {
      part: "start",
      subject: "pair",
      what: `up to protected, median of ${scale.starts}`,
      value: median(times),
      unit: "ms",
    },
    { part: "memory", subject: "pair", what: "both brokers, idle", value: idle, unit: "MiB" },
    {
      part: "memory",
      subject: "pair",
      what: `both brokers, ${messageCount} stored`,
      value: full,
      unit: "MiB",
    },
  ];
}

async function passingOf(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
