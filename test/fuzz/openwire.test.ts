import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import { initialFormat } from "../../engine/wire/openwire/format.ts";
import type { OpenWireFormat } from "../../engine/wire/openwire/format.ts";
import { absentOf } from "../../engine/wire/openwire/frames.ts";
import type { DataStructure, Long, Throwable, TypeName } from "../../engine/wire/openwire/frames.ts";
import type { Field, TypeNames } from "../../engine/wire/openwire/kinds.ts";
import {
  decodePrimitiveMap,
  decodePrimitives,
  encodePrimitiveMap,
  encodePrimitives,
} from "../../engine/wire/openwire/primitives.ts";
import { dataTypes } from "../../engine/wire/openwire/table.ts";
import { readVectors } from "../wire/openwire/vectors.ts";
import { fuzzDecoder } from "./decoders.ts";
import { mutated } from "./mutations.ts";
import { fuzzTimeoutMs, outcome, runs } from "./runs.ts";

const frameBytesMax = 4_096;
const formats: Record<string, OpenWireFormat> = {
  "openwire-loose": { ...initialFormat, frameBytesMax },
  "openwire-loose-1-cached": { ...initialFormat, frameBytesMax, version: 1, cacheSize: 16 },
  "openwire-tight": { ...initialFormat, frameBytesMax, isTight: true, hasStackTraces: true },
  "openwire-tight-6-cached": { ...initialFormat, frameBytesMax, version: 6, isTight: true, cacheSize: 1024 },
  "openwire-loose-open": { ...initialFormat, frameBytesMax, hasSizePrefix: false },
  "openwire-tight-open-cached": {
    ...initialFormat,
    frameBytesMax,
    isTight: true,
    cacheSize: 20,
    hasSizePrefix: false,
  },
};

interface Row {
  readonly since?: number;
  readonly fields: Readonly<Record<string, Field>>;
}

const rows: readonly (readonly [string, Row])[] = Object.entries<Row>(dataTypes);

const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ maxLength: 4, unit: "binary" }));
/** Of each length that the tight encoding has for them. */
const long: fc.Arbitrary<Long> = fc
  .oneof(...[8n, 16n, 17n, 32n, 33n, 53n, 63n].map((bits) => fc.bigInt({ min: -1n, max: 2n ** bits - 1n })))
  .chain((value) => fc.constantFrom(value, -value - 1n))
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));

function throwable(format: OpenWireFormat, depth: number): fc.Arbitrary<Throwable> {
  const element = fc.record({
    className: fc.option(text),
    methodName: fc.option(text),
    fileName: fc.option(text),
    lineNumber: fc.integer(),
  });
  const hasMore = format.hasStackTraces && depth < 2;
  return fc.record({
    className: text,
    message: fc.option(text),
    stackTrace: hasMore ? fc.array(element, { maxLength: 2 }) : fc.constant([]),
    cause: hasMore ? fc.option(throwable(format, depth + 1)) : fc.constant(null),
  });
}

function valueOf(format: OpenWireFormat, field: Field, depth: number): fc.Arbitrary<unknown> {
  const { since = 1, until = 12 } = field;
  if (format.version < since || format.version > until) return fc.constant(field.absent);
  const optional = (value: fc.Arbitrary<unknown>) => (field.required === true ? value : fc.option(value));
  switch (field.kind) {
    case "boolean":
      return fc.boolean();
    case "byte":
      return fc.integer({ min: -128, max: 127 });
    case "int":
      return fc.integer();
    case "long":
      return long;
    case "string":
      return optional(text);
    case "bytes":
    case "idBytes":
      return optional(fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)));
    case "throwable":
      return optional(throwable(format, 0));
    case "constant":
      return fc.constant(field.absent);
    case "nested":
    case "cached":
      if (depth > 2 && field.required !== true) return fc.constant(null);
      return optional(objectOf(format, field.types, depth + 1));
    case "array":
      if (depth > 1) return fc.constant(null);
      return optional(fc.array(objectOf(format, field.types, depth + 1), { maxLength: 2 }));
  }
}

