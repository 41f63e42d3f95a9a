import type { SelectorValue } from "../../engine/core/selector/syntax.ts";

/**
 * Selectors once more, as plainly as can be, to compare the real ones with: the words are cut in two at the loosest
 * operator outside of brackets, again and again, and truth is a number (0 false, 1/2 unknown, 1 true), so that AND is
 * the smaller, OR the larger and NOT the rest to 1. Shares nothing with the engine and is slow; for short texts.
 */
export function twin(text: string): ((properties: Properties) => number) | null {
  const prefix = "convert_string_expressions:";
  const converts = text.startsWith(prefix);
  const words = wordsOf(converts ? text.slice(prefix.length) : text);
  const whole = words && readOr({ words, converts });
  return whole && could(whole, "boolean") ? (properties) => truth(whole.value(properties)) : null;
}

export type Properties = Readonly<Record<string, SelectorValue>>;
type Word = string | { readonly literal: Exclude<SelectorValue, null> };
interface Text {
  readonly words: readonly Word[];
  readonly converts: boolean;
}
interface Meaning {
  readonly type: "string" | "number" | "boolean" | "any";
  readonly isName?: boolean;
  readonly value: (properties: Properties) => SelectorValue;
}

const reserved = /^(NOT|AND|OR|BETWEEN|LIKE|ESCAPE|IN|IS|TRUE|FALSE|NULL)$/i;

/** Operators and reserved words in capitals, names with a `name ` in front, literals as such; `null`: unreadable. */
function wordsOf(text: string): Word[] | null {
  const words: Word[] = [];
  const shape =
    /\s+|\/\*[^]*?\*\/|(?<text>'(?:[^']|'')*')|(?<number>0[xX][0-9a-fA-F]+[lL]?(?![\p{L}\d_.$])|\.?\d(?:[eE][+-](?=\d)|[\p{L}\d_.$])*)|(?<name>[\p{L}_$][\p{L}\d_$]*)|<>|<=|>=|[-=<>(),+*/%]/uy;
  while (shape.lastIndex < text.length) {
    const match = shape.exec(text);
    if (match === null) return null;
    const { text: string, number, name } = match.groups ?? {};
    if (string !== undefined) words.push({ literal: string.slice(1, -1).replaceAll("''", "'") });
    else if (number !== undefined) {
      const literal = numberOf(number);
      if (literal === null) return null;
      words.push({ literal });
    } else if (name !== undefined) words.push(reserved.test(name) ? name.toUpperCase() : `name ${name}`);
    else if (!/^(\s|\/\*)/.test(match[0])) words.push(match[0]);
  }
  return words;
}

function numberOf(text: string): bigint | number | null {
  if (/^(0x[0-9a-f]+|[1-9]\d*|0)l?$/i.test(text)) return bounded(BigInt(text.replace(/l$/i, "")));
  if (/^0[0-7]+l?$/i.test(text)) return bounded(BigInt(`0o${text.replace(/l$/i, "")}`));
  if (!/^(\d+\.\d*|\.\d+|\d+(?=[efd]))(e[+-]?\d+)?[fd]?$/i.test(text)) return null;
  const double = parseFloat(text);
  const value = /f$/i.test(text) ? Math.fround(double) : double;
  return Number.isFinite(value) ? value : null;
}

/** One more than a long can hold is let through, for a minus in front of it. */
function bounded(value: bigint): bigint | null {
  return value > 2n ** 63n ? null : value;
}

/** Cuts at the last of these words outside of brackets that is an operator there. */
function cut({ words, converts }: Text, signs: readonly string[]): [Text, string, Text] | null {
  let depth = 0;
  let betweens = 0;
  let found = -1;
  words.forEach((word, index) => {
    if (word === "(") depth += 1;
    else if (word === ")") depth -= 1;
    if (depth !== 0) return;
    if (word === "BETWEEN") betweens += 1;
    else if (word === "AND" && betweens > 0) betweens -= 1;
    else if (typeof word === "string" && signs.includes(word)) {
      const before = words[index - 1];
      const isSign = /^[-+]$/.test(word) && (before === undefined || /^[-+*/%]$/.test(textOf(before)));
      if (!isSign) found = index;
    }
  });
  if (found < 0) return null;
  const part = (from: number, to?: number): Text => ({ words: words.slice(from, to), converts });
  return [part(0, found), textOf(words[found]), part(found + 1)];
}

function readOr(text: Text): Meaning | null {
  const parts = cut(text, ["OR"]);
  return parts === null ? readAnd(text) : logic(readOr(parts[0]), readAnd(parts[2]), Math.max);
}

function readAnd(text: Text): Meaning | null {
  const parts = cut(text, ["AND"]);
  return parts === null ? readNot(text) : logic(readAnd(parts[0]), readNot(parts[2]), Math.min);
}

