/** One step of a LIKE pattern: a character, any one character, or any number of them. */
type Step = string | typeof one | typeof many;
const one = Symbol("one");
const many = Symbol("many");

/**
 * A LIKE pattern as a function: `_` is any character, `%` any number of them, and `escape` takes that meaning away
 * from the one behind it. It goes back only to the last `%`, so the time is bounded by the product of the lengths,
 * which a regular expression would not promise.
 */
export function likeMatcher(pattern: string, escape: string | null): (text: string) => boolean {
  const steps = stepsOf(pattern, escape);
  return (text) => matches(steps, Array.from(text));
}

function stepsOf(pattern: string, escape: string | null): readonly Step[] {
  const characters = Array.from(pattern);
  const steps: Step[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at]!;
    const next = characters[at + 1];
    if (character === escape && (next === "_" || next === "%" || next === escape)) {
      steps.push(next);
      at += 1;
    } else if (character === "_") steps.push(one);
    else if (character !== "%") steps.push(character);
    else if (steps.at(-1) !== many) steps.push(many);
  }
  return steps;
}

function matches(steps: readonly Step[], text: readonly string[]): boolean {
  let step = 0;
  let at = 0;
  let lastMany = -1;
  let retryAt = 0;
  while (at < text.length) {
    if (steps[step] === many) {
      lastMany = step;
      retryAt = at;
      step += 1;
    } else if (step < steps.length && (steps[step] === one || steps[step] === text[at])) {
      step += 1;
      at += 1;
    } else if (lastMany !== -1) {
      step = lastMany + 1;
      retryAt += 1;
      at = retryAt;
    } else {
      return false;
    }
  }
  while (steps[step] === many) step += 1;
  return step === steps.length;
}
