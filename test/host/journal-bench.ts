import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { BrokerError } from "../../engine/base/errors.ts";
import { asEpoch, asOp, asWallTime, type Op } from "../../engine/base/units.ts";
import { Journal, usualSurroundings, type JournalSurroundings } from "../../engine/host/journal.ts";
import type { Pace } from "../../engine/host/sync-pace.ts";
import { nextEntry, type Head, type JournalEntry } from "../../engine/pair/entry.ts";

/** Where the journal of the test that runs is kept. */
export let directory = "";

/** Gives each test of a file a directory of its own. */
export function useDirectory(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "understudy-journal-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });
}

const beginning: Head = { op: asOp(0), epoch: asEpoch(1), stampedAt: asWallTime(0), digest: emptyDigest };

/** Entries that follow one another, each with a name of `size` letters. */
export function history(count: number, size = 20, from: Head = beginning, letter = "x"): JournalEntry[] {
  const entries: JournalEntry[] = [];
  let head = from;
  for (let index = 0; index < count; index += 1) {
    const entry = nextEntry(head, asEpoch(1), asWallTime(index), {
      kind: "leave",
      owner: letter.repeat(size),
      keepsTemporaries: false,
    });
    entries.push(entry);
    head = entry;
  }
  return entries;
}

export const always: Pace = { isQuick: () => true, timed: (wait) => wait() };
export const never: Pace = { ...always, isQuick: () => false };

export function open(next: Op = asOp(1), surroundings: Partial<JournalSurroundings> = {}): Journal {
  const fail = (error: BrokerError): never => {
    throw error;
  };
  return new Journal(directory, "power-loss", next, fail, { ...usualSurroundings, ...surroundings });
}

/** Resolves once the entries are durable. */
export async function write(journal: Journal, entries: readonly JournalEntry[]): Promise<void> {
  await new Promise<void>((resolve) => {
    journal.append(entries, resolve);
    journal.sync();
  });
}

export function onlyFile(): string {
  const [name] = readdirSync(directory);
  return join(directory, name!);
}

export function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
}
