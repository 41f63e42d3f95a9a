import { expect, test } from "vitest";
import { digestOf } from "../../engine/base/checksum.ts";
import { isTornRecord, recordEnd, recordHeader, recordHeaderBytes } from "../../engine/host/record.ts";

const sectorBytes = 512;
const bodies = { "with something in each sector": "x", "with nothing but zeros in some sectors": "\0" };

/** A record at `at`, in room that holds zeros. */
function written(at: number, letter: string, size: number): { room: Buffer; content: Buffer; end: number } {
  const bytes = Buffer.from(`begin${letter.repeat(size)}${letter}`);
  const content = Buffer.concat([
    Buffer.alloc(at, 7),
    recordHeader(bytes, digestOf(bytes), at, at),
    bytes,
    Buffer.alloc(600),
  ]);
  const room = Buffer.concat([Buffer.alloc(at, 7), Buffer.alloc(content.length - at)]);
  return { room, content, end: at + recordHeaderBytes + bytes.length };
}

/** Beginnings such that each part of the header comes to stand before a border between sectors. */
const beginnings = Array.from({ length: recordHeaderBytes + 2 }, (_, gap) => sectorBytes - gap);

for (const [how, letter] of Object.entries(bodies)) {
  test(`record: one ${how} is read again`, () => {
    for (const at of beginnings) {
      const { content, end } = written(at, letter, 1_400);
      expect(recordEnd(content, at)).toBe(end);
    }
  });

  test(`record: one ${how} that lacks any sectors that hold something is torn`, () => {
    for (const at of beginnings) {
      const { room, content, end } = written(at, letter, 1_400);
      const borders = [at];
      for (let next = (Math.floor(at / sectorBytes) + 1) * sectorBytes; next < end; next += sectorBytes)
        borders.push(next);
      for (let lost = 1; lost < 2 ** borders.length; lost += 1) {
        const torn = Buffer.from(content);
        for (const [index, from] of borders.entries())
          if ((lost >> index) % 2 === 1) room.copy(torn, from, from, borders[index + 1] ?? end);
        if (!torn.equals(content)) expect([at, lost, isTornRecord(torn, at)]).toEqual([at, lost, true]);
      }
    }
  });

  test(`record: one ${how} whose file ends within it is torn`, () => {
    const { content, end } = written(100, letter, 1_400);
    for (let size = 101; size < end; size += 1)
      expect([size, isTornRecord(content.subarray(0, size), 100)]).toEqual([size, true]);
  });

  test(`record: one ${how} with any changed bit is not sound, and not torn`, () => {
    for (const at of beginnings) {
      const { content, end } = written(at, letter, 700);
      for (const whole of [content, content.subarray(0, end)])
        for (let bit = at * 8; bit < end * 8; bit += bit < (at + recordHeaderBytes) * 8 ? 1 : 37) {
          whole[bit >> 3] = whole[bit >> 3]! ^ (1 << (bit % 8));
          if (recordEnd(whole, at) !== null || isTornRecord(whole, at))
            expect.fail(`bit ${bit - at * 8} of a record at ${at}`);
          whole[bit >> 3] = whole[bit >> 3]! ^ (1 << (bit % 8));
        }
    }
  });
}

test("record: a changed bit where nothing was written yet is no record, and no damage", () => {
  for (const at of beginnings)
    for (let bit = 0; bit < 600 * 8; bit += 1) {
      const room = Buffer.alloc(at + 700);
      room[at + (bit >> 3)] = 1 << (bit % 8);
      expect(recordEnd(room, at)).toBeNull();
      expect(isTornRecord(room, at)).toBe(true);
    }
});
