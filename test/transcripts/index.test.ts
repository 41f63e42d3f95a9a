import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const here = import.meta.dirname;
const rows = readFileSync(join(here, "README.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| (?!-|rule |step |case )/.test(line))
  .map((line) => ({
    line,
    targets: [...line.matchAll(/\]\((stories\/[^)]+|\.\.\/[^)]+)\)/g)].map((found) => found[1] ?? ""),
  }));

test("each rule and each case has a story, and each story that is named is there", () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter(({ targets }) => targets.length === 0).map(({ line }) => line)).toEqual([]);
  expect(rows.flatMap(({ targets }) => targets).filter((target) => !existsSync(join(here, target)))).toEqual(
    [],
  );
});

test("each story is named by a rule or a case", () => {
  const named = new Set(rows.flatMap(({ targets }) => targets));
  const stories = readdirSync(join(here, "stories")).map((name) => `stories/${name}`);
  expect(stories.filter((story) => !named.has(story))).toEqual([]);
});
