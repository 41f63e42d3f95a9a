import { compile, type SelectorView } from "./compile.ts";
import { parse } from "./parse.ts";

export interface Selector {
  /** As its client wrote it: two subscriptions are the same when their texts are. */
  readonly text: string;
  /** Whether the selector is true of the message; false and unknown do not match. */
  matches(view: SelectorView): boolean;
}

/** ActiveMQ's, in front of a selector: strings compared with numbers or booleans are read as such. */
const convertPrefix = "convert_string_expressions:";

/**
 * Reads a JMS message selector: the subset of SQL-92 of [JMS 3.8.1], with ActiveMQ's `%`. Throws SELECTOR_INVALID,
 * which says what is wrong, at which column, and what to do.
 */
export function parseSelector(text: string): Selector {
  const convertStrings = text.startsWith(convertPrefix);
  // Blanked, not cut, so that columns stay those of the text.
  const expression = parse(
    convertStrings ? " ".repeat(convertPrefix.length) + text.slice(convertPrefix.length) : text,
  );
  const decide = compile(expression, convertStrings);
  return { text, matches: (view) => decide(view) === true };
}

/** [JMS 3.8.1] An empty selector is none. */
export function selectorOrNone(text: string | null): string | null {
  return text === null || text.trim() === "" ? null : text;
}
