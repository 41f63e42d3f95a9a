import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import { viewOf } from "../../engine/core/selection.ts";
import { parseSelector, selectorOrNone } from "../../engine/core/selector/selector.ts";
import type { PropertyValue } from "../../engine/core/message.ts";
import type { SelectorValue } from "../../engine/core/selector/syntax.ts";
import { messageTo, orders, prices } from "./helpers.ts";

function matches(selector: string, properties: Record<string, SelectorValue> = {}): boolean {
  return parseSelector(selector).matches({ value: (name) => properties[name] ?? null });
}

function fault(selector: string): string {
  try {
    parseSelector(selector);
  } catch (error) {
    if (error instanceof BrokerError && error.code === "SELECTOR_INVALID") return error.message;
    throw error;
  }
  return "none";
}

/** Whether a condition is true, false or unknown, as only NOT can tell the last two apart. */
function truth(condition: string, properties: Record<string, SelectorValue> = {}): string {
  if (matches(condition, properties)) return "true";
  return matches(`NOT (${condition})`, properties) ? "false" : "unknown";
}

describe("selectors: the specification's examples (JMS 1.1, 3.8.1)", () => {
  test.each<[string, Record<string, SelectorValue>, boolean]>([
    [
      "JMSType = 'car' AND color = 'blue' AND weight > 2500",
      { JMSType: "car", color: "blue", weight: 2501n },
      true,
    ],
    [
      "JMSType = 'car' AND color = 'blue' AND weight > 2500",
      { JMSType: "car", color: "blue", weight: 2500n },
      false,
    ],
    ["phone LIKE '12%3'", { phone: "123" }, true],
    ["phone LIKE '12%3'", { phone: "12993" }, true],
    ["phone LIKE '12%3'", { phone: "1234" }, false],
    ["word LIKE 'l_se'", { word: "lose" }, true],
    ["word LIKE 'l_se'", { word: "loose" }, false],
    ["underscored LIKE '\\_%' ESCAPE '\\'", { underscored: "_foo" }, true],
    ["underscored LIKE '\\_%' ESCAPE '\\'", { underscored: "bar" }, false],
    ["phone NOT LIKE '12%3'", { phone: "123" }, false],
    ["phone NOT LIKE '12%3'", { phone: "1234" }, true],
    ["age BETWEEN 15 AND 19", { age: 15n }, true],
    ["age BETWEEN 15 AND 19", { age: 19 }, true],
    ["age BETWEEN 15 AND 19", { age: 20n }, false],
    ["age NOT BETWEEN 15 AND 19", { age: 20n }, true],
    ["age NOT BETWEEN 15 AND 19", { age: 17n }, false],
    ["Country IN ('UK', 'US', 'France')", { Country: "UK" }, true],
    ["Country IN ('UK', 'US', 'France')", { Country: "Peru" }, false],
    ["Country NOT IN ('UK', 'US', 'France')", { Country: "Peru" }, true],
    ["Country NOT IN ('UK', 'US', 'France')", { Country: "UK" }, false],
    ["Country IN ('UK')", {}, false],
    ["Country NOT IN ('UK')", {}, false],
    ["prop_name IS NULL", {}, true],
    ["prop_name IS NULL", { prop_name: "" }, false],
    ["prop_name IS NOT NULL", { prop_name: false }, true],
    ["prop_name IS NOT NULL", {}, false],
    ["name = 'literal''s'", { name: "literal's" }, true],
    // "NumberOfOrders > 1" where the property is the string "2": no conversion.
    ["NumberOfOrders > 1", { NumberOfOrders: "2" }, false],
  ])("%s with %o: %s", (selector, properties, expected) => {
    expect(matches(selector, properties)).toBe(expected);
  });
});