/** Any object of one of the types that a peer could send in that format. */
function objectOf(format: OpenWireFormat, types: TypeNames, depth: number): fc.Arbitrary<DataStructure> {
  const possible = rows.filter(
    ([name, row]) => (types === "any" || types.includes(name)) && (row.since ?? 1) <= format.version,
  );
  return fc
    .constantFrom(...possible)
    .chain(([name, row]) =>
      fc
        .record(
          Object.fromEntries(
            Object.entries(row.fields).map(([each, field]) => [each, valueOf(format, field, depth)]),
          ),
        )
        .map((fields) => ({ ...absentOf(name as TypeName), ...fields }) as unknown as DataStructure),
    );
}

function encode(format: OpenWireFormat, frames: readonly DataStructure[]): Buffer {
  const encoder = new OpenWireEncoder();
  encoder.format = format;
  for (const frame of frames) encoder.add(frame);
  return encoder.take();
}

function decoderOf(format: OpenWireFormat): OpenWireDecoder {
  const decoder = new OpenWireDecoder();
  decoder.format = format;
  return decoder;
}

const vectors = readVectors();

for (const [name, format] of Object.entries(formats)) {
  const frames = fc.array(objectOf(format, "any", 0), { maxLength: 3 });
  const captured = vectors
    .filter(
      (each) =>
        each.format.version === format.version && each.format.hasStackTraces === format.hasStackTraces,
    )
    .map((each) => encode({ ...format, frameBytesMax: limits.frameBytesMax }, each.frames));

  fuzzDecoder({
    name,
    valid: fc.oneof(
      frames.map((each) => encode(format, each)),
      fc.constantFrom(...captured),
    ),
    errors: ["FRAME_MALFORMED", "FRAME_TOO_LARGE", "LIMIT_REACHED"],
    open(take) {
      const decoder = decoderOf(format);
      return (piece) => decoder.push(piece, take);
    },
  });

  test(`fuzz: ${name} gives back every object as it was`, { timeout: fuzzTimeoutMs }, () => {
    fc.assert(
      fc.property(frames, (sent) => {
        const received: DataStructure[] = [];
        decoderOf(format).push(encode(format, sent), (frame) => received.push(frame));
        expect(received).toEqual(sent);
      }),
      runs(200),
    );
  });
}

test(
  "fuzz: maps and streams of values are read or refused, and what is read is written the same",
  { timeout: fuzzTimeoutMs },
  () => {
    const bodies = vectors.map(({ bytes }) => bytes.subarray(0, 60));
    const typed = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.uint8Array({ maxLength: 9 })), { maxLength: 6 })
      .map((values) => Buffer.concat(values.map(([code, bytes]) => Buffer.from([code, ...bytes]))));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated(typed), fc.constantFrom(...bodies));
    fc.assert(
      fc.property(bytes, (input) => {
        const allowed = ["FRAME_MALFORMED", "LIMIT_REACHED"] as const;
        const values = outcome(() => decodePrimitives(input), allowed);
        if ("result" in values)
          expect(decodePrimitives(encodePrimitives(values.result))).toEqual(values.result);
        const map = outcome(() => decodePrimitiveMap(input), allowed);
        if ("result" in map) expect(decodePrimitiveMap(encodePrimitiveMap(map.result))).toEqual(map.result);
      }),
      runs(1_500),
    );
  },
);

test("fuzz: a frame takes memory as its bytes come, and not for what it says of its size", () => {
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 100 }, () => decoderOf(initialFormat));
  for (const decoder of decoders) {
    decoder.push(Buffer.of(6, 0x3f, 0xff, 0xff, 24), () => expect.fail("a frame of 100 MB is not complete"));
    for (let piece = 0; piece < 10; piece += 1)
      decoder.push(Buffer.alloc(1_000), () => expect.fail("nor now"));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});

test("fuzz: a large frame takes memory as its bytes come, whatever room is made for the rest", () => {
  const piece = Buffer.alloc(65_536, 1);
  const decoders = Array.from({ length: 20 }, () => decoderOf(initialFormat));
  const before = process.memoryUsage().rss;
  for (const decoder of decoders) {
    decoder.push(Buffer.of(6, 0x3f, 0xff, 0xff, 24), () => expect.fail("a frame of 100 MB is not complete"));
    for (let count = 0; count < 24; count += 1) decoder.push(piece, () => expect.fail("nor now"));
  }
  // 31 MB came, and 1.5 MB of each were moved once.
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  expect(decoders.map(({ unfinishedBytes }) => unfinishedBytes)).toEqual(decoders.map(() => 24 * 65_536 + 1));
});
