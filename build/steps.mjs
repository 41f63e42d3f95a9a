// What checks, builds and tests the project, as calls of tools with their arguments.
import { runTool } from "./tools.mjs";

/** @typedef {import("./tools.mjs").Step} Step */

/** All but what is written by programs, or on purpose badly. */
const written = [
  "package-lock.json",
  "test/transcripts/stories/**",
  "test/interop/conformance.md",
  "test/fuzz/corpus/**",
  "test/core/selector/vectors/recorded.json",
];
export const prettierArguments = [
  ...["--ignore-path", ".gitignore", "--log-level", "warn", "."],
  ...written.map((pattern) => `!${pattern}`),
];
/** Where tools keep what they found in files that have not changed since; a fresh clone has nothing there. */
const cache = "node_modules/.cache/understudy";
const vitestConfig = ["run", "--config", "build/vitest.config.ts"];

/** @type {readonly Step[]} */
export const typeSteps = [
  { tool: "tsc", args: ["--noEmit", "--incremental", "--tsBuildInfoFile", `${cache}/tsc.json`] },
  {
    tool: "svelte-check",
    args: ["--tsconfig", "./tsconfig.json", "--fail-on-warnings", "--threshold", "warning"],
  },
];

/** @type {readonly Step[]} */
export const lintSteps = [
  {
    tool: "eslint",
    args: ["--config", "build/eslint.config.mjs", "--max-warnings", "0", ...cached("eslint"), "."],
  },
  { tool: "prettier", args: ["--check", ...cached("prettier"), ...prettierArguments] },
  { tool: "knip", args: ["--config", "build/knip.json", "--no-progress"] },
];

/** @type {readonly Step[]} */
export const buildSteps = [
  {
    tool: "electron-vite",
    args: ["build", "--config", "build/electron.vite.config.ts", "--logLevel", "warn"],
  },
];

/** Names of the vitest projects, in the order in which `npm test` runs them: quickest first. */
export const testProjects = /** @type {const} */ ([
  "unit",
  "fuzz",
  "sim",
  "control",
  "process",
  "interop",
  "e2e",
]);

/** Options of `npm run fuzz` that reach the tests as variables: vitest would take `--seed` for that of its own shuffling. */
const runOptions = {
  "--seed": "UNDERSTUDY_SEED",
  "--seeds": "UNDERSTUDY_SEEDS",
  "--minutes": "UNDERSTUDY_MINUTES",
};

/**
 * Runs one vitest project. The fuzz tests try each property for `--minutes N`.
 *
 * @param {string} project
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 */
export function runTests(project, args, env = {}) {
  let rest = args;
  const variables = { ...env };
  for (const [option, variable] of Object.entries(runOptions)) {
    const at = rest.indexOf(option);
    const value = at === -1 ? undefined : rest[at + 1];
    if (value === undefined) continue;
    rest = rest.toSpliced(at, 2);
    variables[variable] = value;
  }
  return runTool("vitest", [...vitestConfig, "--project", project, ...rest], { env: variables });
}

/** @param {string} tool */
function cached(tool) {
  return ["--cache", "--cache-strategy", "content", "--cache-location", `${cache}/${tool}`];
}
