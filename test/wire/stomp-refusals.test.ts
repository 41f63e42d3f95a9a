import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import type { StompBounds } from "../../engine/wire/stomp/decode.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import type { StompFrame, StompVersion } from "../../engine/wire/stomp/frames.ts";
import { decode, errorOf, oneByOne } from "./stomp.pieces.ts";
import { wireBytes } from "./stomp.vectors.ts";

describe("stomp: malformed", () => {
  const malformed: readonly [
    name: string,
    version: StompVersion,
    wire: string,
    code: string,
    says: RegExp,
  ][] = [
    ["an unknown command", "1.2", "PUT\n\n^@", "FRAME_MALFORMED", /"PUT" is no STOMP command/],
    ["a command in small letters", "1.2", "send\n\n^@", "FRAME_MALFORMED", /"send" is no STOMP command/],
    [
      "a name of Object.prototype as command",
      "1.2",
      "constructor\n\n^@",
      "FRAME_MALFORMED",
      /no STOMP command/,
    ],
    ["a first line that does not end", "1.2", "x".repeat(33), "FRAME_MALFORMED", /no STOMP command/],
    [
      "a header without a colon",
      "1.2",
      "SEND\nnonsense\n\n^@",
      "FRAME_MALFORMED",
      /"nonsense" of SEND has no colon/,
    ],
    ["a header without a name", "1.2", "SEND\n:value\n\n^@", "FRAME_MALFORMED", /has no name/],
    [
      "the end of the frame before the empty line",
      "1.2",
      "SEND\nx:y\n^@",
      "FRAME_MALFORMED",
      /NUL byte stands in the headers/,
    ],
    ["NUL within a header", "1.2", "SEND\nx:^@y\n\n^@", "FRAME_MALFORMED", /NUL byte stands in the headers/],
    [
      "an undefined escape in 1.1",
      "1.1",
      "SEND\nx:\\t\n\n^@",
      "FRAME_MALFORMED",
      /STOMP 1.1 has no escape sequence/,
    ],
    [
      "the carriage return's escape in 1.1",
      "1.1",
      "SEND\nx:\\r\n\n^@",
      "FRAME_MALFORMED",
      /STOMP 1.1 has no escape sequence/,
    ],
    [
      "an undefined escape in 1.2",
      "1.2",
      "SEND\nx:\\t\n\n^@",
      "FRAME_MALFORMED",
      /STOMP 1.2 has no escape sequence/,
    ],
    ["an undefined escape in a name", "1.2", "SEND\n\\x:y\n\n^@", "FRAME_MALFORMED", /no escape sequence/],
    [
      "a backslash at the end of a value",
      "1.2",
      "SEND\nx:y\\\n\n^@",
      "FRAME_MALFORMED",
      /no escape sequence/,
    ],
    [
      "a body longer than its content-length",
      "1.2",
      "SEND\ncontent-length:2\n\nabc^@",
      "FRAME_MALFORMED",
      /after the body of 2 bytes is not NUL/,
    ],
    [
      "a content-length that is no number",
      "1.2",
      "SEND\ncontent-length:two\n\nab^@",
      "HEADER_INVALID",
      /content-length has the value "two"/,
    ],
    ["a negative content-length", "1.2", "SEND\ncontent-length:-1\n\n^@", "HEADER_INVALID", /content-length/],
    [
      "a content-length in hexadecimal",
      "1.2",
      "SEND\ncontent-length:0x2\n\nab^@",
      "HEADER_INVALID",
      /content-length/,
    ],
    [
      "a content-length beyond all numbers",
      "1.2",
      "SEND\ncontent-length:99999999999999999999\n\n^@",
      "HEADER_INVALID",
      /content-length/,
    ],
    [
      "a body where there must be none",
      "1.2",
      "BEGIN\ntransaction:t\n\nbody^@",
      "FRAME_MALFORMED",
      /BEGIN has a body of 4 bytes/,
    ],
    [
      "a body where there must be none, with a length",
      "1.1",
      "ACK\ncontent-length:1\n\nx^@",
      "FRAME_MALFORMED",
      /ACK has a body/,
    ],
  ];

  test.each(malformed)("%s", (_name, version, wire, code, says) => {
    const whole = errorOf(() => decode([wireBytes(wire)], version));
    const torn = errorOf(() => decode(oneByOne(wireBytes(wire)), version));

    expect(whole.code).toBe(code);
    expect(whole.message).toMatch(says);
    expect(torn.code).toBe(code);
    expect(torn.message).toMatch(says);
  });

  test("headers that are not UTF-8", () => {
    const bytes = Buffer.from("SEND\nx:caf\xe9\n\n\0", "latin1");

    expect(errorOf(() => decode([bytes], "1.2")).message).toMatch(/not UTF-8/);
  });

  test("the frames before a broken one are handed over first", () => {
    const frames: StompFrame[] = [];
    const decoder = new StompDecoder("1.2");

    errorOf(() =>
      decoder.push(wireBytes("SEND\nx:1\n\n^@SEND\nx:2\n\n^@NONSENSE\n"), (each) => frames.push(each)),
    );

    expect(frames.map((each) => headerOf(each, "x"))).toEqual(["1", "2"]);
  });
});

