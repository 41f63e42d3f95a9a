import { limits } from "../../base/limits.ts";
import { selectorFault } from "./fault.ts";
import { kindOf, type Comparison, type Expression, type Kind, type Sign } from "./syntax.ts";
import { quoted, tokensOf, type Keyword, type Symbol, type Token } from "./tokens.ts";

const comparisons: readonly string[] = ["=", "<>", "<", "<=", ">", ">="] satisfies Comparison[];
const longMax = 2n ** 63n;

/**
 * Reads a selector by recursive descent, loosest first: OR, AND, NOT, comparisons, + -, * / %, signs. What can be seen
 * from the text alone to be of the wrong type is refused here, as JMS wants it: when the consumer is made.
 */
export function parse(selector: string): Expression {
  if (selector.length > limits.selectorCharactersMax)
    throw selectorFault(
      `it has ${selector.length} characters`,
      limits.selectorCharactersMax + 1,
      `keep it within ${limits.selectorCharactersMax}`,
    );
  return new Parser(tokensOf(selector)).all();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  all(): Expression {
    const whole = this.#or();
    if (this.#next.kind !== "end") throw this.#unexpected("end the selector here, or join with AND or OR");
    return condition(whole);
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #or(): Expression {
    return this.#chain("OR", "or", () => this.#and());
  }

  #and(): Expression {
    return this.#chain("AND", "and", () => this.#not());
  }

  #chain(word: Keyword, kind: "and" | "or", operand: () => Expression): Expression {
    const first = operand();
    if (!this.#isKeyword(word)) return first;
    const operands = [condition(first)];
    while (this.#takeKeyword(word)) operands.push(condition(operand()));
    return { kind, column: first.column, operands };
  }

  #not(): Expression {
    const { column } = this.#next;
    if (!this.#takeKeyword("NOT")) return this.#comparison();
    return { kind: "not", column, operand: condition(this.#deeper(() => this.#not())) };
  }

  #comparison(): Expression {
    const left = this.#sum();
    const token = this.#next;
    if (token.kind === "symbol" && comparisons.includes(token.text)) {
      this.#at += 1;
      const right = this.#sum();
      return checkedComparison(left, token.text as Comparison, right);
    }
    if (this.#takeKeyword("IS")) return this.#isNull(left);
    const negated = this.#takeKeyword("NOT");
    if (this.#takeKeyword("BETWEEN")) return this.#between(left, negated);
    if (this.#takeKeyword("IN")) return this.#in(left, negated);
    if (this.#takeKeyword("LIKE")) return this.#like(left, negated);
    if (negated) throw this.#unexpected("behind a value, NOT is followed by BETWEEN, IN or LIKE");
    return left;
  }

  #isNull(operand: Expression): Expression {
    const negated = this.#takeKeyword("NOT");
    if (!this.#takeKeyword("NULL")) throw this.#unexpected("write IS NULL or IS NOT NULL");
    return { kind: "null", column: operand.column, operand, negated };
  }

  #between(operand: Expression, negated: boolean): Expression {
    const low = this.#sum();
    if (!this.#takeKeyword("AND")) throw this.#unexpected("write BETWEEN low AND high");
    const high = this.#sum();
    for (const part of [operand, low, high]) requireKind(part, "number", "BETWEEN compares numbers");
    return { kind: "between", column: operand.column, operand, low, high, negated };
  }

  #in(operand: Expression, negated: boolean): Expression {
    if (operand.kind !== "identifier")
      throw selectorFault(
        "IN behind something other than a name",
        operand.column,
        "write name IN ('a', 'b')",
      );
    this.#require("(", "write name IN ('a', 'b')");
    const choices: string[] = [];
    do choices.push(this.#string("IN takes strings in single quotes").value);
    while (this.#takeSymbol(","));
    this.#require(")", "separate the strings by commas, and close the bracket");
    return { kind: "in", column: operand.column, operand, choices, negated };
  }

  #like(operand: Expression, negated: boolean): Expression {
    requireKind(operand, "string", "LIKE compares strings");
    const pattern = this.#string("LIKE takes a pattern in single quotes").value;
    let escape: string | null = null;
    if (this.#takeKeyword("ESCAPE")) {
      const token = this.#string("ESCAPE takes one character in single quotes");
      const { length } = Array.from(token.value);
      if (length !== 1)
        throw selectorFault(
          `an ESCAPE of ${length} characters`,
          token.column,
          "give it one character, as in ESCAPE '\\'",
        );
      escape = token.value;
    }
    return { kind: "like", column: operand.column, operand, pattern, escape, negated };
  }

  #sum(): Expression {
    return this.#arithmetic(["+", "-"], () => this.#product());
  }

  #product(): Expression {
    return this.#arithmetic(["*", "/", "%"], () => this.#signed());
  }

  #arithmetic(signs: readonly Sign[], operand: () => Expression): Expression {
    const first = operand();
    const rest: { sign: Sign; operand: Expression }[] = [];
    for (;;) {
      const sign = signs.find((candidate) => this.#takeSymbol(candidate));
      if (sign === undefined) break;
      rest.push({ sign, operand: number(operand()) });
    }
    return rest.length === 0
      ? first
      : { kind: "arithmetic", column: first.column, first: number(first), rest };
  }

  #signed(): Expression {
    const { column } = this.#next;
    if (this.#takeSymbol("+")) return number(this.#deeper(() => this.#signed()));
    if (!this.#takeSymbol("-")) return withinLong(this.#primary());
    const token = this.#next;
    if (token.kind === "exact") {
      this.#at += 1;
      return { kind: "literal", column, value: -token.value };
    }
    return { kind: "negative", column, operand: number(this.#deeper(() => this.#signed())) };
  }

  #primary(): Expression {
    const token = this.#next;
    const { column } = token;
    if (this.#takeSymbol("(")) {
      const inner = this.#deeper(() => this.#or());
      this.#require(")", `close the bracket of column ${column}`);
      return inner;
    }
    switch (token.kind) {
      case "string":
      case "exact":
      case "approximate":
        this.#at += 1;
        return { kind: "literal", column, value: token.value };
      case "identifier":
        this.#at += 1;
        this.#refuseXml(token.text, column);
        return { kind: "identifier", column, name: token.text };
      case "keyword":
        if (this.#takeKeyword("TRUE")) return { kind: "literal", column, value: true };
        if (this.#takeKeyword("FALSE")) return { kind: "literal", column, value: false };
        if (token.word === "NULL") throw this.#unexpected("ask with IS NULL or IS NOT NULL");
        throw this.#unexpected(`${token.word} is a word of the language; put a name or a value here`);
      default:
        throw this.#unexpected("put a name or a value here");
    }
  }

  /** ActiveMQ's extensions look into XML bodies. */
  #refuseXml(name: string, column: number): void {
    const upper = name.toUpperCase();
    if ((upper === "XPATH" || upper === "XQUERY") && this.#next.kind === "string")
      throw selectorFault(
        `ActiveMQ's ${upper} is not supported`,
        column,
        "select by properties: set what the expression looks for as one when sending",
      );
  }

  #deeper(read: () => Expression): Expression {
    this.#depth += 1;
    if (this.#depth > limits.selectorDepthMax)
      throw selectorFault(
        "brackets, signs and NOTs stand too deep in one another",
        this.#next.column,
        `keep them within ${limits.selectorDepthMax}`,
      );
    const inner = read();
    this.#depth -= 1;
    return inner;
  }

  #isKeyword(word: Keyword): boolean {
    return this.#next.kind === "keyword" && this.#next.word === word;
  }

  #takeKeyword(word: Keyword): boolean {
    if (!this.#isKeyword(word)) return false;
    this.#at += 1;
    return true;
  }

  #takeSymbol(symbol: Symbol): boolean {
    if (this.#next.kind !== "symbol" || this.#next.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #require(symbol: Symbol, advice: string): void {
    if (!this.#takeSymbol(symbol)) throw this.#unexpected(advice);
  }

  #string(advice: string): Extract<Token, { kind: "string" }> {
    const token = this.#next;
    if (token.kind !== "string") throw this.#unexpected(advice);
    this.#at += 1;
    return token;
  }

  #unexpected(advice: string): Error {
    const { kind, text, column } = this.#next;
    return selectorFault(kind === "end" ? "unexpected end" : `unexpected ${quoted(text)}`, column, advice);
  }
}

/** What stands alone, or beside AND, OR and NOT, must be true or false. */
function condition(expression: Expression): Expression {
  return requireKind(expression, "boolean", "a condition is needed here: compare it with something");
}

function number(expression: Expression): Expression {
  return requireKind(expression, "number", "only numbers can be calculated with");
}

function requireKind(expression: Expression, kind: Kind, advice: string): Expression {
  const found = kindOf(expression);
  if (found === kind || found === "anything") return expression;
  throw selectorFault(`unexpected ${found === "boolean" ? "condition" : found}`, expression.column, advice);
}

/** [JMS 3.8.1.1] Strings and booleans are compared with = and <> only. */
function checkedComparison(left: Expression, comparison: Comparison, right: Expression): Expression {
  if (comparison !== "=" && comparison !== "<>")
    for (const side of [left, right])
      requireKind(
        side,
        "number",
        `${comparison} compares numbers; strings and conditions know = and <> only`,
      );
  return { kind: "comparison", column: left.column, comparison, left, right };
}

/** 2^63 has been let through for the sake of -2^63. */
function withinLong(expression: Expression): Expression {
  if (expression.kind !== "literal" || expression.value !== longMax) return expression;
  throw selectorFault(
    `the number ${longMax} is larger than a Java long`,
    expression.column,
    "write it with a decimal point, as an approximate number",
  );
}
