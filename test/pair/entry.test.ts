import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { misfit, nextEntry, readEntry, type Head } from "../../engine/pair/entry.ts";
import { commands } from "../core/arbitraries.ts";

const beginning: Head = { op: asOp(0), epoch: asEpoch(0), stampedAt: asWallTime(0), digest: emptyDigest };
const leave: Command = { kind: "leave", owner: "c1-1", keepsTemporaries: false };
const at = asWallTime;

describe("entries", () => {
  test("each fits on the one before, and is read as it was made", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(...Object.values<fc.Arbitrary<Command>>(commands)), { maxLength: 8 }),
        (list) => {
          let head = beginning;
          for (const command of list) {
            const entry = nextEntry(head, asEpoch(3), at(5), command);
            const read = readEntry(entry.op, entry.bytes);
            expect(read).toMatchObject({ op: head.op + 1, epoch: 3, stampedAt: 5, digest: entry.digest });
            expect(misfit(head, read)).toBeNull();
            head = entry;
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test("its time never runs backwards, whatever the clock does", () => {
    const first = nextEntry(beginning, asEpoch(1), at(100), leave);
    expect(nextEntry(first, asEpoch(1), at(40), leave).stampedAt).toBe(100);
  });

  test("equal entries after different histories have different digests", () => {
    const one = nextEntry(beginning, asEpoch(1), at(1), leave);
    const other = nextEntry(beginning, asEpoch(2), at(1), leave);
    expect(nextEntry(one, asEpoch(2), at(1), leave).digest).not.toEqual(
      nextEntry(other, asEpoch(2), at(1), leave).digest,
    );
  });

  test("what cannot follow is named: a gap, another history, an older epoch, an earlier time", () => {
    const one = nextEntry(beginning, asEpoch(5), at(100), leave);
    const two = nextEntry(one, asEpoch(5), at(100), leave);
    expect(misfit(beginning, two)).toBe("entry 2 follows 0");
    const other = nextEntry(beginning, asEpoch(5), at(101), leave);
    expect(misfit(other, two)).toBe("entry 2 belongs to another history");
    expect(misfit({ ...one, epoch: asEpoch(6) }, two)).toBe("entry 2 is of epoch 5, older than 6");
    expect(misfit({ ...one, stampedAt: at(101) }, two)).toBe("entry 2 is stamped before its predecessor");
  });

  test("bytes with something left over, or cut short, are no entry", () => {
    const { bytes } = nextEntry(beginning, asEpoch(1), at(1), leave);
    expect(() => readEntry(asOp(1), Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/left over/);
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => readEntry(asOp(1), bytes.subarray(0, length))).toThrow(/Malformed journal frame/);
  });

  test("a flipped bit anywhere gives another digest, and so another history", () => {
    const one = nextEntry(beginning, asEpoch(1), at(1), leave);
    const two = nextEntry(one, asEpoch(1), at(1), leave);
    for (let index = 0; index < one.bytes.length; index += 1) {
      const bytes = Buffer.from(one.bytes);
      bytes[index]! ^= 1;
      try {
        expect(misfit(readEntry(asOp(1), bytes), two)).not.toBeNull();
      } catch (error) {
        expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
      }
    }
  });
});