function readNot(text: Text): Meaning | null {
  if (text.words[0] !== "NOT") return readComparison(text);
  const inner = readNot({ ...text, words: text.words.slice(1) });
  return logic(inner, inner, (one) => 1 - one);
}

function logic(
  one: Meaning | null,
  other: Meaning | null,
  sum: (...truths: number[]) => number,
): Meaning | null {
  if (!could(one, "boolean") || !could(other, "boolean")) return null;
  return asking((from) => sum(truth(one.value(from)), truth(other.value(from))));
}

function readComparison(text: Text): Meaning | null {
  const { words, converts } = text;
  const at = outside(words, /^(=|<>|<|<=|>|>=|IS|NOT|BETWEEN|IN|LIKE)$/);
  if (at < 0) return readSum(text);
  const left = readSum({ words: words.slice(0, at), converts });
  const negated = words[at] === "NOT";
  const word = words[negated ? at + 1 : at];
  const rest = words.slice(negated ? at + 2 : at + 1);
  if (left === null) return null;
  const finish = (decide: ((from: Properties) => number) | null): Meaning | null =>
    decide && asking((from) => (negated ? 1 - decide(from) : decide(from)));
  switch (word) {
    case "IS":
      return negated ? null : isNull(left, rest);
    case "BETWEEN":
      return between(left, { words: rest, converts }, negated);
    case "IN":
      return finish(isIn(left, rest));
    case "LIKE":
      return finish(like(left, rest));
    default: {
      const right = readSum({ words: rest, converts });
      if (negated || right === null || typeof word !== "string") return null;
      const isOrder = word !== "=" && word !== "<>";
      if (isOrder && !(could(left, "number") && could(right, "number"))) return null;
      return finish((from) => compare(left.value(from), word, right.value(from), converts));
    }
  }
}

function isNull(left: Meaning, rest: readonly Word[]): Meaning | null {
  const wanted = rest.map(textOf).join(" ");
  if (wanted !== "NULL" && wanted !== "NOT NULL") return null;
  return asking((from) => ((left.value(from) === null) === (wanted === "NULL") ? 1 : 0));
}

/** With unlike types neither it nor its opposite holds, so that is not the rest to 1. */
function between(left: Meaning, { words, converts }: Text, negated: boolean): Meaning | null {
  const at = outside(words, /^AND$/);
  const low = at < 0 ? null : readSum({ words: words.slice(0, at), converts });
  const high = readSum({ words: words.slice(at + 1), converts });
  if (!could(left, "number") || !could(low, "number") || !could(high, "number")) return null;
  return asking((from) => {
    const [value, least, most] = [left.value(from), low.value(from), high.value(from)];
    if (negated) return Math.max(compare(value, "<", least, converts), compare(value, ">", most, converts));
    return Math.min(compare(value, ">=", least, converts), compare(value, "<=", most, converts));
  });
}

function isIn(left: Meaning, rest: readonly Word[]): ((from: Properties) => number) | null {
  const choices = rest.slice(1, -1);
  const isList = choices.every((word, index) =>
    index % 2 === 1 ? word === "," : typeof word === "object" && typeof word.literal === "string",
  );
  const isWhole = choices.length % 2 === 1 && rest[0] === "(" && rest.at(-1) === ")";
  if (left.isName !== true || !isList || !isWhole) return null;
  return (from) => {
    const value = left.value(from);
    if (typeof value !== "string") return 0.5;
    return choices.some((word) => typeof word === "object" && word.literal === value) ? 1 : 0;
  };
}

function like(left: Meaning, rest: readonly Word[]): ((from: Properties) => number) | null {
  const [pattern, escape] = [rest[0], rest[2]].map((each) =>
    typeof each === "object" ? each.literal : each,
  );
  const areTexts = [rest[0], ...rest.slice(2)].every(
    (each) => typeof each === "object" && typeof each.literal === "string",
  );
  const isWhole = rest.length === 1 || (rest.length === 3 && rest[1] === "ESCAPE");
  if (!could(left, "string") || !areTexts || !isWhole) return null;
  if (escape !== undefined && Array.from(String(escape)).length !== 1) return null;
  return (from) => {
    const value = left.value(from);
    if (value === null) return 0.5;
    return typeof value === "string" && fits(Array.from(value), Array.from(String(pattern)), escape) ? 1 : 0;
  };
}

function fits(text: readonly string[], pattern: readonly string[], escape: unknown): boolean {
  const [first, second] = pattern;
  if (first === undefined) return text.length === 0;
  const rest = pattern.slice(1);
  if (first === escape && (second === "%" || second === "_" || second === escape))
    return text[0] === second && fits(text.slice(1), pattern.slice(2), escape);
  if (first === "%")
    return fits(text, rest, escape) || (text.length > 0 && fits(text.slice(1), pattern, escape));
  return text.length > 0 && (first === "_" || first === text[0]) && fits(text.slice(1), rest, escape);
}

