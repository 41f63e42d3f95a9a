import { destinationKey, parseDestinationKey, type Destination } from "./message.ts";

/** Whether one name stands for several destinations: `a,b`, or with other kinds among them `a,topic://b`. */
export function isComposite({ kind, name }: Destination): boolean {
  return (kind === "queue" || kind === "topic") && name.includes(",");
}

/** What a destination stands for: itself, or the parts of a composite one, each once. A part without a kind has that of the whole. */
export function partsOf(destination: Destination): readonly Destination[] {
  if (!isComposite(destination)) return [destination];
  const parts = new Map<string, Destination>();
  for (const text of destination.name.split(",")) {
    const name = text.trim();
    if (name === "") continue;
    const part = (name.includes("://") ? parseDestinationKey(name) : null) ?? {
      kind: destination.kind,
      name,
    };
    parts.set(destinationKey(part), part);
  }
  return [...parts.values()];
}

/** One destination that stands for all of these; the first one says which kind the others need not name. */
export function compositeOf(parts: readonly Destination[]): Destination {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const kind = first?.kind === "topic" ? "topic" : "queue";
  return {
    kind,
    name: parts.map((part) => (part.kind === kind ? part.name : destinationKey(part))).join(","),
  };
}
