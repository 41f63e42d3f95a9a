import { connect, type Socket } from "node:net";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import { StompClient } from "../../engine/client/stomp-client.ts";
import { startPair, type BenchPair } from "./brokers.ts";
import { median, percentile, type Figure } from "./figures.ts";
import { fill, passingOf, usualLoad } from "./load-process.ts";

/** Traffic before and after each fault. */
const aroundMs = 700;
/** Half-open and frozen peers are found by silence. */
const aroundFreezeMs = 4_000;

export interface FailoverScale {
  readonly kills: number;
  readonly clientCounts: readonly number[];
  readonly storedCounts: readonly number[];
}

/** Longest time between two confirmations that a failover client sees around `kill -9` of the primary, and around a freeze. */
export async function failovers({ kills, clientCounts, storedCounts }: FailoverScale): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const stored of storedCounts) {
    for (const clients of clientCounts) {
      const gaps: number[] = [];
      // A pair with much in it takes long to fill: fewer kills must do.
      const count = stored === 0 ? kills : Math.min(kills, 3);
      for (let kill = 0; kill < count; kill += 1) gaps.push(await blackout("SIGKILL", clients, stored));
      figures.push(...figuresOf(`kill -9, ${clients} clients, ${stored} stored`, gaps));
    }
  }
  const frozen: number[] = [];
  for (let freeze = 0; freeze < Math.min(kills, 5); freeze += 1) frozen.push(await blackout("SIGSTOP", 1, 0));
  // This client has no heart-beats: it learns of the freeze only when the frozen process is killed.
  return [...figures, ...figuresOf("frozen for 4 s, then killed, client without heart-beats", frozen)];
}

function figuresOf(what: string, gaps: readonly number[]): Figure[] {
  const base = { part: "blackout", subject: "pair", unit: "ms" };
  return [
    { ...base, what: `${what}: median of ${gaps.length}`, value: median(gaps) },
    { ...base, what: `${what}: p95`, value: percentile(gaps, 0.95) },
    { ...base, what: `${what}: longest`, value: Math.max(...gaps) },
  ];
}

async function blackout(signal: "SIGKILL" | "SIGSTOP", clients: number, stored: number): Promise<number> {
  const pair = await startPair();
  if (stored > 0) await fill(pair.port, "bench.stored", stored);
  const others = await Promise.all(Array.from({ length: clients - 1 }, () => follower(pair)));
  const client = new StompClient({ uri: parseFailoverUri(pair.failoverUri), heartbeatMs: 0 });
  const confirmedAt: number[] = [];
  const over = new AbortController();
  const producing = (async () => {
    while (!over.signal.aborted) {
      await client.send({
        destination: "/queue/bench",
        body: Buffer.alloc(usualLoad.bodyBytes),
        headers: [["persistent", "true"]],
      });
      confirmedAt.push(performance.now());
    }
  })();
  await passingOf(aroundMs);
  const faultAt = performance.now();
  process.kill(pair.pids[0] ?? 0, signal);
  // A frozen process is killed in the end, as whoever runs it would: its client's connection never breaks by itself.
  if (signal === "SIGSTOP") {
    await passingOf(aroundFreezeMs);
    process.kill(pair.pids[0] ?? 0, "SIGKILL");
  }
  await passingOf(aroundMs);
  over.abort();
  await producing;
  await client.close();
  for (const other of others) other.close();
  await pair.stop();
  // The confirmation that was under way at the fault may still arrive; what comes much later is another story.
  const around = confirmedAt.slice(Math.max(0, confirmedAt.findIndex((at) => at > faultAt) - 1)).slice(0, 4);
  return Math.max(...around.map((at, index) => at - (around[index - 1] ?? at)));
}

/** A connected client that only follows the pair, with the reconnect delay of the one that is measured. */
async function follower({ failoverUri }: BenchPair): Promise<{ close(): void }> {
  const ports = [...failoverUri.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  let socket: Socket | null = null;
  let timer: NodeJS.Timeout | null = null;
  let turn = 0;
  let isOver = false;
  const dial = (onConnected: () => void): void => {
    const current = connect({ port: ports[turn % ports.length] ?? 0, host: "127.0.0.1" });
    socket = current;
    current.on("error", () => undefined);
    current.once("connect", () => {
      current.write("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
      onConnected();
    });
    current.resume().once("close", () => {
      turn += 1;
      if (!isOver) timer = setTimeout(() => dial(() => undefined), 10);
    });
  };
  await new Promise<void>((resolve) => dial(resolve));
  return {
    close: () => {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
      socket?.destroy();
    },
  };
}
