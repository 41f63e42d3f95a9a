import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { compositeOf, isComposite, partsOf } from "../core/composite.ts";
import { parseDestinationKey } from "../core/message.ts";
import type { Destination } from "../core/message.ts";

/** Where a destination's name stands; some names are good for one use only. */
export type DestinationUse = "send" | "subscribe";

interface Prefix {
  readonly text: string;
  readonly kind: Destination["kind"];
  /** The connection's own name for a temporary destination, rather than the one everybody knows it by. */
  readonly isOwn: boolean;
}

const prefixes: readonly Prefix[] = [
  { text: "/queue/", kind: "queue", isOwn: false },
  { text: "/topic/", kind: "topic", isOwn: false },
  { text: "/temp-queue/", kind: "temp-queue", isOwn: true },
  { text: "/temp-topic/", kind: "temp-topic", isOwn: true },
  { text: "/remote-temp-queue/", kind: "temp-queue", isOwn: false },
  { text: "/remote-temp-topic/", kind: "temp-topic", isOwn: false },
];

/**
 * Reads a destination as STOMP clients of ActiveMQ write it. `/temp-queue/replies` is short for a name that only this
 * connection has, so two clients may use the same one; everyone else knows it as `/remote-temp-queue/<full name>`.
 */
export function readDestination(text: string, use: DestinationUse, connectionName: string): Destination {
  const invalid = (detail: string) =>
    new BrokerError("DESTINATION_INVALID", { destination: shown(text), detail });
  const parts = text.split(",").flatMap((part) => {
    const destination = parse(part.trim(), connectionName);
    if (destination === null)
      throw invalid(
        "it must begin with /queue/, /topic/, /temp-queue/ or /temp-topic/ and have a name after that",
      );
    const fault = faultOf(destination, use, connectionName);
    if (fault !== null) throw invalid(fault);
    return [destination];
  });
  if (parts.length > limits.destinationPartsMax)
    throw invalid(`it stands for ${parts.length} destinations, more than ${limits.destinationPartsMax}`);
  if (use === "subscribe" && new Set(parts.map(({ kind }) => kind)).size > 1)
    throw invalid("one subscription receives from queues or from topics, not from both");
  return compositeOf(parts);
}

/** What stands against a destination by itself, or as part of a composite one. */
function faultOf(destination: Destination, use: DestinationUse, connectionName: string): string | null {
  const { name } = destination;
  if (Buffer.byteLength(name) > limits.destinationNameBytesMax)
    return `its name is longer than ${limits.destinationNameBytesMax} bytes`;
  if (/\p{Cc}/u.test(name)) return "its name has a control character";
  if (name.includes("?")) return "options after a question mark are not supported; use activemq.* headers";
  if (use === "send" && isPattern(name)) return "a message cannot be sent to a wildcard";
  if (use === "subscribe" && isTemporary(destination) && !isOwnTemporary(destination, connectionName))
    return "only the connection that made a temporary destination can subscribe to it";
  return null;
}

/** Whether a text names a destination at all; ActiveMQ keeps any other `reply-to` as an ordinary header. */
export function looksLikeDestination(text: string): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix.text)) || /^(?:queue|topic):\/\//.test(text);
}

/** The destination as the client of `connectionName` would write it. */
export function writeDestination(destination: Destination, connectionName: string): string {
  if (isComposite(destination))
    return partsOf(destination)
      .map((part) => writeDestination(part, connectionName))
      .join(",");
  const { kind, name } = destination;
  if (!isTemporary(destination)) return `/${kind}/${name}`;
  return isOwnTemporary(destination, connectionName)
    ? `/${kind}/${name.slice(connectionName.length + 1)}`
    : `/remote-${kind}/${name}`;
}

function isTemporary(destination: Destination): boolean {
  return destination.kind === "temp-queue" || destination.kind === "temp-topic";
}

export function isOwnTemporary(destination: Destination, connectionName: string): boolean {
  return isTemporary(destination) && destination.name.startsWith(`${connectionName}:`);
}

function parse(text: string, connectionName: string): Destination | null {
  const prefix = prefixes.find((candidate) => text.startsWith(candidate.text));
  if (prefix !== undefined) {
    const name = text.slice(prefix.text.length);
    if (name === "") return null;
    return { kind: prefix.kind, name: prefix.isOwn ? `${connectionName}:${name}` : name };
  }
  // ActiveMQ takes a bare name for a queue; it does so with `/queues/x` too, which hides a slip of the pen from its author.
  if (text.startsWith("/")) return null;
  const destination = parseDestinationKey(text);
  return destination === null || isTemporary(destination) ? null : destination;
}

function isPattern(name: string): boolean {
  return name.split(".").some((part) => part === "*" || part === ">");
}

function shown(text: string): string {
  return JSON.stringify(text.length > 128 ? `${text.slice(0, 128)}…` : text);
}
