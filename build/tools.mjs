import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./paths.mjs";

/** Files, not the links in node_modules/.bin: those are shell scripts on Windows. */
const toolFiles = {
  tsc: "typescript/bin/tsc",
  "svelte-check": "svelte-check/bin/svelte-check",
  eslint: "eslint/bin/eslint.js",
  prettier: "prettier/bin/prettier.cjs",
  knip: "knip/bin/knip.js",
  "electron-vite": "electron-vite/bin/electron-vite.js",
  vitest: "vitest/vitest.mjs",
};

/** @typedef {keyof typeof toolFiles} Tool */
/** @typedef {{ tool: Tool; args: readonly string[] }} Step */

/**
 * Runs one tool under this Node and passes its output on.
 *
 * @param {Tool} tool
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>; output?: "stdout" | "stderr" }} [options]
 * @returns {Promise<number>} its exit code
 */
export function runTool(tool, args, options = {}) {
  return runProgram(process.execPath, [join(root, "node_modules", toolFiles[tool]), ...args], options);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>; output?: "stdout" | "stderr" }} [options]
 * @returns {Promise<number>} its exit code
 */
export function runProgram(command, args, { env = {}, output = "stdout" } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["inherit", output === "stdout" ? "inherit" : 2, "inherit"],
  });
  const stop = (/** @type {NodeJS.Signals} */ signal) => {
    // A terminal sends Ctrl+C to the child as well; passing it on would make it count twice.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      resolve(code ?? 1);
    });
  });
}
