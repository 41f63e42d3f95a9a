import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { encodeStompFrame, stompHeartbeat } from "../../engine/wire/stomp/encode.ts";
import { headerOf, stompVersions } from "../../engine/wire/stomp/frames.ts";
import type { StompFrame, StompVersion } from "../../engine/wire/stomp/frames.ts";
import { comparable, decode, oneByOne } from "./stomp.pieces.ts";
import { frame, stompVectors, wireBytes } from "./stomp.vectors.ts";

describe.each(stompVectors)("stomp vector: $name", ({ version, wire, frames, written }) => {
  const bytes = wireBytes(wire);

  test("decodes", () => {
    expect(comparable(decode([bytes], version))).toEqual(comparable(frames));
  });

  test("encodes", () => {
    const encoded = Buffer.concat(frames.map((each) => encodeStompFrame(each, version)));

    expect(encoded.toString("latin1")).toBe(wireBytes(written ?? wire).toString("latin1"));
  });

  test("survives a round trip", () => {
    const encoded = frames.map((each) => encodeStompFrame(each, version));

    expect(comparable(decode(encoded, version))).toEqual(comparable(frames));
  });

  test("every split point gives the same frames", () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(
        comparable(decode([bytes.subarray(0, at), bytes.subarray(at)], version)),
        `split at ${at}`,
      ).toEqual(comparable(frames));
    }
    expect(comparable(decode(oneByOne(bytes), version))).toEqual(comparable(frames));
  });
});

describe("stomp: any frame", () => {
  const wellFormed = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "0"));
  const name = wellFormed.filter((text) => text !== "" && text !== "content-length");
  const anyFrame = fc.record({
    command: fc.constantFrom("SEND" as const, "MESSAGE" as const, "ERROR" as const),
    headers: fc.array(fc.tuple(name, wellFormed), { maxLength: 8 }),
    body: fc.uint8Array({ maxLength: 200 }),
  });

  test("STOMP 1.2 reads back what it wrote, cut anywhere", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 4 }), fc.array(fc.nat({ max: 1_000 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map((each) => encodeStompFrame(each, "1.2")));
        const edges = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((one, other) => one - other),
          bytes.length,
        ];
        const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        const read = decode(pieces, "1.2");

        expect(comparable(read.map(withoutAddedLength(frames)))).toEqual(comparable(frames));
      }),
    );
  });

  test.each(stompVersions)("STOMP %s: no header can break out of its frame", (version) => {
    fc.assert(
      fc.property(anyFrame, (each) => {
        const read = decode(
          [encodeStompFrame(each, version), encodeStompFrame(frame("DISCONNECT"), version)],
          version,
        );

        expect(read.map(({ command }) => command)).toEqual([each.command, "DISCONNECT"]);
        expect(Buffer.from(read[0]?.body ?? []).equals(each.body)).toBe(true);
      }),
      // In 1.0 a name of spaces alone could not be told from no name; nobody has one.
      {
        examples: [
          [
            frame("SEND", [
              ["a\nb", "c\n\n\0DISCONNECT\n\n\0"],
              ["d:e", "f:g\r"],
            ]) as never,
          ],
        ],
      },
    );
  });

  test("any bytes at all give frames or an error that says what is wrong, never anything else", () => {
    const likely = fc.constantFrom(
      "SEND\n",
      "MESSAGE\r\n",
      "x:y\n",
      "content-length:3\n",
      "\n",
      "\0",
      "\\n",
      "\\x",
      "abc",
      "\r",
      "\u00ff",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(likely, fc.string({ maxLength: 3 }))),
        fc.constantFrom(...stompVersions),
        (parts, version) => {
          const bytes = Buffer.from(parts.join(""), "latin1");
          const outcome = (pieces: readonly Uint8Array[]): unknown => {
            const decoder = new StompDecoder(version);
            const frames: StompFrame[] = [];
            try {
              for (const piece of pieces) decoder.push(piece, (each) => frames.push(each));
              return { frames: comparable(frames) };
            } catch (error) {
              expect(error).toBeInstanceOf(BrokerError);
              return { frames: comparable(frames), code: (error as BrokerError).code };
            }
          };

          expect(outcome(oneByOne(bytes))).toEqual(outcome([bytes]));
        },
      ),
    );
  });

  function withoutAddedLength(originals: readonly StompFrame[]) {
    return (each: StompFrame, index: number): StompFrame =>
      originals[index]?.body.includes(0) === true ? { ...each, headers: each.headers.slice(0, -1) } : each;
  }
});

