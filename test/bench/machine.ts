import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { percentile, type Figure } from "./figures.ts";

/** What the machine itself can do: nothing above it can be faster. */
export async function machineLimits(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-bench-"));
  try {
    const syncs = syncTimes(directory);
    const trips = await roundTrips();
    const figure = (what: string, value: number, unit: string): Figure => ({
      part: "machine",
      subject: "limit",
      what,
      value,
      unit,
    });
    return [
      figure("fdatasync of 4 KiB, p50", percentile(syncs, 0.5), "ms"),
      figure("fdatasync of 4 KiB, p99", percentile(syncs, 0.99), "ms"),
      figure("loopback round trip of 1 KiB, p50", percentile(trips, 0.5), "ms"),
      figure("SQLite rows of 1 KiB in synced batches of 100", insertRate(directory), "rows/s"),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Cores, memory and processor: what figures of two machines are compared by. */
export function machineText(): string {
  let model = "unknown processor";
  try {
    model = /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? model;
  } catch {
    // Other systems do not have the file.
  }
  return `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${model}`;
}

function syncTimes(directory: string): number[] {
  const file = openSync(join(directory, "sync"), "w");
  const block = Buffer.alloc(4_096);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, block);
    const startedAt = performance.now();
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  return times;
}

async function roundTrips(): Promise<number[]> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const times: number[] = [];
  const message = Buffer.alloc(1_024);
  for (let count = 0; count < 1_000; count += 1) {
    const startedAt = performance.now();
    socket.write(message);
    await new Promise((resolve) => socket.once("data", resolve));
    times.push(performance.now() - startedAt);
  }
  socket.destroy();
  server.close();
  return times;
}

function insertRate(directory: string): number {
  const database = new Database(join(directory, "insert.sqlite"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)");
  const insert = database.prepare("INSERT INTO row (body) VALUES (?)");
  const body = Buffer.alloc(1_024);
  const batch = database.transaction(() => {
    for (let count = 0; count < 100; count += 1) insert.run(body);
  });
  const startedAt = performance.now();
  let batches = 0;
  for (; performance.now() - startedAt < 1_000; batches += 1) batch();
  const rate = (batches * 100_000) / (performance.now() - startedAt);
  database.close();
  return rate;
}
