import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { BrokerError } from "../base/errors.ts";

const lockName = "supervisor.pid";

/** The pair's directory while this process owns it. */
export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/**
 * Makes the directory, readable by its owner only, and takes it for this process. The lock holds a pid: one left by a
 * killed supervisor is void, since its process is gone.
 */
export function openDataDirectory(path: string): DataDirectory {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (error) {
    throw new BrokerError("STORE_UNWRITABLE", { directory, detail: (error as Error).message });
  }
  const lock = join(directory, lockName);
  for (let attempt = 0; ; attempt += 1) {
    try {
      const file = openSync(lock, "wx", 0o600);
      writeSync(file, `${process.pid} ${startTimeOf(process.pid) ?? ""}\n`);
      closeSync(file);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw new BrokerError("STORE_UNWRITABLE", { directory, detail: (error as Error).message });
      if (attempt > 2 || isHeld(lock)) throw new BrokerError("STORE_LOCKED", { directory });
      rmSync(lock, { force: true });
    }
  }
  return { path: directory, release: () => rmSync(lock, { force: true }) };
}

function isHeld(lock: string): boolean {
  let text: string;
  try {
    text = readFileSync(lock, "utf8");
  } catch {
    return false;
  }
  const [pidText, startTime] = text.trim().split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return startTime === (startTimeOf(pid) ?? "") || startTime === undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // After a restart of the machine or the container the number may be another process's.
  const startedAt = startTimeOf(pid);
  return startedAt === null || startTime === undefined || startTime === "" || startedAt === startTime;
}

/** When a process started, in the kernel's ticks; `null` where the system does not tell. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
