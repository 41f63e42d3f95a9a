import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../build/paths.mjs";
import { freePort } from "../../engine/host/ports.ts";

/** What a measurement runs against. */
export interface Subject {
  readonly name: string;
  /** Where its clients connect. */
  readonly port: number;
  /** Broker processes, whose memory counts. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A pair started by `understudy up`, with what a failover needs. */
export interface BenchPair extends Subject {
  readonly failoverUri: string;
  readonly startUpMs: number;
}

const understudy = join(root, "build", "run.mjs");

/** Starts a pair on free ports and a new directory, as a user does. */
export async function startPair(): Promise<BenchPair> {
  const directory = newDirectory();
  const startedAt = performance.now();
  const ports = ["--primary-port", "0", "--replica-port", "0", "--control-port", "0"];
  const child = spawn(
    process.execPath,
    [understudy, "understudy", "up", "--json", ...ports, "--data", directory],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ready = JSON.parse(await firstLine(child, "stdout")) as {
    failover: string;
    primary: { port: number; pid: number };
    replica: { pid: number };
    protection: string;
  };
  if (ready.protection !== "protected") throw new Error(`the pair is ${ready.protection}`);
  return {
    name: "pair",
    port: ready.primary.port,
    pids: [ready.primary.pid, ready.replica.pid],
    failoverUri: ready.failover,
    startUpMs: performance.now() - startedAt,
    stop: () => stop(child, directory),
  };
}

/** The same broker without a replica: what the mirror costs is the difference. */
export async function startSingle(): Promise<Subject> {
  const directory = newDirectory();
  const port = await freePort();
  const args = [
    "broker",
    "--name",
    "single",
    "--profile",
    "classic",
    "--port",
    String(port),
    "--data",
    directory,
  ];
  const child = spawn(process.execPath, [understudy, "understudy", ...args], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  await firstLine(child, "stderr", /^active on port/);
  return { name: "single", port, pids: [child.pid ?? 0], stop: () => stop(child, directory) };
}

/** A broker that runs already and speaks STOMP there, such as ActiveMQ; it is neither started nor stopped. */
export function runningBroker(name: string, port: number): Promise<Subject> {
  return Promise.resolve({ name, port, pids: [], stop: () => Promise.resolve() });
}

/** Resident memory of processes together, in MiB. */
export function memoryMiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return sum + Number(kib) / 1_024;
  }, 0);
}

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "understudy-bench-"));
}

/** The first line of a stream that fits; everything behind it is read and dropped. */
async function firstLine(child: ChildProcess, stream: "stdout" | "stderr", fits = /./): Promise<string> {
  return await new Promise((resolve, reject) => {
    const input = child[stream];
    if (input === null) return;
    createInterface({ input }).on("line", (line) => {
      if (fits.test(line)) resolve(line);
    });
    child.once("exit", (code) => {
      reject(new Error(`it ended with ${code} before it was ready`));
    });
  });
}

async function stop(child: ChildProcess, directory: string): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
}
