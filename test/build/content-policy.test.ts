import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/paths.mjs";
import { contentPolicy } from "../../electron/content-policy.ts";

test("content policy: the page declares what the app sends as a header", () => {
  const page = readFileSync(join(root, "renderer", "index.html"), "utf8");

  expect(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.[1]).toBe(contentPolicy);
});
