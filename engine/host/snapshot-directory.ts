import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncDirectory } from "./sync-directory.ts";

/** Where another node's state is received, beside the store it will replace. */
export function incomingDirectory(directory: string): string {
  return `${directory}.incoming`;
}

/** Moves a store aside and the received one in. A crash in between is made good by {@link settleSnapshot}. */
export function replaceDirectory(directory: string): string {
  const kept = `${directory}.kept-before-synchronisation`;
  rmSync(kept, { recursive: true, force: true });
  renameSync(directory, kept);
  renameSync(incomingDirectory(directory), directory);
  // The active node counts on what is in it from now on, so that a loss of power must not bring the old one back.
  syncDirectory(dirname(directory));
  return kept;
}

/** A snapshot that was whole takes its place; one that was cut short is dropped. Which it is shows in what is missing. */
export function settleSnapshot(directory: string): void {
  const incoming = incomingDirectory(directory);
  if (!existsSync(incoming)) return;
  if (existsSync(directory)) rmSync(incoming, { recursive: true, force: true });
  else renameSync(incoming, directory);
}
