import { expect, test } from "vitest";
import { root } from "../build/paths.mjs";
import { readSources, tidy } from "../build/tidy.ts";

const check = (path: string, text: string): string[] => tidy(new Map([[path, text]]));

test("tidy: the sources are tidy", () => {
  expect(tidy(readSources(root))).toEqual([]);
});

test("tidy: an import against the direction is named, with where to move things", () => {
  const problems = check("engine/core/queue.ts", 'import { open } from "../host/journal.ts";\n');

  expect(problems).toEqual([
    "engine/core/queue.ts imports engine/host/journal.ts, but `core` may not know `host`: " +
      "move what both need to one of core, base, checksum, or pass it in as an argument.",
  ]);
});

test("tidy: a package outside its area is named, with the areas that may", () => {
  expect(check("engine/core/queue.ts", 'import Database from "better-sqlite3";\n')).toEqual([
    "engine/core/queue.ts imports better-sqlite3, which `core` may not; these may: host.",
  ]);
});

test("tidy: pure code that reads a clock is told what to do instead; its comments may speak of one", () => {
  expect(check("engine/pair/primary.ts", "// Not Date.now().\nconst at = Date.now();\n")).toEqual([
    "engine/pair/primary.ts uses `Date.now(`: take `now.wall` as an argument.",
  ]);
});

test("tidy: a long file, an enum, a default export, a missing ending and a new place are found", () => {
  expect(check("test/long.test.ts", "\n".repeat(401))).toHaveLength(1);
  expect(check("engine/host/kind.ts", "export enum Kind {}\n")).toHaveLength(1);
  expect(check("engine/host/kind.ts", "export default 1;\n")).toHaveLength(1);
  expect(check("engine/host/kind.ts", 'import { a } from "./a";\n')).toHaveLength(1);
  expect(check("engine/somewhere/new.ts", "")).toHaveLength(1);
});

test("tidy: files that need each other at run time are a cycle; types alone are not", () => {
  const pair = (importB: string): string[] =>
    tidy(
      new Map([
        ["engine/core/a.ts", `import ${importB} from "./b.ts";\n`],
        ["engine/core/b.ts", 'import { a } from "./a.ts";\n'],
      ]),
    );

  expect(pair("{ b }")).toEqual(["Import cycle: engine/core/a.ts → engine/core/b.ts → engine/core/a.ts."]);
  expect(pair("{ type b }")).toEqual([]);
});

test("tidy: imports in code that people are shown are not the file's own", () => {
  const shown = 'export const snippet = `\nimport { connect } from "node:net";\n`;\n';
  expect(tidy(new Map([["renderer/snippets/snippets.ts", shown]]))).toEqual([]);
});