describe("stomp: limits", () => {
  const bounds: StompBounds = { frameBytesMax: 100, stompHeaderCountMax: 3, stompHeaderLineBytesMax: 40 };
  const head = "SEND\ncontent-length:70\n\n"; // 24 bytes

  test("a declared length is refused before a byte of the body has come", () => {
    const error = errorOf(() => decode([wireBytes("SEND\ncontent-length:80\n\n")], "1.2", bounds));

    expect(error.code).toBe("FRAME_TOO_LARGE");
    expect(error.context).toEqual({ sizeBytes: 104, limitBytes: 100 });
  });

  test("the product's own limit is on headers and body together", () => {
    const declares = (bytes: number): Buffer => wireBytes(`SEND\ncontent-length:${bytes}\n\n`);

    expect(decode([declares(limits.frameBytesMax - 31)], "1.2")).toEqual([]);
    expect(errorOf(() => decode([declares(limits.frameBytesMax)], "1.2")).code).toBe("FRAME_TOO_LARGE");
  });

  test("a frame of exactly the limit passes, one byte more does not", () => {
    expect(decode([wireBytes(`SEND\ncontent-length:76\n\n${"b".repeat(76)}^@`)], "1.2", bounds)).toHaveLength(
      1,
    );
    expect(errorOf(() => decode([wireBytes("SEND\ncontent-length:77\n\n")], "1.2", bounds)).code).toBe(
      "FRAME_TOO_LARGE",
    );
    expect(head).toHaveLength(24);
  });

  test.each([["whole"], ["byte by byte"]])(
    "a body without a length is cut off at the limit (%s)",
    (manner) => {
      const pieces = (bytes: Buffer): Uint8Array[] => (manner === "whole" ? [bytes] : oneByOne(bytes));

      expect(decode(pieces(wireBytes(`SEND\n\n${"b".repeat(94)}^@`)), "1.2", bounds)).toHaveLength(1);
      expect(errorOf(() => decode(pieces(wireBytes(`SEND\n\n${"b".repeat(95)}`)), "1.2", bounds)).code).toBe(
        "FRAME_TOO_LARGE",
      );
    },
  );

  test("a header line of exactly the limit passes, one byte more does not, finished or not", () => {
    const line = (bytes: number): string => `x:${"y".repeat(bytes - 2)}`;

    expect(decode([wireBytes(`SEND\n${line(40)}\n\n^@`)], "1.2", bounds)).toHaveLength(1);
    expect(errorOf(() => decode([wireBytes(`SEND\n${line(41)}\n\n^@`)], "1.2", bounds)).code).toBe(
      "FRAME_TOO_LARGE",
    );
    expect(errorOf(() => decode(oneByOne(wireBytes(`SEND\n${line(41)}`)), "1.2", bounds)).code).toBe(
      "FRAME_TOO_LARGE",
    );
  });

  test("as many headers as allowed pass, one more does not", () => {
    expect(decode([wireBytes("SEND\na:1\nb:2\nc:3\n\n^@")], "1.2", bounds)).toHaveLength(1);
    expect(errorOf(() => decode([wireBytes("SEND\na:1\nb:2\nc:3\nd:4\n")], "1.2", bounds)).code).toBe(
      "LIMIT_REACHED",
    );
  });

  test("headers count towards the frame's size", () => {
    const line = `x:${"y".repeat(36)}\n`;

    expect(errorOf(() => decode([wireBytes(`SEND\n${line.repeat(3)}`)], "1.2", bounds)).code).toBe(
      "FRAME_TOO_LARGE",
    );
  });

  test("limits count each frame anew", () => {
    const wire = `SEND\nx:y\ncontent-length:60\n\n${"b".repeat(60)}^@`;

    expect(decode([wireBytes(wire.repeat(5))], "1.2", bounds)).toHaveLength(5);
    expect(decode(oneByOne(wireBytes(wire.repeat(5))), "1.2", bounds)).toHaveLength(5);
  });
});
