// What vitest's JSON report says, in the words of `npm test`.

/** @typedef {{ passed: number; failed: number; skipped: number }} Count */
/** @typedef {{ fullName: string; status: string; failureMessages: string[] }} TestResult */
/** @typedef {{ name: string; status: string; message: string; assertionResults: TestResult[] }} FileResult */
/** @typedef {{ testResults: FileResult[] }} Report `name` of a file is its path. */

/** Enough of a failure to know what it is; the log above has all of it. */
const failureLinesMax = 30;

/**
 * @param {Report} report
 * @param {number} code with which vitest ended
 * @returns {Count}
 */
export function countOf({ testResults }, code) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === "passed") count.passed += 1;
    else if (status === "failed") count.failed += 1;
    else count.skipped += 1;
  }
  // A file that does not even load, or an unhandled error, fails the run without failing a test.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/**
 * @param {Report} report
 * @param {(path: string) => boolean} isWanted whether the failures of this file are
 * @returns {string[]} one text for each failure, its name first
 */
export function failuresOf({ testResults }, isWanted = () => true) {
  const files = testResults.filter(({ name }) => isWanted(name));
  return files.flatMap((file) => {
    const tests = file.assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0 && file.status === "failed") return [`${file.name}\n${file.message}`];
    return tests.map(({ fullName, failureMessages }) => {
      const lines = failureMessages.join("\n").split("\n");
      const skipped = lines.length - failureLinesMax;
      const told =
        skipped <= 0
          ? lines
          : [...lines.slice(0, 10), `... ${skipped} lines ...`, ...lines.slice(10 - failureLinesMax)];
      return [`${fullName} (${file.name})`, ...told].join("\n");
    });
  });
}

/**
 * @param {Report} report
 * @returns {string[]} paths of the files in which something failed
 */
export function failedFilesOf({ testResults }) {
  return testResults.filter(({ status }) => status === "failed").map(({ name }) => name);
}

/**
 * @param {Report} first
 * @param {Report} again of some of its files
 * @returns {Report} the later result of each file
 */
export function withLaterResults(first, again) {
  const later = new Map(again.testResults.map((file) => [file.name, file]));
  return { testResults: first.testResults.map((file) => later.get(file.name) ?? file) };
}
