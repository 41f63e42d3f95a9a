import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../../host/make-directory.ts";
import { identityOf, isRunning, type ProcessIdentity } from "../../host/process-identity.ts";
import { tokenFileName } from "../contract.ts";

/** Where the control API of a running pair answers, and the secret that every call to it carries. */
export interface RunningPair {
  readonly url: string;
  readonly token: string;
  /** Process that runs the pair. */
  readonly pid: number;
}

const announcementFileName = "control.json";

/** Makes a new token, written to `control.token` in the data directory for its owner's eyes only. */
export function createToken(dataDirectory: string): string {
  const token = randomBytes(32).toString("base64url");
  makeDirectory(dataDirectory);
  writeWhole(join(dataDirectory, tokenFileName), `${token}\n`);
  return token;
}

/** Writes `control.json`, by which commands in the same data directory find the pair. */
export function announce(dataDirectory: string, { url, pid }: { url: string; pid: number }): void {
  const { startedAt } = identityOf(pid);
  writeWhole(join(dataDirectory, announcementFileName), `${JSON.stringify({ url, pid, startedAt })}\n`);
}

/** Takes {@link announce} back, unless another process has announced itself since. */
export function withdraw(dataDirectory: string, pid: number): void {
  if (readAnnouncement(dataDirectory)?.pid === pid)
    rmSync(join(dataDirectory, announcementFileName), { force: true });
}

/**
 * The pair announced in `dataDirectory`, if the process that announced it is alive; else `null`. A process killed
 * without a chance to withdraw leaves its announcement behind, and where the system does not tell when a process
 * started its number may have gone to another one since, so a call can still find nobody: UNREACHABLE.
 */
export function findRunning(dataDirectory: string): RunningPair | null {
  const announcement = readAnnouncement(dataDirectory);
  if (announcement === null || !isRunning(announcement)) return null;
  const { url, pid } = announcement;
  try {
    return { url, pid, token: readFileSync(join(dataDirectory, tokenFileName), "utf8").trim() };
  } catch {
    return null;
  }
}

function readAnnouncement(dataDirectory: string): (ProcessIdentity & { readonly url: string }) | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDirectory, announcementFileName), "utf8"));
    if (typeof value !== "object" || value === null || !("url" in value) || !("pid" in value)) return null;
    const { url, pid } = value;
    const startedAt = "startedAt" in value && typeof value.startedAt === "string" ? value.startedAt : "";
    // The token goes to this address: it must be on this machine, whoever wrote the file.
    const isLocal = typeof url === "string" && /^http:\/\/127\.0\.0\.1:\d+$/.test(url);
    const isPid = typeof pid === "number" && Number.isInteger(pid) && pid > 0;
    return isLocal && isPid ? { url, pid, startedAt } : null;
  } catch {
    return null;
  }
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
  renameSync(temporary, path);
}
