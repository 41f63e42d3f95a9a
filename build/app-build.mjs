import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "./paths.mjs";
import { buildSteps } from "./steps.mjs";
import { runTool } from "./tools.mjs";

const sources = [
  "engine",
  "electron",
  "renderer",
  "build/electron.vite.config.ts",
  "package.json",
  "package-lock.json",
];
/** The state of the sources that `out` was built from. */
const stampPath = join(root, "out", ".sources");

/**
 * Builds main process, preload script and window into `out`, if a source changed since the last time.
 *
 * @returns {Promise<number>} the exit code of the build
 */
export async function buildIfStale() {
  const state = stateOfSources();
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === state) return 0;
  say("building the window.");
  return build(state);
}

/** @returns {Promise<number>} the exit code of the build */
export async function build(state = stateOfSources()) {
  for (const step of buildSteps) {
    const code = await runTool(step.tool, step.args, { output: "stderr" });
    if (code !== 0) return code;
  }
  writeFileSync(stampPath, state);
  return 0;
}

/** Names, sizes and times of change: reading the contents would cost more and tell no more here. */
function stateOfSources() {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of filesBelow(join(root, source))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
