import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../engine/base/bytes.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime } from "../../engine/base/units.ts";
import { Chunk } from "../../engine/core/chunk.ts";
import { readCommand, writeCommand, type Command } from "../../engine/core/command.ts";
import { encodeReplication, ReplicationDecoder } from "../../engine/pair/codec.ts";
import { nextEntry, readEntry, type Head } from "../../engine/pair/entry.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import { commands } from "../core/arbitraries.ts";
import { fuzzDecoder } from "./decoders.ts";
import { mutated } from "./mutations.ts";
import { fuzzTimeoutMs, outcome, runs } from "./runs.ts";

const text = fc.string({ maxLength: 10, unit: "grapheme" });
const optionalText = fc.option(text, { nil: null });
const epoch = fc.nat().map(asEpoch);
const op = fc.integer({ min: 0, max: 2 ** 45 }).map(asOp);
const digest = fc.uint8Array({ minLength: 16, maxLength: 16 });
const bytes = fc.uint8Array({ maxLength: 60 });
const place = fc.record({
  op,
  position: fc.nat(),
  priority: fc.constant(4),
  expiresAt: fc.option(fc.nat().map(asWallTime), { nil: null }),
  persistent: fc.boolean(),
  deadLetter: fc.constant(null),
  deliveryCount: fc.nat(),
  stored: fc.constant(false),
});
/** Numbers that lie too far apart make none; then there is a plain one. */
const chunk = fc.array(place, { minLength: 1, maxLength: 4 }).map((places) => {
  const sorted = places.toSorted((one, other) => one.position - other.position);
  const made = Chunk.of(1, sorted) ?? Chunk.of(1, sorted.slice(0, 1))!;
  return { id: made.id, queue: 1, bytes: made.bytes, gone: null };
});
const kind = <Kind extends ReplicationMessage["kind"]>(value: Kind): fc.Arbitrary<Kind> => fc.constant(value);

/** One arbitrary for each kind; a kind without one does not compile. */
const messages: {
  [Kind in ReplicationMessage["kind"]]: fc.Arbitrary<Extract<ReplicationMessage, { kind: Kind }>>;
} = {
  hello: fc.record({
    kind: kind("hello"),
    version: fc.nat(),
    epoch,
    pairId: optionalText,
    node: text,
    instance: text,
    head: op,
    digest,
    userName: optionalText,
    password: optionalText,
  }),
  welcome: fc.record({ kind: kind("welcome"), epoch, pairId: text, common: op, digest, lacks: fc.boolean() }),
  refused: fc.record({ kind: kind("refused"), epoch, retry: fc.boolean(), reason: text }),
  append: fc.record({
    kind: kind("append"),
    epoch,
    after: op,
    committed: op,
    entries: fc.array(bytes, { maxLength: 4 }),
  }),
  "append-ok": fc.record({ kind: kind("append-ok"), epoch, head: op, digest }),
  heartbeat: fc.record({ kind: kind("heartbeat"), epoch, committed: op }),
  "in-sync": fc.record({ kind: kind("in-sync"), epoch }),
  "in-sync-ok": fc.record({ kind: kind("in-sync-ok"), epoch }),
  probe: fc.record({ kind: kind("probe"), epoch, number: op }),
  "probe-ok": fc.record({ kind: kind("probe-ok"), epoch, number: op }),
  fenced: fc.record({ kind: kind("fenced"), epoch }),
  goodbye: fc.record({ kind: kind("goodbye"), pair: fc.boolean(), reason: text }),
  snapshot: fc.record({
    kind: kind("snapshot"),
    epoch,
    pairId: text,
    op,
    stampedAt: fc.nat().map(asWallTime),
    digest,
    summary: text,
  }),
  "snapshot-part": fc.record({
    kind: kind("snapshot-part"),
    epoch,
    isLast: fc.boolean(),
    contents: fc.array(fc.record({ op, bytes }), { maxLength: 3 }),
    chunks: fc.array(chunk, { maxLength: 2 }),
    rows: fc.array(
      fc.record({
        queue: fc.nat(),
        op,
        position: fc.nat(),
        priority: fc.integer({ min: 0, max: 9 }),
        expiresAt: fc.option(fc.integer({ min: 1 }), { nil: null }),
        persistent: fc.boolean(),
        deliveryCount: fc.nat(),
        deadLetter: fc.option(fc.record({ from: text, cause: fc.constantFrom("expired", "rejected") }), {
          nil: null,
        }),
      }),
      { maxLength: 3 },
    ),
  }),
  "snapshot-ok": fc.record({ kind: kind("snapshot-ok"), epoch }),
};

