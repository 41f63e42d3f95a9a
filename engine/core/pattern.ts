import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { partsOf } from "./composite.ts";
import type { Destination } from "./message.ts";

/**
 * ActiveMQ's destination patterns: names are dotted paths, `*` stands for exactly one element, `>` for all the rest
 * (none included, so that `PRICE.>` matches `PRICE` too).
 */
export function isPattern(name: string): boolean {
  return hasWildcard(name) && name.split(".").some((element) => element === "*" || element === ">");
}

export function matchesPattern(pattern: string, name: string): boolean {
  if (!hasWildcard(pattern)) return pattern === name;
  const elements = name.split(".");
  const wanted = pattern.split(".");
  for (const [index, element] of wanted.entries()) {
    if (element === ">") return true;
    if (index >= elements.length || (element !== "*" && element !== elements[index])) return false;
  }
  return elements.length === wanted.length;
}

/** Most names have none, and are asked for often. */
function hasWildcard(name: string): boolean {
  return name.includes("*") || name.includes(">");
}

/** Throws DESTINATION_INVALID when nothing can be sent to, or received from, a destination of this name. */
export function checkDestination(destination: Destination, allowPattern: boolean): void {
  const parts = partsOf(destination);
  let detail: string | null = null;
  if (parts.length === 0) detail = "its name is empty";
  else if (parts.length > limits.destinationPartsMax)
    detail = `it stands for ${parts.length} destinations, more than ${limits.destinationPartsMax}`;
  for (const { name } of parts) detail ??= fault(name, allowPattern);
  if (detail !== null)
    throw new BrokerError("DESTINATION_INVALID", { destination: destination.name.slice(0, 200), detail });
}

function fault(name: string, allowPattern: boolean): string | null {
  if (name === "") return "its name is empty";
  if (Buffer.byteLength(name) > limits.destinationNameBytesMax)
    return `its name is longer than ${limits.destinationNameBytesMax} bytes`;
  // eslint-disable-next-line no-control-regex -- Control characters are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(name)) return "its name has control characters";
  if (name.includes(",")) return "the name of a temporary destination has no comma";
  if (!allowPattern && isPattern(name)) return "a pattern with * or > can be subscribed to, not sent to";
  return null;
}
