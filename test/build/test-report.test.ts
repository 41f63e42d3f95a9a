import { expect, test } from "vitest";
import { countOf, failedFilesOf, failuresOf, withLaterResults } from "../../build/test-report.mjs";

const passed = { fullName: "story: begins", status: "passed", failureMessages: [] };
const failed = { fullName: "story: ends", status: "failed", failureMessages: ["expected 1 to be 2"] };
const skipped = { fullName: "story: goes on", status: "pending", failureMessages: [] };
const steady = { name: "/a.test.ts", status: "passed", message: "", assertionResults: [passed, skipped] };
const unsteady = { name: "/b.test.ts", status: "failed", message: "", assertionResults: [passed, failed] };
const first = { testResults: [steady, unsteady] };

test("test report: tests are counted by how they ended", () => {
  expect(countOf(first, 1)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test("test report: a run that ended with an error and no failed test has failed", () => {
  expect(countOf({ testResults: [steady] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 1 });
});

test("test report: a failure is told with its file, and a file that does not load with its error", () => {
  const broken = { name: "/c.test.ts", status: "failed", message: "no such module", assertionResults: [] };

  expect(failuresOf({ testResults: [unsteady, broken] })).toEqual([
    "story: ends (/b.test.ts)\nexpected 1 to be 2",
    "/c.test.ts\nno such module",
  ]);
});

test("test report: what passes the second time counts as passed, what fails again as failed", () => {
  const mended = {
    ...unsteady,
    status: "passed",
    assertionResults: [passed, { ...failed, status: "passed" }],
  };

  expect(countOf(withLaterResults(first, { testResults: [mended] }), 0)).toEqual({
    passed: 3,
    failed: 0,
    skipped: 1,
  });
  expect(failedFilesOf(withLaterResults(first, { testResults: [unsteady] }))).toEqual(["/b.test.ts"]);
});
