// The npm scripts that are no more than calls of tools, as data.
import { runTool } from "./tools.mjs";

/** @typedef {import("./tools.mjs").Step} Step */

const vitestConfig = ["run", "--config", "build/vitest.config.ts"];

/** @type {readonly Step[]} */
export const typeSteps = [
  { tool: "tsc", args: ["--noEmit"] },
  { tool: "svelte-check", args: ["--tsconfig", "./tsconfig.json", "--fail-on-warnings", "--threshold", "warning"] },
];

/** @type {readonly Step[]} */
export const lintSteps = [
  { tool: "eslint", args: ["--config", "build/eslint.config.ts", "--max-warnings", "0", "."] },
  { tool: "prettier", args: ["--config", "build/prettier.json", "--log-level", "warn", "--check", "."] },
  { tool: "knip", args: ["--config", "build/knip.json", "--no-progress"] },
];

/** @type {readonly Step[]} */
export const buildSteps = [
  { tool: "electron-vite", args: ["build", "--config", "build/electron.vite.config.ts", "--logLevel", "warn"] },
];

/** Names of the vitest projects, in the order in which `npm test` runs them: quickest first. */
export const testProjects = /** @type {const} */ (["unit", "sim", "control", "process", "e2e"]);

/** @type {Record<string, readonly Step[]>} */
const tasks = {
  check: typeSteps,
  lint: lintSteps,
  build: buildSteps,
  format: [{ tool: "prettier", args: ["--config", "build/prettier.json", "--log-level", "warn", "--write", "."] }],
};

/**
 * @param {readonly string[]} args
 * @param {string} task
 * @returns {Promise<number>}
 */
export async function run(args, task) {
  if (task === "e2e" || task === "dev") return (await import("./desktop.mjs")).run(args, task);
  if (task === "bench") return (await import("../test/bench/main.ts")).main(args);
  if (testProjects.some((project) => project === task)) return runTests(task, args);
  const steps = tasks[task];
  if (steps === undefined) throw new Error(`there is no script called "${task}"; \`npm run\` lists them all.`);
  for (const step of steps) {
    const code = await runTool(step.tool, [...step.args, ...args]);
    if (code !== 0) return code;
  }
  return 0;
}

/**
 * Runs one vitest project. `--seed N` replays one run of the simulator: it reaches the tests as UNDERSTUDY_SEED,
 * since vitest would take it for the seed of its own shuffling.
 *
 * @param {string} project
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 */
export function runTests(project, args, env = {}) {
  const at = args.indexOf("--seed");
  const seed = at === -1 ? undefined : args[at + 1];
  const rest = seed === undefined ? args : args.toSpliced(at, 2);
  const seeded = seed === undefined ? env : { ...env, UNDERSTUDY_SEED: seed };
  return runTool("vitest", [...vitestConfig, "--project", project, ...rest], { env: seeded });
}