describe("selectors: three-valued logic (tables 3-4 to 3-6)", () => {
  const values = { T: true, F: false } as const;
  test.each([
    ["T AND T", "true"],
    ["T AND F", "false"],
    ["T AND U", "unknown"],
    ["F AND T", "false"],
    ["F AND F", "false"],
    ["F AND U", "false"],
    ["U AND T", "unknown"],
    ["U AND F", "false"],
    ["U AND U", "unknown"],
    ["T OR T", "true"],
    ["T OR F", "true"],
    ["T OR U", "true"],
    ["F OR T", "true"],
    ["F OR F", "false"],
    ["F OR U", "unknown"],
    ["U OR T", "true"],
    ["U OR F", "unknown"],
    ["U OR U", "unknown"],
    ["NOT T", "false"],
    ["NOT F", "true"],
    ["NOT U", "unknown"],
    ["U = 1", "unknown"],
    ["1 <> U", "unknown"],
    ["U BETWEEN 1 AND 2", "unknown"],
    ["3 BETWEEN U AND 2", "false"],
    ["3 NOT BETWEEN U AND 2", "true"],
    ["U LIKE 'a'", "unknown"],
    ["U + 1 = 1", "unknown"],
    ["-U = 1", "unknown"],
  ])("%s is %s", (condition, expected) => {
    expect(truth(condition, values)).toBe(expected);
  });
});

describe("selectors: numbers", () => {
  const long = 9_007_199_254_740_993n;
  test.each([
    ["a = 9007199254740993", true],
    ["a = 9007199254740992", false],
    ["a - 1 = 9007199254740992L", true],
    ["a / 1 = 9007199254740993", true],
    ["9223372036854775807 + 1 = -9223372036854775808", true],
    ["5 / 2 = 2.5", true],
    ["6 / 2 = 3", true],
    ["7 % 4 = 3", true],
    ["-7 % 4 = -3", true],
    ["1 / 0 > 0 OR 1 / 0 <= 0 OR 1 % 0 = 0 OR 1.5 / 0 > 0", false],
    ["2 + 3 * 4 - 6 / 3 = 12", true],
    ["(2 + 3) * 4 = 20", true],
    ["10 - 3 - 2 = 5", true],
    ["5--1 = 6", true],
    ["+ - + 5 = -5", true],
    ["0x1F = 31 AND 0X1fL = 31 AND 017 = 15 AND 0 = 00", true],
    ["7E3 = 7000 AND -57.9E2 = -5790. AND .5 = 0.5 AND 5d = 5.0D AND 1.5F = 1.5f AND 1e0 = 1", true],
    ["1.1f = 1.1", false],
    ["1 = 1.0", true],
  ])("%s: %s", (selector, expected) => {
    expect(matches(selector, { a: long })).toBe(expected);
  });
});

