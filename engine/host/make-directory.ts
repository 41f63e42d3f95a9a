import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes `directory` and those above it that are missing, each with `mode`; one that is there is left as it is. Node's own
 * `recursive` never returns where the file system answers "no such entry" to every new directory, as `/proc` does.
 */
export function makeDirectory(directory: string, mode = 0o777): void {
  const path = resolve(directory);
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (!isDirectory(path)) throw inWords(error as NodeJS.ErrnoException, path);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The same error, which says what is in the way where the system's words would mislead. */
function inWords(error: NodeJS.ErrnoException, path: string): NodeJS.ErrnoException {
  if (error.code === "EEXIST") error.message = `${path} is there already, and is no directory`;
  if (error.code === "ENOENT") error.message = `${dirname(path)} takes no new directories`;
  return error;
}
