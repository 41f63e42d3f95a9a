/** What an identifier can stand for, and an expression come to: whole numbers are exact (64 bits), others are doubles. */
export type SelectorValue = string | boolean | bigint | number | null;

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";
export type Sign = "+" | "-" | "*" | "/" | "%";

/**
 * A selector as it was understood. Chains are lists, not towers, so that a long `OR` costs no depth. `column` is where
 * the part begins, from 1, for what is said about it.
 */
export type Expression =
  | { readonly kind: "literal"; readonly column: number; readonly value: Exclude<SelectorValue, null> }
  | { readonly kind: "identifier"; readonly column: number; readonly name: string }
  | { readonly kind: "negative"; readonly column: number; readonly operand: Expression }
  | {
      readonly kind: "arithmetic";
      readonly column: number;
      readonly first: Expression;
      readonly rest: readonly { readonly sign: Sign; readonly operand: Expression }[];
    }
  | {
      readonly kind: "comparison";
      readonly column: number;
      readonly comparison: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "between";
      readonly column: number;
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
    }
  | {
      readonly kind: "in";
      readonly column: number;
      readonly operand: Expression;
      readonly choices: readonly string[];
      readonly negated: boolean;
    }
  | {
      readonly kind: "like";
      readonly column: number;
      readonly operand: Expression;
      readonly pattern: string;
      readonly escape: string | null;
      readonly negated: boolean;
    }
  | {
      readonly kind: "null";
      readonly column: number;
      readonly operand: Expression;
      readonly negated: boolean;
    }
  | { readonly kind: "not"; readonly column: number; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly column: number; readonly operands: readonly Expression[] };

/** What an expression can come to, as far as its text shows it. */
export type Kind = "string" | "number" | "boolean" | "anything";

export function kindOf(expression: Expression): Kind {
  switch (expression.kind) {
    case "identifier":
      return "anything";
    case "literal":
      if (typeof expression.value === "string") return "string";
      return typeof expression.value === "boolean" ? "boolean" : "number";
    case "negative":
    case "arithmetic":
      return "number";
    default:
      return "boolean";
  }
}
