import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where what is costly to fetch outlives the checkout that fetched it. */
export function cacheDirectory() {
  if (process.env["XDG_CACHE_HOME"]) return join(process.env["XDG_CACHE_HOME"], "understudy");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "understudy");
  if (process.platform === "win32" && process.env["LOCALAPPDATA"]) {
    return join(process.env["LOCALAPPDATA"], "understudy", "cache");
  }
  return join(homedir(), ".cache", "understudy");
}

/**
 * Everything the scripts say about themselves goes to stderr: stdout belongs to the command's own output.
 *
 * @param {string} sentence
 */
export function say(sentence) {
  process.stderr.write(`understudy: ${sentence}\n`);
}
