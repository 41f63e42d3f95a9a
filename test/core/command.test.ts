import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../engine/base/bytes.ts";
import { BrokerError } from "../../engine/base/errors.ts";
import { readCommand, writeCommand, type Command } from "../../engine/core/command.ts";
import { limits } from "../../engine/base/limits.ts";
import type { Message, PropertyValue } from "../../engine/core/message.ts";
import { commands } from "./arbitraries.ts";

function encode(command: Command): Uint8Array {
  const writer = new ByteWriter(1);
  writeCommand(writer, command);
  return writer.take();
}

const any: fc.Arbitrary<Command> = fc.oneof(...Object.values<fc.Arbitrary<Command>>(commands));

describe("command codec", () => {
  for (const [kind, arbitrary] of Object.entries<fc.Arbitrary<Command>>(commands))
    test(`${kind}: what is read is what was written`, () => {
      fc.assert(
        fc.property(arbitrary, (command) => {
          const reader = new ByteReader(encode(command), "journal");
          const read = readCommand(reader);
          expect(reader.atEnd).toBe(true);
          expect(plain(read)).toEqual(plain(command));
        }),
        { numRuns: 100 },
      );
    });

  test("bytes that end early, or are no command, are FRAME_MALFORMED and nothing else", () => {
    fc.assert(
      fc.property(any, fc.nat(), (command, at) => {
        const bytes = encode(command);
        expect(() => readCommand(new ByteReader(bytes.subarray(0, at % bytes.length), "journal"))).toThrow(
          BrokerError,
        );
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readCommand(new ByteReader(bytes, "journal"));
        } catch (error) {
          expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("values too deep in one another are malformed", () => {
    const nest = (depth: number): PropertyValue =>
      depth === 0 ? null : { type: "list", value: [nest(depth - 1)] };
    const sending = (properties: Message["properties"]): Command => ({
      kind: "send",
      owner: "c",
      transaction: null,
      message: { ...fc.sample(commands.send, 1)[0]!.message, properties },
    });
    const read = (depth: number) =>
      readCommand(new ByteReader(encode(sending(new Map([["deep", nest(depth)]]))), "journal"));
    expect(() => read(limits.openwireNestingMax + 1)).toThrow(/too deep/);
    expect(() => read(limits.openwireNestingMax)).not.toThrow();
  });

  test("a kind keeps its number for ever", () => {
    const first = { kind: "send", owner: "c", transaction: null } as const;
    const numbers = fc.sample(commands.send, 1).map((command) => encode({ ...command, ...first })[0]);
    expect(numbers).toEqual([0]);
    expect(encode({ kind: "leave", owner: "c", keepsTemporaries: false })).toEqual(
      Buffer.from([6, 1, 99, 0]),
    );
    expect(encode({ kind: "purge", queue: "q" })).toEqual(Buffer.from([11, 1, 113]));
    expect(encode({ kind: "unschedule", jobs: [] })).toEqual(Buffer.from([20, 0]));
    expect(encode({ kind: "create-queue", destination: { kind: "queue", name: "q" } })[0]).toBe(12);
  });
});

/** Bytes as numbers, maps as lists: views of a larger buffer are equal to what they show. */
function plain(command: Command): unknown {
  if (!("message" in command)) return command;
  const { message } = command;
  return {
    ...command,
    message: { ...message, body: [...message.body], properties: [...message.properties] },
  };
}
