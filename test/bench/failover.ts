import { cpSync, rmSync } from "node:fs";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import { StompClient } from "../../engine/client/stomp-client.ts";
import { newDirectory, startPair, type BenchPair } from "./brokers.ts";
import { median, percentile, type Figure } from "./figures.ts";
import { fill, LoadProcess, passingOf, usualLoad } from "./load-process.ts";

export interface FailoverScale {
  readonly kills: number;
  readonly clientCounts: readonly number[];
  readonly storedCounts: readonly number[];
  /** Unacknowledged messages that consumers hold, a thousand each. */
  readonly heldCounts: readonly number[];
}

/** The pair at the moment of the fault. */
interface Scene {
  readonly clients: number;
  /** A data directory to begin with. */
  readonly template?: string | null;
  readonly held?: number;
}

/** What happens to the pair under traffic. */
interface Fault {
  readonly what: string;
  /** Traffic after it: what is only found by silence takes its time. */
  readonly afterMs: number;
  strike(pair: BenchPair): unknown;
  /** What lets the pair end in order. */
  mend?(pair: BenchPair): unknown;
}

const beforeMs = 700;
const killed: Fault = {
  what: "kill -9",
  afterMs: 700,
  strike: ({ pids }) => process.kill(pids[0] ?? 0, "SIGKILL"),
};
const silent: readonly Fault[] = [
  {
    what: "frozen primary",
    afterMs: 4_000,
    strike: ({ pids }) => process.kill(pids[0] ?? 0, "SIGSTOP"),
    mend: ({ pids }) => process.kill(pids[0] ?? 0, "SIGCONT"),
  },
  {
    what: "frozen replica",
    afterMs: 4_000,
    strike: ({ pids }) => process.kill(pids[1] ?? 0, "SIGSTOP"),
    mend: ({ pids }) => process.kill(pids[1] ?? 0, "SIGCONT"),
  },
  {
    what: "mute link",
    afterMs: 4_000,
    strike: ({ control }) => control.setLink({ mode: "half-open" }),
  },
];

/** Longest time between two confirmations that a failover client sees around a fault. */
export async function failovers({
  kills,
  clientCounts,
  storedCounts,
  heldCounts,
}: FailoverScale): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const stored of storedCounts) {
    const template = stored === 0 ? null : await filledStore(stored);
    // A pair with much in it takes its time to start: fewer kills must do.
    const count = stored === 0 ? kills : Math.min(kills, 5);
    for (const clients of clientCounts) {
      const gaps: number[] = [];
      for (let kill = 0; kill < count; kill += 1) gaps.push(await blackout(killed, { clients, template }));
      figures.push(...figuresOf(`${killed.what}, ${clients} clients, ${stored} stored`, gaps));
    }
    if (template !== null) rmSync(template, { recursive: true, force: true });
  }
  for (const held of heldCounts) {
    const gaps: number[] = [];
    for (let kill = 0; kill < Math.min(kills, 5); kill += 1)
      gaps.push(await blackout(killed, { clients: 1, held }));
    figures.push(...figuresOf(`${killed.what}, ${held} messages in the hands of ${held / 1_000} more`, gaps));
  }
  for (const fault of silent) {
    const gaps: number[] = [];
    for (let round = 0; round < Math.min(kills, 5); round += 1)
      gaps.push(await blackout(fault, { clients: 1 }));
    figures.push(...figuresOf(`${fault.what}, client with heart-beats`, gaps));
  }
  return figures;
}

function figuresOf(what: string, gaps: readonly number[]): Figure[] {
  const base = { part: "blackout", subject: "pair", unit: "ms" };
  return [
    { ...base, what: `${what}: median of ${gaps.length}`, value: median(gaps) },
    { ...base, what: `${what}: p95`, value: percentile(gaps, 0.95) },
    { ...base, what: `${what}: longest`, value: Math.max(...gaps) },
  ];
}

/** The data directory of a pair that holds so many messages, to be copied. */
async function filledStore(stored: number): Promise<string> {
  const pair = await startPair();
  await fill(pair.port, "bench.stored", stored);
  await pair.stop({ keep: true });
  return pair.directory;
}

async function blackout(fault: Fault, { clients, template = null, held = 0 }: Scene): Promise<number> {
  const directory = newDirectory();
  if (template !== null) cpSync(template, directory, { recursive: true });
  const pair = await startPair(directory);
  const followers = new LoadProcess();
  const ports = [...pair.failoverUri.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  await followers.ask({ kind: "follow", ports, clients: clients - 1 });
  const holders = new LoadProcess();
  if (held > 0) {
    await fill(pair.port, "bench.held", held);
    const [port = 0] = ports;
    await holders.ask({
      kind: "hold",
      port,
      queue: "bench.held",
      consumers: held / 1_000,
      messagesEach: 1_000,
    });
  }
  const client = new StompClient({ uri: parseFailoverUri(pair.failoverUri) });
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
  await passingOf(beforeMs);
  const faultAt = performance.now();
  await fault.strike(pair);
  await passingOf(fault.afterMs);
  over.abort();
  await producing;
  await client.close();
  followers.end();
  holders.end();
  await fault.mend?.(pair);
  await pair.stop();
  return longestGap(confirmedAt, faultAt);
}

/** The confirmation that was under way at the fault may still arrive: gaps that end after the fault count. */
function longestGap(confirmedAt: readonly number[], faultAt: number): number {
  return Math.max(
    ...confirmedAt.map((at, index) => (at < faultAt ? 0 : at - (confirmedAt[index - 1] ?? faultAt))),
  );
}
