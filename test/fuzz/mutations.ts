import fc from "fast-check";

/** Bytes that mean something to one protocol or another, and numbers at the edges of their types. */
const telling: readonly Uint8Array[] = [
  "\0",
  "\n",
  "\r\n",
  ":",
  "\\",
  "\\x",
  "\u00ff",
  "\u00c3",
  "\0\0\0\0",
  "\u00ff\u00ff\u00ff\u00ff",
  "\u007f\u00ff\u00ff\u00ff",
  "\u0080\u0080\u0080\u0080\u0080\u0080\u0080\u0080\u0080",
  "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u000f",
  "content-length:999999999999999\n",
  "content-length:-1\n",
  "content-length:3\n",
  "CONNECT\naccept-version:1.2\n\n\0",
  "receipt:r\n",
  "transaction:t\n",
  "__proto__:x\n",
].map((text) => Buffer.from(text, "latin1"));

type Mutation =
  | { readonly kind: "set"; readonly at: number; readonly byte: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove" | "repeat"; readonly at: number; readonly sizeBytes: number }
  | { readonly kind: "truncate"; readonly at: number };

/** A part of a length, so that it fits whatever it is applied to. (Most of the doubles that there are lie next to 0.) */
export const part = fc.nat({ max: 999_999 }).map((millionths) => millionths / 1_000_000);
const at = part;
const sizeBytes = fc.integer({ min: 1, max: 40 });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("set" as const), at, byte: fc.integer({ min: 0, max: 255 }) }),
  },
  fc.record({ kind: fc.constant("insert" as const), at, bytes: fc.constantFrom(...telling) }),
  fc.record({ kind: fc.constantFrom("remove" as const, "repeat" as const), at, sizeBytes }),
  fc.record({ kind: fc.constant("truncate" as const), at }),
);

/** What is valid, with a few things wrong with it: far nearer to the code behind the first check than chance alone. */
export function mutated(base: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(base, fc.oneof({ weight: 3, arbitrary: fc.tuple(mutation) }, fc.array(mutation, { maxLength: 6 })))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes));
}

function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  const place = Math.floor(change.at * bytes.length);
  const before = bytes.subarray(0, place);
  switch (change.kind) {
    case "set": {
      const copy = Uint8Array.from(bytes);
      if (place < copy.length) copy[place] = change.byte;
      return copy;
    }
    case "insert":
      return Buffer.concat([before, change.bytes, bytes.subarray(place)]);
    case "remove":
      return Buffer.concat([before, bytes.subarray(place + change.sizeBytes)]);
    case "repeat":
      return Buffer.concat([before, bytes.subarray(place, place + change.sizeBytes), bytes.subarray(place)]);
    case "truncate":
      return before;
  }
}

/** The same for texts, as text files are. */
export function mutatedText(base: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return mutated(base.map((text) => Buffer.from(text))).map((bytes) => Buffer.from(bytes).toString("utf8"));
}

/** Cuts bytes at places given as parts of their length. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length];
  edges.sort((one, other) => one - other);
  return edges.map((edge, index) => bytes.subarray(edges[index - 1] ?? 0, edge));
}
