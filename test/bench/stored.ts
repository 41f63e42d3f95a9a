import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyDirectory } from "../../engine/supervisor/copy.ts";
import { memoryMiB, startPair, type BenchPair } from "./brokers.ts";
import { median, type Figure } from "./figures.ts";
import { fill, passingOf, produce, usualLoad } from "./load-process.ts";

export interface StoredScale {
  readonly starts: number;
  readonly storedCount: number;
  readonly measureMs: number;
}

/** Starting, memory, throughput and the copying of a store, with nothing stored and with much. */
export async function storedMessages({ starts, storedCount, measureMs }: StoredScale): Promise<Figure[]> {
  const figures: Figure[] = [];
  const add = (part: string, what: string, value: number, unit: string): void => {
    figures.push({ part, subject: "pair", what, value, unit });
  };
  const empty = await startTimes(starts);
  add("start", `up to protected, empty, median of ${starts}`, empty.medianMs, "ms");
  // What was needed to start is garbage by then.
  await passingOf(2_000);
  add("memory", "both brokers, idle", memoryMiB(empty.pair.pids), "MiB");
  const rate = async (pair: BenchPair): Promise<number> => {
    const load = { ...usualLoad, producers: 8, window: 100, warmUpMs: 500, measureMs };
    return (await produce({ ...load, port: pair.port, queue: "bench.rate" })).perSecond;
  };
  const rateEmpty = await rate(empty.pair);
  await empty.pair.stop();

  const filled = await startPair();
  await fill(filled.port, "bench.stored", storedCount);
  add("memory", `both brokers, just after ${storedCount} messages`, memoryMiB(filled.pids), "MiB");
  const rateFull = await rate(filled);
  add("rates 1 KiB", `8 producers, window 100, with ${storedCount} stored`, rateFull, "msg/s");
  add("rates 1 KiB", `the same, against an empty pair`, rateFull / rateEmpty, "ratio");
  await filled.stop({ keep: true });

  const again = await startPair(filled.directory);
  add("start", `up to protected, ${storedCount} stored`, again.startUpMs, "ms");
  await passingOf(2_000);
  add("memory", `both brokers, restarted with ${storedCount} stored`, memoryMiB(again.pids), "MiB");
  await again.stop({ keep: true });

  const { oursMs, plainMs, syncedMs, bytes } = await copies(join(again.directory, "replica"));
  rmSync(again.directory, { recursive: true, force: true });
  add("recovery", `copy of ${Math.round(bytes / 2 ** 20)} MiB, synced`, oursMs, "ms");
  add("recovery", "rate of cp -r and sync: ours against it", syncedMs / oursMs, "ratio");
  add("recovery", "rate of cp -r, which leaves it in memory: ours against it", plainMs / oursMs, "ratio");
  return figures;
}

async function startTimes(starts: number): Promise<{ pair: BenchPair; medianMs: number }> {
  const times: number[] = [];
  let pair = await startPair();
  times.push(pair.startUpMs);
  while (times.length < starts) {
    await pair.stop();
    pair = await startPair();
    times.push(pair.startUpMs);
  }
  return { pair, medianMs: median(times) };
}

/** The recovery copy's own copying, which is synced, and `cp -r` of the same directory, without a sync and with one. */
async function copies(
  directory: string,
): Promise<{ oursMs: number; plainMs: number; syncedMs: number; bytes: number }> {
  const target = mkdtempSync(join(tmpdir(), "understudy-bench-copy-"));
  const timed = async (work: () => unknown): Promise<number> => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  try {
    let bytes = 0;
    const cp = (to: string) => timed(() => spawnSync("cp", ["-r", directory, join(target, to)]));
    const ours = (to: string) =>
      timed(() => copyDirectory(directory, join(target, to), (size) => (bytes += size)));
    // The first reading warms the page cache for both.
    await cp("first");
    spawnSync("sync", ["-f", target]);
    const plainMs = await cp("plain");
    const syncingMs = await timed(() => spawnSync("sync", ["-f", target]));
    return { plainMs, syncedMs: plainMs + syncingMs, oursMs: await ours("ours"), bytes };
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
