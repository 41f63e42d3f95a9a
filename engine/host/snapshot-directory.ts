import { existsSync, renameSync, rmSync } from "node:fs";

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
  return kept;
}

/** A snapshot that was whole takes its place; one that was cut short is dropped. Which it is shows in what is missing. */
export function settleSnapshot(directory: string): void {
  const incoming = incomingDirectory(directory);
  if (!existsSync(incoming)) return;
  if (existsSync(directory)) rmSync(incoming, { recursive: true, force: true });
  else renameSync(incoming, directory);
}
