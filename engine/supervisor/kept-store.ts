import type { NodeName } from "../control/views.ts";

/** Name of the directory in which a recovery that began `at` (Unix time in ms) keeps the store that it replaces. */
export function keptStoreName(node: NodeName, at: number): string {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]/g, "").replace("T", "-").replace(/\..*$/, "");
  return `${node}.kept-${stamp}`;
}

/** Whether a directory in a pair's data directory is such a store. What a synchronisation keeps is named otherwise. */
export function isKeptStore(name: string): boolean {
  return /^(primary|replica)\.kept-\d/.test(name);
}
