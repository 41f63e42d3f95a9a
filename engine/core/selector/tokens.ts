import { selectorFault } from "./fault.ts";

/** Words that are never identifiers, in any case. */
const keywords = [
  "NOT",
  "AND",
  "OR",
  "BETWEEN",
  "LIKE",
  "ESCAPE",
  "IN",
  "IS",
  "TRUE",
  "FALSE",
  "NULL",
] as const;
export type Keyword = (typeof keywords)[number];

/** Longer ones first: `<=` is not `<` and `=`. */
const symbols = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "%"] as const;
export type Symbol = (typeof symbols)[number];

export type Token =
  | { readonly kind: "keyword"; readonly column: number; readonly text: string; readonly word: Keyword }
  | { readonly kind: "identifier"; readonly column: number; readonly text: string }
  | { readonly kind: "symbol"; readonly column: number; readonly text: Symbol }
  | { readonly kind: "string"; readonly column: number; readonly text: string; readonly value: string }
  | { readonly kind: "exact"; readonly column: number; readonly text: string; readonly value: bigint }
  | { readonly kind: "approximate"; readonly column: number; readonly text: string; readonly value: number }
  | { readonly kind: "end"; readonly column: number; readonly text: "" };

const blank = /[ \t\n\r\f]+/y;
/** Not in the specification, but in ActiveMQ, and without a meaning otherwise; its `--` has one: `5--1`. */
const comment = /\/\*[^]*?\*\//y;
/** [JMS 3.8.1.1] An identifier begins and goes on as Java's do. */
const identifier = /[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}]*/uy;
const text = /'((?:[^']|'')*)'/y;
const approximate = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?|\d+[eE][+-]?\d+[fFdD]?|\d+[fFdD]/y;
const exact = /0[xX][0-9a-fA-F]+[lL]?|\d+[lL]?/y;
/** What must not follow a number at once: `5x` is neither a number nor a name. */
const wordPart = /[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}.]+/uy;

/** -2^63 can be written, so 2^63 is read here and only allowed behind a minus, as in Java. */
const exactMax = 2n ** 63n;

/** Cuts a selector into its words, the end included. */
export function tokensOf(selector: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(selector);
    if (match !== null) at += match[0].length;
    return match;
  };
  for (;;) {
    while (take(blank) !== null || take(comment) !== null);
    const column = at + 1;
    if (at === selector.length) {
      tokens.push({ kind: "end", column, text: "" });
      return tokens;
    }
    let match = take(identifier);
    if (match !== null) {
      tokens.push(wordToken(match[0], column));
      continue;
    }
    match = take(approximate);
    if (match !== null) {
      refuseTail(match[0], column, take(wordPart));
      tokens.push(approximateToken(match[0], column));
      continue;
    }
    match = take(exact);
    if (match !== null) {
      refuseTail(match[0], column, take(wordPart));
      tokens.push(exactToken(match[0], column));
      continue;
    }
    match = take(text);
    if (match !== null) {
      const value = (match[1] ?? "").replaceAll("''", "'");
      tokens.push({ kind: "string", column, text: match[0], value });
      continue;
    }
    if (selector.startsWith("/*", at))
      throw selectorFault("a comment without its end", column, "close it with */");
    const symbol = symbols.find((candidate) => selector.startsWith(candidate, at));
    if (symbol === undefined) throw unreadable(selector, at);
    tokens.push({ kind: "symbol", column, text: symbol });
    at += symbol.length;
  }
}

function wordToken(word: string, column: number): Token {
  const upper = word.toUpperCase();
  const keyword = keywords.find((candidate) => candidate === upper);
  return keyword === undefined
    ? { kind: "identifier", column, text: word }
    : { kind: "keyword", column, text: word, word: keyword };
}

function approximateToken(literal: string, column: number): Token {
  const isSuffixed = /[fFdD]$/.test(literal);
  const double = Number(isSuffixed ? literal.slice(0, -1) : literal);
  const value = /[fF]$/.test(literal) ? Math.fround(double) : double;
  if (!Number.isFinite(value))
    throw selectorFault(`the number ${literal} is too large`, column, "use one that fits a Java double");
  return { kind: "approximate", column, text: literal, value };
}

/** As in Java, digits after a leading zero are octal. */
function exactToken(literal: string, column: number): Token {
  const digits = literal.replace(/[lL]$/, "");
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits))
    throw selectorFault(
      `${literal} begins with 0, which makes it octal, and has a digit above 7`,
      column,
      "leave out the leading 0",
    );
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > exactMax)
    throw selectorFault(
      `the number ${literal} is larger than a Java long`,
      column,
      "write it with a decimal point, as an approximate number",
    );
  return { kind: "exact", column, text: literal, value };
}

function refuseTail(number: string, column: number, tail: RegExpExecArray | null): void {
  if (tail === null) return;
  throw selectorFault(
    `${number}${tail[0]} is neither a number nor a name`,
    column,
    "put a space or an operator in between, or quotes around a string",
  );
}

function unreadable(selector: string, at: number): Error {
  const column = at + 1;
  const character = String.fromCodePoint(selector.codePointAt(at) ?? 0);
  if (character === "'")
    return selectorFault(
      "a string without its closing quote",
      column,
      "close it with '; a quote in it is ''",
    );
  if (character === '"')
    return selectorFault(`unexpected ${quoted(character)}`, column, "put strings in single quotes");
  if (selector.startsWith("!=", at) || selector.startsWith("==", at))
    return selectorFault(`unexpected ${quoted(selector.slice(at, at + 2))}`, column, "use = or <>");
  return selectorFault(
    `unexpected ${quoted(character)}`,
    column,
    "use names, literals, = <> < <= > >=, + - * /, AND, OR, NOT, BETWEEN, IN, LIKE, IS NULL",
  );
}

export function quoted(word: string): string {
  return `"${word}"`;
}
