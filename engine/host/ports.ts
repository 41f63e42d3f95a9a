import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { BrokerError } from "../base/errors.ts";

/**
 * Who holds a port, as `node (pid 4711)`, for the sentence that says why we cannot have it; `null` where the system does
 * not tell (other than Linux, or another user's process). It asks /proc: the socket's inode by port, the process by inode.
 */
export function portHolder(port: number): string | null {
  if (process.platform !== "linux") return null;
  const inodes = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) return null;
  for (const pid of entriesOf("/proc").filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, inodes)) return `${commandOf(pid)} (pid ${pid})`;
  }
  return null;
}

/**
 * Below what Linux (from 32768), macOS and Windows (from 49152) give to outgoing connections: a broker that comes back
 * to its port must not find a client's end of some connection there, nor a client connect to itself while it is down.
 */
const chosenPorts = { first: 20_000, count: 12_000, tries: 50 };

/** So long the port of a process that is ending is waited for. */
const closingMs = 1_000;
const closingPollMs = 20;

/**
 * A port on 127.0.0.1 that is free now: one of the twenty after `near`, so that it is easy to remember, else any that
 * no outgoing connection can take meanwhile. Free now is no promise for later; bind it soon.
 */
export async function freePort(near?: number): Promise<number> {
  if (near !== undefined) {
    for (let port = near + 1; port <= Math.min(near + 20, 65_535); port += 1)
      if (await isPortFree(port)) return port;
  }
  const { port, release } = await holdPort();
  await release();
  return port;
}

/** A free port that is kept from everyone else until it is released, to be bound at once. */
export async function holdPort(): Promise<HeldPort> {
  for (let tries = 0; tries < chosenPorts.tries; tries += 1) {
    const held = await tryHold(chosenPorts.first + Math.floor(Math.random() * chosenPorts.count));
    if (held !== null) return held;
  }
  return (await tryHold(0)) ?? { port: 0, release: () => Promise.resolve() };
}

interface HeldPort {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/** Whether `port` can be bound on 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  const held = await tryHold(port);
  await held?.release();
  return held !== null;
}

/** Whether it is free now or becomes so within a moment: whoever had it may just be ending. */
export async function isPortFreeSoon(port: number): Promise<boolean> {
  const deadline = performance.now() + closingMs;
  while (!(await isPortFree(port))) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, closingPollMs));
  }
  return true;
}

/** The `PORT_IN_USE` error for `port`, naming its holder if that can be known, and a free port. `node` as in "for the primary". */
export async function portInUse(port: number, node: string): Promise<BrokerError> {
  const holder = portHolder(port);
  return new BrokerError("PORT_IN_USE", {
    port,
    node,
    holder: holder === null ? "" : ` by ${holder}`,
    free: await freePort(port),
  });
}

function tryHold(port: number): Promise<HeldPort | null> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once("error", () => {
      resolve(null);
    });
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      if (typeof address !== "object" || address === null) return resolve(null);
      const release = (): Promise<void> => new Promise((closed) => server.close(() => closed()));
      resolve({ port: address.port, release });
    });
  });
}

/** Rows of the kernel's table look like `0: 0100007F:F0B0 00000000:0000 0A ... inode`; state 0A is "listening". */
function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readText(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === "0A")
    .flatMap((fields) => fields[9] ?? []);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  return entriesOf(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false; // closed meanwhile
    }
  });
}

/** The program's name as it was called; a process's own short name may be any word (Node's is "MainThread"). */
function commandOf(pid: string): string {
  const program = readText(`/proc/${pid}/cmdline`).split("\0")[0]?.split("/").at(-1);
  const names = [program, readText(`/proc/${pid}/comm`).trim()];
  return names.find((name) => name !== undefined && name !== "") ?? "a process";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
