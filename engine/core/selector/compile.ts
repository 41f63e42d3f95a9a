import { likeMatcher } from "./like.ts";
import type { Comparison, Expression, SelectorValue, Sign } from "./syntax.ts";

/** What a selector looks at. */
export interface SelectorView {
  /** The value of a header or property; `null` when there is none. */
  value(name: string): SelectorValue;
}

type Evaluate = (view: SelectorView) => SelectorValue;
/** True, false or (`null`) unknown. */
type Decide = (view: SelectorView) => boolean | null;

/** Makes a condition a function. With `convertStrings`, a string that is compared with a number is read as one. */
export function compile(expression: Expression, convertStrings: boolean): Decide {
  return new Compiler(convertStrings).decide(expression);
}

class Compiler {
  readonly #compare: (left: SelectorValue, comparison: Comparison, right: SelectorValue) => boolean | null;

  constructor(convertStrings: boolean) {
    this.#compare = convertStrings
      ? (left, comparison, right) => compareValues(converted(left, right), comparison, converted(right, left))
      : compareValues;
  }

  decide(expression: Expression): Decide {
    switch (expression.kind) {
      case "and":
        return all(expression.operands.map((operand) => this.decide(operand)));
      case "or":
        return any(expression.operands.map((operand) => this.decide(operand)));
      case "not": {
        const operand = this.decide(expression.operand);
        return (view) => not(operand(view));
      }
      case "comparison": {
        const { comparison } = expression;
        const left = this.#evaluate(expression.left);
        const right = this.#evaluate(expression.right);
        return (view) => this.#compare(left(view), comparison, right(view));
      }
      case "between":
        return this.#between(expression);
      case "in": {
        const operand = this.#evaluate(expression.operand);
        const choices = new Set(expression.choices);
        return (view) => {
          const value = operand(view);
          return typeof value === "string" ? choices.has(value) !== expression.negated : null;
        };
      }
      case "like": {
        const operand = this.#evaluate(expression.operand);
        const matches = likeMatcher(expression.pattern, expression.escape);
        return (view) => {
          const value = operand(view);
          return value === null ? null : (typeof value === "string" && matches(value)) !== expression.negated;
        };
      }
      case "null": {
        const operand = this.#evaluate(expression.operand);
        return (view) => (operand(view) === null) !== expression.negated;
      }
      default: {
        // A name, or a literal, that stands alone: it is true when its value is.
        const operand = this.#evaluate(expression);
        return (view) => {
          const value = operand(view);
          return value === null ? null : value === true;
        };
      }
    }
  }

  #evaluate(expression: Expression): Evaluate {
    switch (expression.kind) {
      case "literal": {
        const { value } = expression;
        return () => value;
      }
      case "identifier": {
        const { name } = expression;
        return (view) => view.value(name);
      }
      case "negative": {
        const operand = this.#evaluate(expression.operand);
        return (view) => calculate(0n, "-", operand(view));
      }
      case "arithmetic": {
        const first = this.#evaluate(expression.first);
        const rest = expression.rest.map(({ sign, operand }) => ({ sign, operand: this.#evaluate(operand) }));
        return (view) =>
          rest.reduce((value, { sign, operand }) => calculate(value, sign, operand(view)), first(view));
      }
      default:
        return this.decide(expression);
    }
  }

  /** [JMS 3.8.1.2] `a BETWEEN x AND y` is `a >= x AND a <= y`; with NOT, `a < x OR a > y`. */
  #between(expression: Extract<Expression, { kind: "between" }>): Decide {
    const operand = this.#evaluate(expression.operand);
    const low = this.#evaluate(expression.low);
    const high = this.#evaluate(expression.high);
    const { negated } = expression;
    return (view) => {
      const value = operand(view);
      const isBeyondLow = this.#compare(value, negated ? "<" : ">=", low(view));
      const isBeyondHigh = this.#compare(value, negated ? ">" : "<=", high(view));
      return negated ? or(isBeyondLow, isBeyondHigh) : and(isBeyondLow, isBeyondHigh);
    };
  }
}

/** [JMS 3.8.1.2] Unlike types compare as false, whatever the comparison; nothing compares as unknown. */
function compareValues(left: SelectorValue, comparison: Comparison, right: SelectorValue): boolean | null {
  if (left === null || right === null) return null;
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, comparison, right);
  if (typeof left !== typeof right) return false;
  if (comparison === "=") return left === right;
  return comparison === "<>" && left !== right;
}

/** Two exact numbers compare exactly; beside a double an exact one is made one, as Java does. */
function compareNumbers(left: bigint | number, comparison: Comparison, right: bigint | number): boolean {
  const areExact = typeof left === "bigint" && typeof right === "bigint";
  const one = areExact ? left : Number(left);
  const other = areExact ? right : Number(right);
  switch (comparison) {
    case "=":
      return one === other;
    case "<>":
      return one !== other;
    case "<":
      return one < other;
    case "<=":
      return one <= other;
    case ">":
      return one > other;
    case ">=":
      return one >= other;
  }
}

/**
 * Arithmetic of Java's longs and doubles. As in ActiveMQ a quotient is not cut to a whole number; a division by zero,
 * and work with anything but numbers, has an unknown result.
 */
function calculate(left: SelectorValue, sign: Sign, right: SelectorValue): SelectorValue {
  if (!isNumber(left) || !isNumber(right)) return null;
  if ((sign === "/" || sign === "%") && Number(right) === 0) return null;
  if (typeof left !== "bigint" || typeof right !== "bigint")
    return calculateDoubles(Number(left), sign, Number(right));
  switch (sign) {
    case "+":
      return BigInt.asIntN(64, left + right);
    case "-":
      return BigInt.asIntN(64, left - right);
    case "*":
      return BigInt.asIntN(64, left * right);
    case "/":
      return left % right === 0n ? BigInt.asIntN(64, left / right) : Number(left) / Number(right);
    case "%":
      return left % right;
  }
}

function calculateDoubles(left: number, sign: Sign, right: number): number {
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

/** `value` as what it is compared with, when it is a string that can be read as such. */
function converted(value: SelectorValue, other: SelectorValue): SelectorValue {
  if (typeof value !== "string" || typeof other === "string" || other === null) return value;
  if (typeof other === "boolean") return value.toLowerCase() === "true";
  if (typeof other === "bigint") {
    const whole = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value.replace("+", "")) : null;
    // Nineteen digits can be more than a Java long holds.
    return whole !== null && BigInt.asIntN(64, whole) === whole ? whole : value;
  }
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : value;
}

function isNumber(value: SelectorValue): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

function not(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

function and(one: boolean | null, other: boolean | null): boolean | null {
  if (one === false || other === false) return false;
  return one === null || other === null ? null : true;
}

function or(one: boolean | null, other: boolean | null): boolean | null {
  if (one === true || other === true) return true;
  return one === null || other === null ? null : false;
}

function all(operands: readonly Decide[]): Decide {
  return (view) => {
    let result: boolean | null = true;
    for (const operand of operands) {
      result = and(result, operand(view));
      if (result === false) return false;
    }
    return result;
  };
}

function any(operands: readonly Decide[]): Decide {
  return (view) => {
    let result: boolean | null = false;
    for (const operand of operands) {
      result = or(result, operand(view));
      if (result === true) return true;
    }
    return result;
  };
}