describe("selectors: types, words and blanks", () => {
  test.each<[string, Record<string, SelectorValue>, string]>([
    ["a = 'x'", { a: 1n }, "false"],
    ["a <> 'x'", { a: 1n }, "false"],
    ["a = TRUE", { a: "true" }, "false"],
    ["a < b", { a: "a", b: "b" }, "false"],
    ["a > FLAG", { a: 1, FLAG: true }, "false"],
    ["a + 1 > 0", { a: "1" }, "unknown"],
    ["a = b", { a: true, b: true }, "true"],
    ["(a = 1) = TRUE", { a: 1 }, "true"],
    ["a", { a: true }, "true"],
    ["a", { a: "true" }, "false"],
    ["TRUE AND NOT FALSE", {}, "true"],
    ["a LIKE '%'", { a: 5n }, "false"],
    ["a IN ('5')", { a: 5n }, "unknown"],
    ["not A Is nUll aNd a bEtween 1 And 2 oR fAlse", { A: 1, a: 2 }, "true"],
    ["NOT a = 1", { a: 2 }, "true"],
    ["NOT a = 1 OR a = 1", { a: 1 }, "true"],
    ["a = 1 OR b = 1 AND b = 2", { a: 1 }, "true"],
    ["\ta\n=\r\f1 /* one */", { a: 1 }, "true"],
    ["$größe_1 = 'é'", { $größe_1: "é" }, "true"],
    ["xpath = 1", { xpath: 1 }, "true"],
    ["a LIKE '_'", { a: "😀" }, "true"],
    ["a LIKE 'a%b%c'", { a: "a\nbc bc" }, "true"],
    ["a LIKE '.*'", { a: "abc" }, "false"],
    ["a LIKE '%'", { a: "" }, "true"],
    ["a LIKE ''", { a: "" }, "true"],
    ["a LIKE '100!%!!' ESCAPE '!'", { a: "100%!" }, "true"],
  ])("%s with %o is %s", (selector, properties, expected) => {
    expect(truth(selector, properties)).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ["a > 10", "12", true],
    ["a > 10", "12.5", false],
    ["a > 10", "9223372036854775807", true],
    ["a > 10", "9223372036854775808", false],
    ["a > 10.0", "12.5", true],
    ["a BETWEEN 10 AND 12", "12", true],
    ["a = TRUE", "TRUE", true],
    ["a = FALSE", "no", true],
    ["a > 10", "many", false],
    ["a = '12'", "12", true],
  ])("convert_string_expressions: %s of %o: %s", (selector, a, expected) => {
    expect(matches(`convert_string_expressions:${selector}`, { a })).toBe(expected);
  });

  test("a pattern of many % is matched in a bounded time", () => {
    expect(matches(`a LIKE '${"%a".repeat(100)}b'`, { a: "a".repeat(20_000) })).toBe(false);
  });

  test("an empty selector is none", () => {
    expect([null, "", " \t", "a = 1"].map(selectorOrNone)).toEqual([null, null, null, "a = 1"]);
  });
});

describe("selectors: mistakes are named with their column", () => {
  test.each([
    ["", "unexpected end at column 1: put a name or a value here"],
    ["a = 1 AND b >)", 'unexpected ")" at column 14: put a name or a value here'],
    ["a = 1 b", 'unexpected "b" at column 7: end the selector here, or join with AND or OR'],
    ["a = 1 = 2", 'unexpected "=" at column 7'],
    ["(a = 1", "unexpected end at column 7: close the bracket of column 1"],
    ["a = 'x", "a string without its closing quote at column 5"],
    ['a = "x"', 'unexpected """ at column 5: put strings in single quotes'],
    ["a != 1", 'unexpected "!=" at column 3: use = or <>'],
    ["a = NULL", 'unexpected "NULL" at column 5: ask with IS NULL or IS NOT NULL'],
    ["a < 'x'", "unexpected string at column 5"],
    ["TRUE >= 1", "unexpected condition at column 1"],
    ["a + TRUE = 1", "unexpected condition at column 5: only numbers can be calculated with"],
    ["'a' + 1 = 1", "unexpected string at column 1: only numbers"],
    ["a + 1", "unexpected number at column 1: a condition is needed here"],
    ["a AND 'x'", "unexpected string at column 7: a condition"],
    ["a LIKE 5", 'unexpected "5" at column 8: LIKE takes a pattern'],
    ["a LIKE 'x' ESCAPE 'ab'", "an ESCAPE of 2 characters at column 19"],
    ["a IN ()", 'unexpected ")" at column 7: IN takes strings'],
    ["a IN (1)", 'unexpected "1" at column 7: IN takes strings'],
    ["'a' IN ('a')", "IN behind something other than a name at column 1"],
    ["a IS 5", 'unexpected "5" at column 6: write IS NULL or IS NOT NULL'],
    ["a NOT = 5", 'unexpected "=" at column 7: behind a value'],
    ["a BETWEEN 1 OR 2", 'unexpected "OR" at column 13: write BETWEEN low AND high'],
    ["a BETWEEN 'a' AND 'b'", "unexpected string at column 11"],
    ["LIKE = 5", 'unexpected "LIKE" at column 1'],
    ["a = 5x", "5x is neither a number nor a name at column 5"],
    ["a = 089", "089 begins with 0, which makes it octal, and has a digit above 7 at column 5"],
    ["a = 9223372036854775808", "the number 9223372036854775808 is larger than a Java long at column 5"],
    ["a = 1e999", "the number 1e999 is too large at column 5"],
    ["XPATH '//a'", "ActiveMQ's XPATH is not supported at column 1: select by properties"],
    ["a = 1 /* b", "a comment without its end at column 7"],
    ["convert_string_expressions:a = ", "unexpected end at column 32"],
    ["a = #", 'unexpected "#" at column 5'],
  ])("%s", (selector, expected) => {
    expect(fault(selector)).toContain(`InvalidSelector: ${expected}`);
  });

  test("too long, or too deep", () => {
    expect(fault(`a = '${"x".repeat(limits.selectorCharactersMax)}'`)).toContain("characters");
    const depth = limits.selectorDepthMax;
    expect(fault(`${"(".repeat(depth)}a${")".repeat(depth)}`)).toBe("none");
    for (const deep of ["(", "NOT ", "- "])
      expect(fault(`${deep.repeat(limits.selectorCharactersMax / 8)}a`)).toContain(
        "stand too deep in one another",
      );
  });

  test("a long chain is not deep", () => {
    const terms = limits.selectorCharactersMax / 8 - 1;
    expect(matches(Array.from({ length: terms }, () => "a=1").join(" OR "), { a: 2 })).toBe(false);
    expect(matches(`${"1+".repeat(limits.selectorCharactersMax / 2 - 10)}a > 1`, { a: 1n })).toBe(true);
  });
});