describe("stomp: decoder and encoder", () => {
  test("line ends between frames are counted, those within are not", () => {
    const decoder = new StompDecoder("1.2");
    decoder.push(wireBytes("\n\r\n"), () => undefined);
    expect(decoder.eolCount).toBe(2);

    decoder.push(wireBytes("SEND\nx:y\n\na\nb\n^@\n"), () => undefined);
    expect(decoder.eolCount).toBe(3);
    expect(Buffer.from(stompHeartbeat).toString()).toBe("\n");
  });

  test("a version set while a frame is taken holds for the next one in the same chunk", () => {
    const decoder = new StompDecoder();
    const values: (string | null)[] = [];
    decoder.push(wireBytes("CONNECT\naccept-version:1.2\n\n^@SEND\nx:a\\cb\n\n^@"), (each) => {
      decoder.version = "1.2";
      values.push(headerOf(each, "x"));
    });

    expect(values).toEqual([null, "a:b"]);
  });

  test("a body that lies whole in a chunk is not copied", () => {
    const chunk = wireBytes("SEND\ncontent-length:4\n\nbody^@SEND\n\ntext^@");
    const frames = decode([chunk], "1.2");

    expect(frames.map(({ body }) => body.buffer === chunk.buffer)).toEqual([true, true]);
  });

  test("a Uint8Array that is no Buffer is read at its own place", () => {
    const bytes = new Uint8Array([120, ...wireBytes("SEND\n\nhi^@"), 120]);

    expect(comparable(decode([bytes.subarray(1, -1)], "1.2"))).toEqual(comparable([frame("SEND", [], "hi")]));
  });

  test("a body with NUL gets a content-length, any other is left as it is", () => {
    expect(encodeStompFrame(frame("MESSAGE", [], "a\0b"), "1.0").toString()).toBe(
      "MESSAGE\ncontent-length:3\n\na\0b\0",
    );
    expect(encodeStompFrame(frame("MESSAGE", [], "ab"), "1.0").toString()).toBe("MESSAGE\n\nab\0");
  });

  test("a content-length that is not the body's is our own mistake", () => {
    expect(() => encodeStompFrame(frame("SEND", [["content-length", "2"]], "abc"), "1.2")).toThrow(
      /content-length/,
    );
  });

  test("what a version cannot write in a header becomes a space", () => {
    const written = (version: StompVersion): string =>
      encodeStompFrame(frame("SEND", [["a:b", "c\r\nd\0:\\"]]), version).toString();

    expect(written("1.0")).toBe("SEND\na b:c  d :\\\n\n\0");
    expect(written("1.1")).toBe("SEND\na\\cb:c\r\\nd \\c\\\\\n\n\0");
    expect(written("1.2")).toBe("SEND\na\\cb:c\\r\\nd \\c\\\\\n\n\0");
  });

  test("of repeated headers the first counts; names are case-sensitive", () => {
    const each = frame("MESSAGE", [
      ["foo", "World"],
      ["foo", "Hello"],
      ["Foo", "!"],
    ]);

    expect([headerOf(each, "foo"), headerOf(each, "Foo"), headerOf(each, "FOO")]).toEqual([
      "World",
      "!",
      null,
    ]);
  });

  test.each([
    ["with", "content-length:8388608\n"],
    ["without", ""],
  ])("8 MiB in pieces of 100 bytes %s content-length take time in proportion", (_name, header) => {
    const decoder = new StompDecoder("1.2");
    const piece = Buffer.alloc(100, 0x61);
    const bodyBytes = 8_388_608;
    const startedAt = performance.now();
    let received = 0;
    decoder.push(wireBytes(`SEND\n${header}\n`), () => undefined);
    for (let sent = 0; sent < bodyBytes; sent += 100)
      decoder.push(piece.subarray(0, Math.min(100, bodyBytes - sent)), () => undefined);
    decoder.push(wireBytes("^@"), ({ body }) => (received = body.length));

    expect(received).toBe(bodyBytes);
    // Copying all that came before with each piece would move 350 GB.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
