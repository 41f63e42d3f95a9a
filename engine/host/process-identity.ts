import { readFileSync } from "node:fs";

/** A process, told from any later one under the same number by the time at which it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the kernel's ticks; empty where the system does not tell. */
  readonly startedAt: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: statOf(pid)?.startedAt ?? "" };
}

/**
 * Whether that very process runs. One that has ended and was not yet buried by its parent (in a container perhaps
 * never) does not; neither does another one that got its number since, as after a restart of the machine.
 */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const stat = statOf(pid);
  if (stat === null) return true;
  return !stat.hasEnded && (startedAt === "" || stat.startedAt === startedAt);
}

/** `4711 123456`, for a file. */
export function identityText({ pid, startedAt }: ProcessIdentity): string {
  return `${pid} ${startedAt}`.trim();
}

/** Reads {@link identityText} back; `null` for anything else. */
export function readIdentity(text: string): ProcessIdentity | null {
  const [, pid, startedAt = ""] = /^([1-9]\d{0,9})(?: (\d+))?$/.exec(text.trim()) ?? [];
  return pid === undefined ? null : { pid: Number(pid), startedAt };
}

function statOf(pid: number): { startedAt: string; hasEnded: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // What follows the command name, which is in parentheses and may hold any character.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { startedAt: fields[19] ?? "", hasEnded: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return null;
  }
}
