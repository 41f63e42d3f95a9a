// `npm test`: everything a change must pass, in the order in which failures are cheapest to find.
// The last line is the count of all of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "./app-build.mjs";
import { runWindowTests } from "./desktop.mjs";
import { lintSteps, runTests, testProjects, typeSteps } from "./steps.mjs";
import { countOf, failedFilesOf, failuresOf, withLaterResults } from "./test-report.mjs";
import { runTool } from "./tools.mjs";

/** @typedef {import("./test-report.mjs").Count} Count */
/** @typedef {import("./test-report.mjs").Report} Report */
/** @typedef {typeof testProjects[number]} Project */
/** @typedef {{ failed: string[]; unsteady: string[] }} Told what went wrong, to be told once more at the end */

/**
 * Projects whose tests share the machine, its ports and its screen with whatever else runs there. A file of theirs in
 * which something failed runs once more; what passes then is no failure, but is told as one.
 */
const besideOthers = /** @type {readonly Project[]} */ (["process", "interop", "e2e"]);
/** They choose their moments at random, and a loss that comes once in a thousand kills is a loss. */
const neverAgain = /kill/;

/** @returns {Promise<number>} */
export async function run() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Told} */
  const told = { failed: [], unsteady: [] };
  for (const { name, action } of stages()) {
    process.stdout.write(`\n── ${name}\n`);
    const startedAt = performance.now();
    const count = await action(told).catch(failedStage);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(
      `${count.failed === 0 ? "ok" : "FAILED"}: ${name}: ${sentence(count)} in ${seconds} s\n`,
    );
    if (count.failed > 0) told.failed.push(`${name}: ${sentence(count)}`);
  }
  // Whoever sees only the end of a long log must still learn what failed.
  for (const failure of told.unsteady) process.stdout.write(`\nUNSTEADY, passed by itself: ${failure}\n`);
  for (const failure of told.failed) process.stdout.write(`\nFAILED ${failure}\n`);
  process.stdout.write(`\n${sentence(total)}\n`);
  return total.failed === 0 ? 0 : 1;
}

/** @returns {{ name: string; action: (told: Told) => Promise<Count> }[]} */
function stages() {
  const steps = [...typeSteps, ...lintSteps].map((step) => ({
    name: step.tool,
    action: async () => countOfCode(await runTool(step.tool, step.args)),
  }));
  const tests = testProjects.map((project) => ({
    name: `tests: ${project}`,
    action: (/** @type {Told} */ told) => countTests(project, told),
  }));
  const bench = async () => countOfCode(await (await import("../test/bench/main.ts")).main(["--line"]));
  return [
    ...steps,
    { name: "build", action: async () => countOfCode(await build()) },
    ...tests,
    { name: "bench", action: bench },
  ];
}

/**
 * @param {Project} project
 * @param {Told} told
 * @returns {Promise<Count>}
 */
async function countTests(project, told) {
  const first = await runProject(project, []);
  const failedFiles = besideOthers.includes(project) ? failedFilesOf(first.report) : [];
  const files = failedFiles.filter((path) => !neverAgain.test(basename(path)));
  if (files.length === 0) {
    told.failed.push(...failuresOf(first.report));
    return countOf(first.report, first.code);
  }
  process.stdout.write(`\n── once more, by themselves: ${files.join(", ")}\n`);
  const again = await runProject(project, files);
  const report = withLaterResults(first.report, again.report);
  const stillFailed = failedFilesOf(report);
  told.unsteady.push(...failuresOf(first.report, (path) => !stillFailed.includes(path)));
  told.failed.push(...failuresOf(report));
  return countOf(report, stillFailed.length > 0 ? 1 : again.code);
}

/**
 * @param {Project} project
 * @param {readonly string[]} files all of the project's if empty
 * @returns {Promise<{ report: Report; code: number }>}
 */
async function runProject(project, files) {
  const directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
  const reportPath = join(directory, "report.json");
  const args = [...files, "--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  try {
    const code = await (project === "e2e" ? runWindowTests(args) : runTests(project, args));
    return { report: JSON.parse(readFileSync(reportPath, "utf8")), code };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * @param {number} code
 * @returns {Count}
 */
function countOfCode(code) {
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/**
 * @param {unknown} error
 * @returns {Count}
 */
function failedStage(error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return { passed: 0, failed: 1, skipped: 0 };
}

/** @param {Count} count */
function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
