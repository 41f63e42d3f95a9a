import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../build/paths.mjs";
import { controlClient, type ControlClient } from "../../engine/control/client.ts";
import { freePort } from "../../engine/host/ports.ts";
import { passingOf } from "./load-process.ts";
import { compileJava, missingForJava, type Java } from "../interop/java.ts";

/** What a measurement runs against. */
export interface Subject {
  readonly name: string;
  /** Where its clients connect. */
  readonly port: number;
  /** For OpenWire, where that is another one. */
  readonly openwirePort?: number;
  /** Broker processes, whose memory counts. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A pair started by `understudy up`, with what a failover needs. */
export interface BenchPair extends Subject {
  readonly failoverUri: string;
  readonly control: ControlClient;
  readonly startUpMs: number;
  readonly directory: string;
  /** `keep`: the data directory stays, to be started again. */
  stop(options?: { readonly keep: boolean }): Promise<void>;
}

const understudy = join(root, "build", "run.mjs");

/** Starts a pair on free ports, as a user does; on a new directory, or on one that was kept. */
export async function startPair(directory = newDirectory()): Promise<BenchPair> {
  const startedAt = performance.now();
  const ports = ["--primary-port", "0", "--replica-port", "0", "--control-port", "0"];
  const child = spawn(
    process.execPath,
    [understudy, "understudy", "up", "--json", ...ports, "--data", directory],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ready = JSON.parse(await firstLine(child, "stdout")) as {
    failover: string;
    control: string;
    primary: { port: number; pid: number };
    replica: { pid: number };
    protection: string;
  };
  const control = controlClient({
    url: ready.control,
    token: readFileSync(join(directory, "control.token"), "utf8").trim(),
  });
  // A store with much in it may be ready to serve before the replica has its place.
  if (ready.protection !== "protected")
    while ((await control.getPair({})).protection !== "protected") await passingOf(5);
  const startUpMs = performance.now() - startedAt;
  return {
    name: "pair",
    port: ready.primary.port,
    pids: [ready.primary.pid, ready.replica.pid],
    failoverUri: ready.failover,
    control,
    startUpMs,
    directory,
    stop: async ({ keep } = { keep: false }) => {
      await stop(child);
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
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
  return {
    name: "single",
    port,
    pids: [child.pid ?? 0],
    stop: async () => {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Starts ActiveMQ from Debian's packages, unreplicated and as it comes; the compiled classes serve all starts. `null`
 * where Java or the packages are missing.
 */
export function activemqStarter(): { java: Java; start: () => Promise<Subject>; cleanUp: () => void } | null {
  if (missingForJava() !== null) return null;
  const java = compileJava();
  const start = async (): Promise<Subject> => {
    const directory = newDirectory();
    const args = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", java.classPath];
    const child = spawn(java.command, [...args, "activemq.Main", directory], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [openwirePort, port] = await firstLines(child, "stdout", 2);
    return {
      name: "activemq",
      port: Number(port),
      openwirePort: Number(openwirePort),
      pids: [child.pid ?? 0],
      stop: async () => {
        await stop(child);
        rmSync(directory, { recursive: true, force: true });
      },
    };
  };
  return { java, start, cleanUp: () => rmSync(java.directory, { recursive: true, force: true }) };
}

/**
 * Resident memory of processes together, in MiB: what each has for itself, and the files that all of them map (Node's own
 * program, above all) once, as they are in memory once.
 */
export function memoryMiB(pids: readonly number[]): number {
  const statuses = pids.map((pid) => readFileSync(`/proc/${pid}/status`, "utf8"));
  const kib = (name: string): number[] =>
    statuses.map((status) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]));
  const own = kib("RssAnon").reduce((sum, one) => sum + one, 0);
  return (own + Math.max(...kib("RssFile"))) / 1_024;
}

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "understudy-bench-"));
}

/** The first line of a stream that fits; everything behind it is read and dropped. */
async function firstLine(child: ChildProcess, stream: "stdout" | "stderr", fits = /./): Promise<string> {
  return (await firstLines(child, stream, 1, fits))[0] ?? "";
}

async function firstLines(
  child: ChildProcess,
  stream: "stdout" | "stderr",
  count: number,
  fits = /./,
): Promise<string[]> {
  return await new Promise((resolve, reject) => {
    const lines: string[] = [];
    const input = child[stream];
    if (input === null) return;
    createInterface({ input }).on("line", (line) => {
      if (!fits.test(line)) return;
      lines.push(line);
      if (lines.length === count) resolve(lines);
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it was ready`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
