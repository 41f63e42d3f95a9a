import type { z } from "zod";

/**
 * What a schema found wrong, as the end of a sentence whose subject is the field:
 * `must be a whole number`, `must be one of "guarded", "classic"`.
 */
export function issueText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined && issue.message.includes("received undefined")
        ? "is missing"
        : `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" || issue.origin === "array"
        ? `must be no longer than ${issue.maximum}`
        : `must be at most ${issue.maximum}`;
    case "unrecognized_keys":
      return `has no field ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    case "invalid_union": {
      const texts = [...new Set(issue.errors.flatMap((branch) => branch.map(issueText)))];
      // `must be true or false or must be "always"` would be two sentences in one.
      const [first, ...others] = texts;
      if (first === undefined) return issue.message;
      const rest = others.map((text) => text.replace(/^must be /, ""));
      return [rest.length === 0 ? first : first.replace("true or false", "true, false"), ...rest].join(
        " or ",
      );
    }
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "not_multiple_of":
      return `is not valid (${issue.message})`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  object: "an object with named fields",
  array: "a list",
};

/** `users[0].name`, or "" for the whole. */
export function issuePath(issue: z.core.$ZodIssue): string {
  return issue.path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}
