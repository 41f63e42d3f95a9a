import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import type { OpenWireFormat } from "../../engine/wire/openwire/format.ts";
import { absentOf } from "../../engine/wire/openwire/frames.ts";
import type { DataStructure, TypeName } from "../../engine/wire/openwire/frames.ts";
import { dataTypes } from "../../engine/wire/openwire/table.ts";
import { readVectors } from "./openwire/vectors.ts";

const vectors = readVectors();
const distinct = vectors.filter(({ isFirst }) => isFirst);
/** Enough of them for tests that take each apart in many ways; `test/fuzz` goes on from there. */
const sample = distinct.filter((_, index) => index % 5 === 0);

function decode(format: OpenWireFormat, ...pieces: readonly Uint8Array[]): DataStructure[] {
  const decoder = new OpenWireDecoder();
  decoder.format = format;
  const frames: DataStructure[] = [];
  for (const piece of pieces) decoder.push(piece, (frame) => frames.push(frame));
  return frames;
}

/** Decodes what may be broken: to frames or to a `BrokerError`, to nothing else. */
function tryDecode(format: OpenWireFormat, bytes: Uint8Array): DataStructure[] | BrokerError {
  try {
    return decode(format, bytes);
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

function withoutAbsent<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map((each: unknown) => withoutAbsent(each)) as Value;
  if (typeof value !== "object" || value === null || !("type" in value)) return value;
  const absent = absentOf(value.type as TypeName);
  const present = Object.entries(value).filter(([field, each]) => field === "type" || each !== absent[field]);
  return Object.fromEntries(present.map(([field, each]) => [field, withoutAbsent<unknown>(each)])) as Value;
}

test("openwire: the vectors have every type, version and way of writing", () => {
  expect(new Set(vectors.map(({ frames }) => frames[0]?.type))).toEqual(new Set(Object.keys(dataTypes)));
  const ways = vectors.map(({ format }) => `${format.version} ${format.isTight} ${format.cacheSize > 0}`);
  expect(new Set(ways).size).toBe(12 * 2 * 2);
});

describe.each(Object.keys(dataTypes))("openwire: %s as Java writes it", (type) => {
  const ofType = vectors.filter(({ frames }) => frames[0]?.type === type);
  const distinctOfType = ofType.filter(({ isFirst }) => isFirst);

  test("is read", () => {
    for (const { name, format, bytes, frames } of ofType) expect(decode(format, bytes), name).toEqual(frames);
  });

  test("is written byte for byte", () => {
    for (const { name, format, bytes, frames } of ofType) {
      const encoder = new OpenWireEncoder();
      encoder.format = format;
      for (const frame of frames) encoder.add(frame);
      expect(encoder.take().toString("hex"), name).toBe(bytes.toString("hex"));
    }
  });

  test("is written the same when what is absent is left out", () => {
    for (const { name, format, bytes, frames } of ofType) {
      const encoder = new OpenWireEncoder();
      encoder.format = format;
      for (const frame of frames) encoder.add(withoutAbsent(frame));
      expect(encoder.take().toString("hex"), name).toBe(bytes.toString("hex"));
    }
  });

  test("is the same however it is cut", () => {
    for (const { name, format, bytes, frames } of distinctOfType) {
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const got = decode(format, bytes.subarray(0, cut), bytes.subarray(cut));
        if (got.length !== frames.length) expect.fail(`${name}: ${got.length} frames when cut at ${cut}`);
        if (cut % 31 === 0) expect(got, `${name} cut at ${cut}`).toEqual(frames);
      }
      const bytewise = decode(format, ...Array.from(bytes, (byte) => Buffer.of(byte)));
      expect(bytewise, `${name} byte by byte`).toEqual(frames);
    }
  });

  test("is the same without sizes before frames, however it is cut", () => {
    for (const { name, format, frames } of distinctOfType) {
      const open = { ...format, hasSizePrefix: false };
      const encoder = new OpenWireEncoder();
      encoder.format = open;
      for (const frame of frames) encoder.add(frame);
      const bytes = encoder.take();
      expect(decode(open, ...Array.from(bytes, (byte) => Buffer.of(byte))), name).toEqual(frames);
      for (let cut = 1; cut < bytes.length; cut += 13)
        expect(decode(open, bytes.subarray(0, cut), bytes.subarray(cut)), name).toEqual(frames);
    }
  });
});

test("openwire: a frame that ends early is refused, wherever it ends", () => {
  for (const { name, format, bytes, frames } of sample) {
    const whole = bytes.subarray(0, 4 + bytes.readInt32BE(0));
    for (let length = 5; length < whole.length; length += 1) {
      const cut = Buffer.from(whole.subarray(0, length));
      cut.writeInt32BE(length - 4, 0);
      const got = tryDecode(format, cut);
      expect(got, `${name} of ${length} instead of ${whole.length} bytes`).toBeInstanceOf(BrokerError);
    }
    expect(tryDecode(format, whole)).toEqual(frames.slice(0, 1));
  }
});

test("openwire: a flipped bit gives another frame or an error that says what is wrong", () => {
  const codes = new Set<string>();
  for (const { format, bytes } of sample) {
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const broken = Buffer.from(bytes);
      broken[bit >> 3]! ^= 1 << (bit & 7);
      const got = tryDecode(format, broken);
      if (got instanceof BrokerError) codes.add(got.code);
    }
  }
  expect([...codes].sort()).toEqual(["FRAME_MALFORMED", "FRAME_TOO_LARGE", "LIMIT_REACHED"]);
});
