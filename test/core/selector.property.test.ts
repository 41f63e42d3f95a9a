import fc from "fast-check";
import { expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { parseSelector } from "../../engine/core/selector/selector.ts";
import type { SelectorValue } from "../../engine/core/selector/syntax.ts";
import { twin, type Properties } from "./selector-twin.ts";

const converting = "convert_string_expressions:";
const names = ["a", "b", "$c_1", "ö", "inner", "NotNull"];
const strings = ["", "a", "ab", "a%", "a_b", "it''s", "5", "2.5", "true", "ä😀"];
const numbers = [
  "0",
  "1",
  "2",
  "5",
  "0x1F",
  "017",
  "3L",
  "9223372036854775807",
  "2.5",
  ".5",
  "1.",
  "1e3",
  "2.5e-1",
  "7d",
  "1.1f",
];

/** A tree of a selector, before it is written down. */
type Tree = string | readonly Tree[];

function written(tree: Tree, gap: string): string {
  return typeof tree === "string" ? tree : tree.map((part) => written(part, gap)).join(gap);
}

const { condition } = fc.letrec<Record<"condition" | "comparison" | "sum" | "value", Tree>>((tie) => {
  const name = fc.constantFrom(...names);
  const string = fc.constantFrom(...strings).map((text) => `'${text}'`);
  const isNot = fc.constantFrom<Tree>("", "NOT");
  const sign = fc.constantFrom("+", "-", "*", "/", "%");
  const order = fc.constantFrom("=", "<>", "<", "<=", ">", ">=");
  return {
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(...numbers),
      name,
      fc.constantFrom("- 9223372036854775808", "TRUE", "false"),
      fc.tuple(fc.constantFrom("-", "+", "- -"), tie("value")),
      fc.tuple(fc.constant("("), tie("sum"), fc.constant(")")),
    ),
    sum: fc.oneof(
      { depthSize: "small" },
      { weight: 3, arbitrary: tie("value") },
      fc.tuple(tie("sum"), sign, tie("sum")),
    ),
    comparison: fc.oneof(
      { weight: 3, arbitrary: fc.tuple(tie("sum"), order, tie("sum")) },
      fc.tuple(fc.oneof(name, string), fc.constantFrom("=", "<>"), fc.oneof(name, string)),
      fc.tuple(tie("sum"), isNot, fc.constant("BETWEEN"), tie("sum"), fc.constant("And"), tie("sum")),
      fc.tuple(name, isNot, fc.constant("IN ("), string, fc.constant(","), string, fc.constant(")")),
      fc.tuple(name, isNot, fc.constant("Like"), fc.constantFrom("'%'", "'a%'", "'_b%'", "'a_b'", "'%a%b%'")),
      fc.tuple(
        name,
        isNot,
        fc.constant("LIKE"),
        fc.constantFrom("'a!%'", "'!a!_%'", "'!!'"),
        fc.constant("ESCAPE '!'"),
      ),
      fc.tuple(fc.oneof(name, tie("sum")), fc.constant("is"), isNot, fc.constant("null")),
      name,
    ),
    condition: fc.oneof(
      { depthSize: "small" },
      { weight: 2, arbitrary: tie("comparison") },
      fc.tuple(tie("condition"), fc.constantFrom("AND", "OR", "and"), tie("condition")),
      fc.tuple(fc.constant("NOT"), tie("condition")),
      fc.tuple(fc.constant("("), tie("condition"), fc.constant(")")),
      fc.tuple(fc.constant("("), tie("condition"), fc.constant(")"), fc.constantFrom("=", "<>"), name),
    ),
  };
});

const writings = fc
  .tuple(condition, fc.constantFrom(" ", " ", "\n", " /* and */ "), fc.constantFrom("", "", converting))
  .map(([tree, gap, prefix]) => prefix + written(tree, gap));

/** Words thrown together: mostly nothing that could be read. */
const thrown = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        ...[
          "NOT",
          "AND",
          "OR",
          "BETWEEN",
          "LIKE",
          "ESCAPE",
          "IN",
          "IS",
          "NULL",
          "TRUE",
          "(",
          ")",
          "(",
          ")",
          ",",
        ],
        ...[
          "=",
          "<>",
          "<=",
          "+",
          "-",
          "*",
          "/",
          "%",
          "'",
          "'a'",
          "'%'",
          ".",
          "x",
          "e",
          "L",
          "f",
          "/*",
          "*/",
          "#",
          '"',
        ],
        ...["9223372036854775808", "08", "0x", ...names, ...numbers],
      ),
      { minLength: 1, maxLength: 9 },
    ),
    fc.constantFrom(" ", " ", ""),
  )
  .map(([words, gap]) => words.join(gap));

const value: fc.Arbitrary<SelectorValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.constantFrom(...strings, "TRUE", "x"),
  fc.bigInt({ min: -3n, max: 6n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n),
  fc.constantFrom(0, -0, 0.5, 2.5, 5, 1e300, -7.25, Math.fround(1.1)),
);
const properties = fc.record(
  Object.fromEntries(names.map((name) => [name, value])),
) as fc.Arbitrary<Properties>;

/** The selector's truth for these properties, as the twin counts it; NOT tells false from unknown. `null`: refused. */
function truth(text: string, values: Properties): number | null {
  const view = { value: (name: string): SelectorValue => values[name] ?? null };
  try {
    if (parseSelector(text).matches(view)) return 1;
  } catch (error) {
    if (error instanceof BrokerError && error.code === "SELECTOR_INVALID") return null;
    throw error;
  }
  const prefix = text.startsWith(converting) ? converting : "";
  return parseSelector(`${prefix}NOT (${text.slice(prefix.length)})`).matches(view) ? 0 : 0.5;
}

/** Compares the two, and counts the answers: agreement about one answer alone would show little. */
function agree(texts: fc.Arbitrary<string>, numRuns: number): Map<number | null, number> {
  const counts = new Map<number | null, number>();
  fc.assert(
    fc.property(texts, properties, (text, values) => {
      const answer = truth(text, values);
      expect(answer, text).toBe(twin(text)?.(values) ?? null);
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }),
    { numRuns },
  );
  return counts;
}

test("written selectors come to the same as their twin's reading, for all types and for nothing", () => {
  const counts = agree(writings, 2_000);
  for (const answer of [null, 0, 0.5, 1]) expect(counts.get(answer), String(answer)).toBeGreaterThan(40);
});

test("words thrown together are accepted or refused as by the twin, and mean the same", () => {
  const counts = agree(thrown, 4_000);
  expect(counts.get(null)).toBeGreaterThan(1_000);
  expect(counts.size).toBeGreaterThan(1);
});
