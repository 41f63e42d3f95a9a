import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes renames and new names in a directory survive loss of power. */
export function syncDirectory(path: string): void {
  // Windows has no handle on directories and orders its metadata by itself.
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
