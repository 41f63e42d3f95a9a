import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../engine/base/errors.ts";
import { cut, mutated, part } from "./mutations.ts";
import { corpus, fuzzTimeoutMs, outcome, runs } from "./runs.ts";

/** Anything that turns a stream of bytes, in pieces of any size, into frames. A protocol is fuzzed by describing it so. */
export interface DecoderUnderFuzz {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** Streams that a well-behaved peer could send. */
  readonly valid: fc.Arbitrary<Uint8Array>;
  /** Errors that bytes may cause. */
  readonly errors: readonly ErrorCode[];
  /** A new decoder; each piece pushed hands its frames to `take`, in a form that `toEqual` compares. */
  open(take: (frame: unknown) => void): (piece: Uint8Array) => void;
}

/** All that a decoder read before the end, or before the error. */
function decode(decoder: DecoderUnderFuzz, pieces: readonly Uint8Array[]): unknown {
  const frames: unknown[] = [];
  const push = decoder.open((frame) => frames.push(frame));
  const end = outcome(() => {
    for (const piece of pieces) push(piece);
  }, decoder.errors);
  return { frames, end };
}

const oneByOne = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

/** The properties of every decoder. */
export function fuzzDecoder(decoder: DecoderUnderFuzz): void {
  const found = corpus(decoder.name);
  const anyBytes = fc.uint8Array({ maxLength: 400 });
  const kept = found.map(({ bytes }) => bytes);
  const base = kept.length === 0 ? decoder.valid : fc.oneof(decoder.valid, fc.constantFrom(...kept));
  const places = fc.array(part, { maxLength: 6 });

  describe(`fuzz: ${decoder.name}`, () => {
    test.each(found)("corpus: $name gives frames or a named error, however it is cut", ({ bytes }) => {
      const whole = decode(decoder, [bytes]);
      expect(decode(decoder, oneByOne(bytes))).toEqual(whole);
      // Every place in a small input, some two hundred in a large one.
      const step = Math.max(1, Math.floor(bytes.length / 200));
      for (let at = 0; at <= bytes.length; at += step)
        expect(decode(decoder, [bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole);
    });

    test("what is valid is read without an error", { timeout: fuzzTimeoutMs }, () => {
      fc.assert(
        fc.property(decoder.valid, (bytes) => {
          expect(decode(decoder, [bytes])).toMatchObject({ end: { result: undefined } });
        }),
        runs(100),
      );
    });

    test.each([
      ["any bytes", anyBytes, 500],
      ["valid bytes with something wrong", mutated(base), 800],
    ] as const)(
      "%s give frames or a named error, the same however they are cut",
      { timeout: fuzzTimeoutMs },
      (_name, bytes, count) => {
        fc.assert(
          fc.property(bytes, places, (input, where) => {
            const whole = decode(decoder, [input]);
            expect(decode(decoder, cut(input, where))).toEqual(whole);
            expect(decode(decoder, oneByOne(input))).toEqual(whole);
          }),
          runs(count),
        );
      },
    );
  });
}