describe("selectors: a message as they see it", () => {
  const head = messageTo(orders, {
    properties: new Map<string, PropertyValue>([
      ["price", 5n],
      ["count", { type: "int", value: 7 }],
      ["ratio", { type: "float", value: 0.5 }],
      ["letter", { type: "char", value: 65 }],
    ]),
    group: { id: "g", sequence: 3 },
    userId: "u",
    priority: 7,
    expiresAt: asWallTime(2_000),
    correlationId: "c",
    replyTo: prices,
    type: "t",
  });

  test.each([
    "JMSDestination = 'queue://orders' AND JMSReplyTo = 'topic://prices'",
    "JMSType = 't' AND JMSCorrelationID = 'c' AND JMSMessageID = 'ID:understudy-12'",
    "JMSDeliveryMode = 'PERSISTENT' AND JMSPriority = 7 AND JMSTimestamp = 1000 AND JMSExpiration = 2000",
    "JMSXGroupID = 'g' AND JMSXGroupSeq = 3 AND price = 5 AND JMSXUserID = 'u'",
    "count = 7 AND ratio = 0.5 AND letter = 'A'",
    "JMSRedelivered = FALSE AND JMSXDeliveryCount = 1 AND NOT JMSRedelivered",
    "toString IS NULL AND constructor IS NULL AND jmspriority IS NULL",
  ])("%s", (selector) => {
    expect(parseSelector(selector).matches(viewOf(asOp(12), head, 0))).toBe(true);
  });

  test("a message of a producer with numbers is known by them", () => {
    const numbered = { ...head, origin: { producer: "ID:host-1:1:1", sequence: 4 } };
    expect(parseSelector("JMSMessageID = 'ID:host-1:1:1:4'").matches(viewOf(asOp(1), numbered, 0))).toBe(
      true,
    );
  });

  test("what is not there is unknown, but for the sequence in a group and the expiry", () => {
    const bare = messageTo(orders, { persistent: false });
    const selector = parseSelector(
      "JMSType IS NULL AND JMSReplyTo IS NULL AND JMSCorrelationID IS NULL AND JMSXGroupID IS NULL AND " +
        "JMSExpiration = 0 AND JMSXGroupSeq = 0 AND JMSDeliveryMode = 'NON_PERSISTENT' AND JMSXDeliveryCount = 3",
    );
    expect(selector.matches(viewOf(asOp(1), bare, 2))).toBe(true);
  });
});
