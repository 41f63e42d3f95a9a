import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { commandLine } from "../base/command-line.ts";
import { nodeName, type NodeName } from "../control/views.ts";
import { syncDirectory } from "../host/sync-directory.ts";
import { readJson, writeJsonDurably } from "./durable-file.ts";

/**
 * The recovery's intent, on disk before each step: whoever opens the data directory next can tell how far it got.
 * `stop-source` to `verify` are rolled back, from `verified` on the copy counts.
 */
export const recoveryStage = z.enum([
  "stop-source",
  "set-aside",
  "copy",
  "verify",
  "verified",
  "done",
  "undo",
  "undone",
  "failed",
]);
export type RecoveryStage = z.infer<typeof recoveryStage>;

export const recoveryRecord = z.object({
  stage: recoveryStage,
  from: nodeName,
  to: nodeName,
  /** Name of the directory that the replaced store is kept in, inside the data directory; `null`: there was none. */
  kept: z.string().nullable(),
  /** Nodes in sync before: what a rollback returns to. */
  inSyncBefore: z.array(nodeName),
  /** The source's last entry. */
  op: z.number().int(),
  error: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
});
export type RecoveryRecord = Readonly<z.infer<typeof recoveryRecord>>;

/** The directories that a recovery moves about. */
export class RecoveryFiles {
  readonly #data: string;

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
  }

  read(): RecoveryRecord | null {
    return readJson(this.#recordPath, recoveryRecord);
  }

  write(record: RecoveryRecord): void {
    writeJsonDurably(this.#recordPath, record);
  }

  store(node: NodeName): string {
    return join(this.#data, node);
  }

  copying(node: NodeName): string {
    return join(this.#data, `${node}.copying`);
  }

  /** Full path of a kept directory; `null` when there is none or it is gone. */
  kept(record: RecoveryRecord): string | null {
    if (record.kept === null) return null;
    const path = join(this.#data, record.kept);
    return existsSync(path) ? path : null;
  }

  hasStore(node: NodeName): boolean {
    return existsSync(this.store(node));
  }

  /** A name that nothing has yet: a rollback must never mistake an older kept directory for its own. */
  freeName(wish: string): string {
    let name = wish;
    for (let count = 2; existsSync(join(this.#data, name)); count += 1) name = `${wish}-${count}`;
    return name;
  }

  setAside(node: NodeName, kept: string): void {
    renameSync(this.store(node), join(this.#data, kept));
    syncDirectory(this.#data);
  }

  adoptCopy(node: NodeName): void {
    renameSync(this.copying(node), this.store(node));
    syncDirectory(this.#data);
  }

  removeCopying(node: NodeName): void {
    rmSync(this.copying(node), { recursive: true, force: true });
  }

  /**
   * Puts the kept directory back in its place; what stands there is a copy and goes. Safe to repeat after a kill
   * anywhere in it: the kept directory is moved by one rename, and nothing is deleted before that.
   */
  putBack(record: RecoveryRecord): void {
    const kept = this.kept(record);
    // Without a store to keep, what stands there once the copy began is the copy.
    const isCopy =
      kept !== null || (record.kept === null && (record.stage === "copy" || record.stage === "verify"));
    if (isCopy && this.hasStore(record.to)) {
      this.removeCopying(record.to);
      renameSync(this.store(record.to), this.copying(record.to));
    }
    if (kept !== null) renameSync(kept, this.store(record.to));
    syncDirectory(this.#data);
    this.removeCopying(record.to);
  }

  removeKept(record: RecoveryRecord): void {
    const kept = this.kept(record);
    if (kept !== null) rmSync(kept, { recursive: true, force: true });
  }

  get #recordPath(): string {
    return join(this.#data, "recovery.json");
  }
}

/**
 * Brings an interrupted recovery to an end, before any broker is started. `prove` must make the arbiter's book durable:
 * it is called before directories move when that takes a node out of sync, so that a kill in between never leaves a
 * store in sync that is not.
 */
export function settleInterrupted(
  files: RecoveryFiles,
  now: number,
  prove: (inSync: readonly NodeName[], op: number) => void,
): string | null {
  const record = files.read();
  if (record === null || record.stage === "done" || record.stage === "undone" || record.stage === "failed")
    return null;
  if (record.stage === "verified") {
    prove(["primary", "replica"], record.op);
    files.write({ ...record, stage: "done", endedAt: now });
    return `A recovery copy was interrupted after its verification and is now complete: both stores hold everything. The replaced store is kept.`;
  }
  if (record.stage === "undo") {
    prove([record.from], record.op);
    files.putBack(record);
    files.write({ ...record, stage: "undone", endedAt: now });
    return `The undo of a recovery copy was interrupted and is now complete: the ${record.to} has its own store again.`;
  }
  prove(record.inSyncBefore, record.op);
  files.putBack(record);
  const error = `It was interrupted at the step "${record.stage}" and rolled back: both stores are as they were. Run it again (${commandLine("recover")}).`;
  files.write({ ...record, stage: "failed", kept: null, error, endedAt: now });
  return `The last recovery copy did not finish. ${error}`;
}
