import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/paths.mjs";
import { parseSelector } from "../../engine/core/selector/selector.ts";
import { viewOf } from "../../engine/core/selection.ts";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import { BrokerError } from "../../engine/base/errors.ts";
import type { PropertyValue } from "../../engine/core/message.ts";
import { messageTo, orders, prices } from "./helpers.ts";
import { differences } from "./selector-differences.ts";

const vectors = join(root, "test", "core", "selector", "vectors");

/** Selectors, and what ActiveMQ 5.17.2's own parser makes of each; written by `Recorder.java` there. */
const rows = JSON.parse(readFileSync(join(vectors, "recorded.json"), "utf8")) as readonly (readonly [
  selector: string,
  theirs: string,
])[];

/** The message that the recorder makes. */
const head = messageTo(orders, {
  replyTo: prices,
  origin: { producer: "ID:host-1:1:1", sequence: 4 },
  type: "car",
  correlationId: "c1",
  priority: 7,
  sentAt: asWallTime(1_000),
  expiresAt: asWallTime(2_000),
  group: { id: "g", sequence: 3 },
  properties: new Map<string, PropertyValue>([
    ["i", { type: "int", value: 5 }],
    ["l", 9_007_199_254_740_993n],
    ["by", { type: "byte", value: -3 }],
    ["sh", { type: "short", value: 300 }],
    ["f", { type: "float", value: 0.5 }],
    ["d", 2.25],
    ["t", true],
    ["no", false],
    ["s", "abc"],
    ["empty", ""],
    ["digits", "12"],
    ["half", "12.5"],
    ["yes", "true"],
    ["odd", "a_b%c\\d"],
    ["quote", "it's"],
    ["lines", "a\nb"],
    ["$x_1", { type: "int", value: 1 }],
    ["_y$", { type: "int", value: 2 }],
    ["max", { type: "int", value: 2 ** 31 - 1 }],
    ["maxl", 2n ** 63n - 1n],
    ["Is2", { type: "int", value: 4 }],
  ]),
});

/** NOT tells false from unknown. */
function ours(selector: string): string {
  const prefix = "convert_string_expressions:";
  const view = viewOf(asOp(1), head, 0);
  try {
    if (parseSelector(selector).matches(view)) return "true";
  } catch (error) {
    if (error instanceof BrokerError && error.code === "SELECTOR_INVALID") return "refused";
    throw error;
  }
  const inner = selector.startsWith(prefix) ? selector.slice(prefix.length) : selector;
  const opposite = `${inner === selector ? "" : prefix}NOT (${inner})`;
  return parseSelector(opposite).matches(view) ? "false" : "unknown";
}

test("selectors come to what the real parser makes of them, but where the specification says otherwise", () => {
  const found = rows
    .map(([selector, theirs]) => ({ selector, theirs, ours: ours(selector) }))
    .filter((row) => row.theirs !== row.ours);
  const explained = differences
    .flatMap(({ rows: those }) => those)
    .flatMap(({ selectors, ...both }) => selectors.map((selector) => ({ selector, ...both })));
  const bySelector = (one: { selector: string }, other: { selector: string }): number =>
    one.selector < other.selector ? -1 : 1;
  expect(found.sort(bySelector)).toEqual(explained.sort(bySelector));
});

test("every selector of the list is recorded", () => {
  const list = readFileSync(join(vectors, "selectors.txt"), "utf8").trimEnd().split("\n");
  expect(rows.map(([selector]) => selector)).toEqual(list);
});