fuzzDecoder({
  name: "replication",
  valid: fc
    .array(fc.oneof(...Object.values(messages)), { maxLength: 4 })
    .map((some) => Buffer.concat(some.map(encodeReplication))),
  errors: ["FRAME_MALFORMED", "FRAME_TOO_LARGE"],
  open(take) {
    const decoder = new ReplicationDecoder();
    return (piece) => {
      decoder.push(piece, (message) => take(asHex(message)));
    };
  },
});

/** Byte strings as text: views of different buffers are equal to what they show. */
function asHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value instanceof Map) return [...value].map(asHex);
  if (Array.isArray(value)) return value.map(asHex);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asHex(inner)]));
}

/** Half of them carry a message: that is where the fields are. */
const command: fc.Arbitrary<Command> = fc.oneof(commands.send, fc.oneof(...Object.values(commands)));

function written(each: Command): Uint8Array {
  const writer = new ByteWriter();
  writeCommand(writer, each);
  return writer.take();
}

/** The command in `input`, if it is one and nothing but one. */
function commandIn(input: Uint8Array): Command | null {
  const read = outcome(() => {
    const reader = new ByteReader(input, "journal");
    const each = readCommand(reader);
    return reader.atEnd ? each : null;
  }, ["FRAME_MALFORMED"]);
  return "result" in read ? read.result : null;
}

/** What the state machine relies on without asking again. */
function isSound(each: Command): boolean {
  if (each.kind !== "send") return true;
  const { priority, sentAt, expiresAt, destination } = each.message;
  return (
    priority <= 9 &&
    Number.isFinite(sentAt) &&
    (expiresAt === null || Number.isFinite(expiresAt)) &&
    destination.name !== ""
  );
}

describe("fuzz: commands of the journal", () => {
  test.each([
    ["a priority of 200", { priority: 200 }],
    ["sent at no time", { sentAt: asWallTime(NaN) }],
    ["expires at no time", { expiresAt: asWallTime(Infinity) }],
  ])("%s is a named error", (_name, wrong) => {
    const [sound] = fc.sample(commands.send, { numRuns: 1, seed: 1 });
    expect(commandIn(written({ ...sound!, message: { ...sound!.message, ...wrong } }))).toBeNull();
  });

  test.each(["1x345", "0x345", "12 45", "     "])("a whole number written %j is a named error", (text) => {
    const [sound] = fc.sample(commands.send, { numRuns: 1, seed: 1 });
    const message = { ...sound!.message, properties: new Map([["a", 12_345n]]) };
    const input = Buffer.from(written({ ...sound!, message }));
    input.write(text, input.indexOf("12345"));
    expect(commandIn(input)).toBeNull();
  });

  test(
    "any bytes are a sound command that is written as it was read, or a named error",
    { timeout: fuzzTimeoutMs },
    () => {
      const valid = command.map(written);
      const input = fc.oneof(fc.uint8Array({ maxLength: 120 }), mutated(valid));
      fc.assert(
        fc.property(input, (each) => {
          const read = commandIn(each);
          if (read === null) return;
          expect(isSound(read)).toBe(true);
          expect(asHex(commandIn(written(read)))).toEqual(asHex(read));
        }),
        runs(2_500),
      );
    },
  );

  test("any bytes are an entry or a named error", { timeout: fuzzTimeoutMs }, () => {
    const head: Head = { op: asOp(4), epoch: asEpoch(1), stampedAt: asWallTime(9), digest: emptyDigest };
    const valid = command.map((each) => nextEntry(head, asEpoch(2), asWallTime(10), each).bytes);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), mutated(valid)), (input) => {
        outcome(() => readEntry(asOp(5), input), ["FRAME_MALFORMED"]);
      }),
      runs(1_000),
    );
  });
});
