import { readdir, readFile, readlink } from "node:fs/promises";

/** The process at the other end of a loopback connection. */
export interface SocketOwner {
  readonly pid: number;
  readonly command: string;
}

const nameLengthMax = 80;
const javaOptionsWithValue: ReadonlySet<string> = new Set([
  "-cp",
  "-classpath",
  "--class-path",
  "-p",
  "--module-path",
  "--add-opens",
  "--add-exports",
  "--add-modules",
  "--add-reads",
]);

/**
 * Finds who owns local sockets, by their ports: /proc/net/tcp knows the socket's inode, and a process's open files name
 * it. Best effort, Linux only; another user's processes stay unknown. Slow on machines with many processes, so it runs
 * beside the work, for several sockets at once, and looks first at those it found before.
 */
export class SocketOwners {
  readonly #likely = new Set<string>();

  /** Owners by local port. */
  async find(ports: ReadonlySet<number>): Promise<ReadonlyMap<number, SocketOwner>> {
    const owners = new Map<number, SocketOwner>();
    if (process.platform !== "linux" || ports.size === 0) return owners;
    const wanted = await inodesOf(ports);
    const all = (await entries("/proc")).filter((name) => /^\d+$/.test(name));
    const pids = [...new Set([...[...this.#likely].filter((pid) => all.includes(pid)), ...all])];
    for (const pid of pids) {
      if (wanted.size === 0) break;
      if (Number(pid) !== process.pid) await this.#look(pid, wanted, owners);
    }
    return owners;
  }

  async #look(pid: string, wanted: Map<string, number>, owners: Map<number, SocketOwner>): Promise<void> {
    const links = await Promise.all(
      (await entries(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
    );
    for (const link of links) {
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      const port = inode === undefined ? undefined : wanted.get(inode);
      if (inode === undefined || port === undefined) continue;
      wanted.delete(inode);
      this.#likely.add(pid);
      owners.set(port, { pid: Number(pid), command: await commandOf(pid) });
    }
  }
}

/** `port → inode` of the wanted sockets, turned round. */
async function inodesOf(ports: ReadonlySet<number>): Promise<Map<string, number>> {
  const inodes = new Map<string, number>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "latin1").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local = "", , , , , , , , inode = "0"] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.split(":")[1] ?? "", 16);
      if (ports.has(port) && inode !== "0") inodes.set(inode, port);
    }
  }
  return inodes;
}

async function commandOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return programName(text.split("\0").filter((word) => word !== ""));
}

/** `node worker.js` and `java OrdersApplication` say more than `node` and `java`. */
export function programName([program = "", ...rest]: readonly string[]): string {
  const name = lastPart(program, "/");
  const isJava = name === "java";
  const script = rest.find((word, index) => {
    const before = rest[index - 1] ?? "";
    return !word.startsWith("-") && !word.startsWith("@") && !(isJava && javaOptionsWithValue.has(before));
  });
  if (script === undefined) return name.slice(0, nameLengthMax);
  const isClass = isJava && !script.endsWith(".jar");
  return `${name} ${lastPart(script, isClass ? /[./]/ : "/")}`.slice(0, nameLengthMax);
}

function lastPart(text: string, separator: string | RegExp): string {
  return text.split(separator).at(-1) ?? "";
}

async function entries(path: string): Promise<string[]> {
  return await readdir(path).catch(() => []);
}
