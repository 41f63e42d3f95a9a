import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeName } from "../../engine/control/views.ts";
import type { RecoveryHands } from "../../engine/supervisor/recovery-steps.ts";
import type { StoreReport } from "../../engine/supervisor/store-check.ts";

/** Two real directories whose one file says how far each store got; the processes and the arbiter's book are acted. */
export function recoveryWorld(directory: string, overrides: Partial<RecoveryHands> = {}) {
  const log: string[] = [];
  const running = new Set<NodeName>();
  const book = (): NodeName[] => JSON.parse(readFileSync(join(directory, "book.json"), "utf8")) as NodeName[];
  const hands: RecoveryHands = {
    dataDirectory: directory,
    profile: "guarded",
    storeCheck: (path) => Promise.resolve(checkStore(path)),
    inSync: book,
    isSplit: () => false,
    isProtected: () => running.size === 2 && book().length === 2,
    isLinkBroken: () => false,
    isRunning: (node) => running.has(node),
    position: (node) => {
      const report = checkStore(join(directory, node));
      return running.has(node) && report.sound ? report.position : null;
    },
    suspend: () => void log.push("suspend"),
    resume: () => void log.push("resume"),
    stop: (node) => {
      if (running.delete(node)) log.push(`stop ${node}`);
      return Promise.resolve();
    },
    expect: (node) => void log.push(`expect ${node}`),
    start: (node) => {
      running.add(node);
      log.push(`start ${node}`);
      return Promise.resolve();
    },
    servingOf: () => Promise.resolve(),
    mirroringOf: () => Promise.resolve(),
    prove: (inSync) => prove(directory, inSync),
    changed: () => undefined,
    notice: (text) => void log.push(text),
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    ...overrides,
  };
  return { hands, log, running, book };
}

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "understudy-recovery-"));
}

/** The primary failed at entry 5, the replica went on alone to entry 9. */
export function failedOver(directory: string): void {
  writeStore(directory, "primary", 5, "p");
  writeStore(directory, "replica", 9, "r");
  prove(directory, ["replica"]);
}

export function writeStore(directory: string, name: string, op: number, digest: string): void {
  mkdirSync(join(directory, name, "wal"), { recursive: true });
  writeFileSync(join(directory, name, "store.json"), JSON.stringify({ op, digest }));
  writeFileSync(join(directory, name, "wal", "tail"), Buffer.alloc(300_000, digest));
}

/** What the store of that name holds, as `5p`; `null` when there is none. */
export function storeOf(directory: string, name: string): string | null {
  const path = join(directory, name, "store.json");
  if (!existsSync(path)) return null;
  const { op, digest } = JSON.parse(readFileSync(path, "utf8")) as { op: number; digest: string };
  return `${op}${digest}`;
}

export function keptIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes(".kept-"));
}

export function prove(directory: string, inSync: readonly NodeName[]): void {
  writeFileSync(join(directory, "book.json"), JSON.stringify(inSync));
}

function checkStore(path: string): StoreReport {
  if (!existsSync(join(path, "store.json"))) return { sound: false, detail: "there is no store" };
  const { op, digest } = JSON.parse(readFileSync(join(path, "store.json"), "utf8")) as {
    op: number;
    digest: string;
  };
  return { sound: true, position: { epoch: 1, op, digest }, pairId: "p", messages: 0, storeBytes: 0 };
}
