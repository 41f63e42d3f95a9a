// `npm test`: everything a change must pass, in the order in which failures are cheapest to find.
// The last line is the count of all of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./app-build.mjs";
import { runWindowTests } from "./desktop.mjs";
import { lintSteps, runTests, testProjects, typeSteps } from "./steps.mjs";
import { runTool } from "./tools.mjs";

/** @typedef {{ passed: number; failed: number; skipped: number }} Count */
/** @typedef {{ fullName: string; status: string; failureMessages: string[] }} TestResult */
/** @typedef {{ name: string; status: string; message: string; assertionResults: TestResult[] }} FileResult */
/** @typedef {{ numPassedTests: number; numFailedTests: number; numPendingTests: number; numTodoTests: number; testResults: FileResult[] }} Report */

/** Enough of a failure to know what it is; the log above has all of it. */
const failureLinesMax = 30;

/** @returns {Promise<number>} */
export async function run() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const failures = [];
  for (const { name, action } of stages()) {
    process.stdout.write(`\n── ${name}\n`);
    const startedAt = performance.now();
    const count = await action(failures).catch(failedStage);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(
      `${count.failed === 0 ? "ok" : "FAILED"}: ${name}: ${sentence(count)} in ${seconds} s\n`,
    );
    if (count.failed > 0) failures.push(`${name}: ${sentence(count)}`);
  }
  // Whoever sees only the end of a long log must still learn what failed.
  for (const failure of failures) process.stdout.write(`\nFAILED ${failure}\n`);
  process.stdout.write(`\n${sentence(total)}\n`);
  return total.failed === 0 ? 0 : 1;
}

/** @returns {{ name: string; action: (failures: string[]) => Promise<Count> }[]} */
function stages() {
  const steps = [...typeSteps, ...lintSteps].map((step) => ({
    name: step.tool,
    action: async () => countOfCode(await runTool(step.tool, step.args)),
  }));
  const tests = testProjects.map((project) => ({
    name: `tests: ${project}`,
    action: (/** @type {string[]} */ failures) => countTests(project, failures),
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
 * @param {typeof testProjects[number]} project
 * @param {string[]} failures gets what is to be told of tests that failed
 * @returns {Promise<Count>}
 */
async function countTests(project, failures) {
  const directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
  const reportPath = join(directory, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  try {
    const code = await (project === "e2e" ? runWindowTests(reporters) : runTests(project, reporters));
    /** @type {Report} */
    const report = JSON.parse(readFileSync(reportPath, "utf8"));
    failures.push(...failuresOf(report));
    return countReport(report, code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * @param {Report} report
 * @returns {string[]}
 */
function failuresOf({ testResults }) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0 && status === "failed") return [`${name}\n${message}`];
    return tests.map(({ fullName, failureMessages }) => {
      const lines = failureMessages.join("\n").split("\n");
      const skipped = lines.length - failureLinesMax;
      const told =
        skipped <= 0
          ? lines
          : [...lines.slice(0, 10), `... ${skipped} lines ...`, ...lines.slice(10 - failureLinesMax)];
      return [`${fullName} (${name})`, ...told].join("\n");
    });
  });
}

/**
 * @param {Report} report
 * @param {number} code
 * @returns {Count}
 */
function countReport(report, code) {
  // A file that does not even load, or an unhandled error, fails the run without failing a test.
  const failed = code !== 0 && report.numFailedTests === 0 ? 1 : report.numFailedTests;
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
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