function readSum(text: Text): Meaning | null {
  const parts = cut(text, ["+", "-"]);
  return parts === null ? readProduct(text) : sum(readSum(parts[0]), parts[1], readProduct(parts[2]));
}

function readProduct(text: Text): Meaning | null {
  const parts = cut(text, ["*", "/", "%"]);
  return parts === null ? readSigned(text) : sum(readProduct(parts[0]), parts[1], readSigned(parts[2]));
}

function readSigned(text: Text): Meaning | null {
  const [sign, first] = text.words;
  const rest = { ...text, words: text.words.slice(1) };
  if (sign !== "+" && sign !== "-") return readOne(text);
  if (
    sign === "-" &&
    rest.words.length === 1 &&
    typeof first === "object" &&
    typeof first.literal === "bigint"
  )
    return constant(-first.literal);
  const inner = readSigned(rest);
  if (!could(inner, "number")) return null;
  return sign === "+" ? inner : sum(constant(0n), "-", inner);
}

function readOne({ words, converts }: Text): Meaning | null {
  const [word] = words;
  if (word === "(" && words.at(-1) === ")") return readOr({ words: words.slice(1, -1), converts });
  if (word === undefined || words.length > 1) return null;
  if (typeof word === "object") return word.literal === 2n ** 63n ? null : constant(word.literal);
  if (word === "TRUE" || word === "FALSE") return constant(word === "TRUE");
  if (!word.startsWith("name ")) return null;
  return { type: "any", isName: true, value: (from) => from[word.slice(5)] ?? null };
}

function sum(one: Meaning | null, sign: string, other: Meaning | null): Meaning | null {
  if (!could(one, "number") || !could(other, "number")) return null;
  return { type: "number", value: (from) => calculate(one.value(from), sign, other.value(from)) };
}

function calculate(one: SelectorValue, sign: string, other: SelectorValue): SelectorValue {
  if (!isNumber(one) || !isNumber(other)) return null;
  if (/[/%]/.test(sign) && Number(other) === 0) return null;
  if (
    typeof one === "bigint" &&
    typeof other === "bigint" &&
    !(sign === "/" && (one / other) * other !== one)
  ) {
    const exact: Readonly<Record<string, bigint>> = { "+": one + other, "-": one - other, "*": one * other };
    return new BigInt64Array([exact[sign] ?? (sign === "/" ? one / other : one % other)])[0]!;
  }
  const [a, b] = [Number(one), Number(other)];
  const doubles: Readonly<Record<string, number>> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": a / b,
    "%": a % b,
  };
  return doubles[sign] ?? null;
}

function compare(one: SelectorValue, sign: string, other: SelectorValue, converts: boolean): number {
  if (one === null || other === null) return 0.5;
  if (converts && typeof one !== typeof other) {
    if (typeof one === "string") return compare(likened(one, other), sign, other, false);
    if (typeof other === "string") return compare(one, sign, likened(other, one), false);
  }
  if (!isNumber(one) || !isNumber(other)) {
    if (typeof one !== typeof other || (sign !== "=" && sign !== "<>")) return 0;
    return Number((one === other) === (sign === "="));
  }
  const areExact = typeof one === "bigint" && typeof other === "bigint";
  const [a, b] = areExact ? [one, other] : [Number(one), Number(other)];
  const holds =
    (sign.includes("=") && a === b) || (sign.includes("<") && a < b) || (sign.includes(">") && a > b);
  return Number(holds);
}

/** A string read as what it is compared with, where it can be. */
function likened(text: string, other: SelectorValue): SelectorValue {
  if (typeof other === "boolean") return text.toLowerCase() === "true";
  if (typeof other === "bigint") return /^[-+]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : text;
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/** Where the first word of this shape outside of brackets is; -1: nowhere. */
function outside(words: readonly Word[], shape: RegExp): number {
  let depth = 0;
  return words.findIndex((word) => {
    if (word === "(") depth += 1;
    if (word === ")") depth -= 1;
    return depth === 0 && typeof word === "string" && shape.test(word);
  });
}

function could(meaning: Meaning | null, type: "string" | "number" | "boolean"): meaning is Meaning {
  return meaning !== null && (meaning.type === type || meaning.type === "any");
}

function constant(literal: Exclude<SelectorValue, null>): Meaning {
  const type = typeof literal;
  return { type: type === "string" || type === "boolean" ? type : "number", value: () => literal };
}

function asking(decide: (from: Properties) => number): Meaning {
  const read = (known: number): boolean | null => (known === 0.5 ? null : known === 1);
  return { type: "boolean", value: (from) => read(decide(from)) };
}

/** What is neither true nor unknown is false. */
function truth(value: SelectorValue): number {
  return value === null ? 0.5 : Number(value === true);
}

function isNumber(value: SelectorValue): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

/** An operator or a word as it is; nothing for what is not one. */
function textOf(word: Word | undefined): string {
  return typeof word === "string" ? word : "";
}
