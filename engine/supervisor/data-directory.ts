import { chmodSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BrokerError } from "../base/errors.ts";
import { makeDirectory } from "../host/make-directory.ts";
import {
  identityOf,
  identityText,
  isRunning,
  readIdentity,
  type ProcessIdentity,
} from "../host/process-identity.ts";

const lockName = "supervisor.pid";
const attemptsMax = 5;

/** The pair's directory while this process owns it. */
export interface DataDirectory {
  readonly path: string;
  /** Brokers of an owner that was killed; they end in order by themselves, and may still be at it. */
  readonly orphans: readonly ProcessIdentity[];
  /** Notes which brokers run on this owner's behalf, for the next one to know of, should this one be killed. */
  noteBrokers(pids: readonly number[]): void;
  release(): void;
}

/**
 * Makes the directory, readable by its owner only, and takes it for this process. The lock is a file with a line for
 * the owner and one for each of its brokers: one left by a killed supervisor is void, since that process is gone.
 */
export function openDataDirectory(path: string): DataDirectory {
  const directory = resolve(path);
  try {
    makeDirectory(directory, 0o700);
    chmodSync(directory, 0o700);
  } catch (error) {
    throw new BrokerError("STORE_UNWRITABLE", { directory, detail: (error as Error).message });
  }
  const lock = join(directory, lockName);
  const own = identityText(identityOf(process.pid));
  const orphans = take(lock, own, directory);
  return {
    path: directory,
    orphans,
    noteBrokers: (pids) => {
      try {
        renameSync(written(lock, [own, ...pids.map((pid) => identityText(identityOf(pid)))]), lock);
      } catch {
        // A full disk must not end a pair that runs. The stores have locks of their own.
      }
    },
    release: () => rmSync(lock, { force: true }),
  };
}

/** Puts the lock in its place, whole from the first moment on; returns the brokers that a killed owner left over. */
function take(lock: string, own: string, directory: string): ProcessIdentity[] {
  let orphans: ProcessIdentity[] = [];
  for (let attempt = 0; ; attempt += 1) {
    let draft: string | null = null;
    try {
      draft = written(lock, [own, ...orphans.map(identityText)]);
      linkSync(draft, lock);
      return orphans;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw new BrokerError("STORE_UNWRITABLE", { directory, detail: (error as Error).message });
      const [owner, ...brokers] = linesOf(lock);
      if (attempt >= attemptsMax || (owner !== undefined && isRunning(owner)))
        throw new BrokerError("STORE_LOCKED", { directory });
      orphans = brokers.filter(isRunning);
      discard(lock, owner);
    } finally {
      if (draft !== null) rmSync(draft, { force: true });
    }
  }
}

/** Takes a void lock away; one that another process has taken meanwhile is put back. */
function discard(lock: string, owner: ProcessIdentity | undefined): void {
  const aside = `${lock}.void-${process.pid}`;
  try {
    renameSync(lock, aside);
    const [found] = linesOf(aside);
    if (found?.pid !== owner?.pid || found?.startedAt !== owner?.startedAt) linkSync(aside, lock);
  } catch {
    // It is gone, or there is a newer one: the next attempt looks again.
  }
  rmSync(aside, { force: true });
}

function written(lock: string, lines: readonly string[]): string {
  const draft = `${lock}.new-${process.pid}`;
  writeFileSync(draft, `${lines.join("\n")}\n`, { mode: 0o600 });
  return draft;
}

function linesOf(lock: string): ProcessIdentity[] {
  try {
    return readFileSync(lock, "utf8")
      .split("\n")
      .flatMap((line) => readIdentity(line) ?? []);
  } catch {
    return [];
  }
}
