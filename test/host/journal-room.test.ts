import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asOp } from "../../engine/base/units.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import { recordHeaderBytes } from "../../engine/host/record.ts";
import { codeOf, directory, history, onlyFile, open, useDirectory, write } from "./journal-bench.ts";

useDirectory();

const reserveBytes = 4_096;

/** What a killed process leaves: entries written and synced one by one, and the zeros behind them. */
async function leaveRoom(): Promise<{ content: Buffer; size: number; entries: JournalEntry[] }> {
  const journal = open(asOp(1), { reserveBytes });
  const entries = history(5);
  for (const entry of entries) await write(journal, [entry]);
  const content = readFileSync(onlyFile());
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length + recordHeaderBytes, 24);
  journal.close();
  return { content, size, entries };
}

test("journal: room made ahead is zeros, is used by what comes next, and goes when the journal is closed", async () => {
  const { content, size, entries } = await leaveRoom();
  expect(content.length).toBeGreaterThan(size + reserveBytes / 2);
  expect(content.subarray(size).every((byte) => byte === 0)).toBe(true);
  expect(readFileSync(onlyFile())).toEqual(content.subarray(0, size));

  writeFileSync(onlyFile(), content);
  const again = open(asOp(1), { reserveBytes });
  expect(again.last).toBe(5);
  await write(again, history(2, 30, entries[4]));
  expect(readFileSync(onlyFile())).toHaveLength(content.length);
  again.close();
  expect(open().last).toBe(7);
});

test("journal: room made ahead is never beyond the size at which a file is finished", async () => {
  const journal = open(asOp(1), { reserveBytes, segmentBytesMax: 1_000 });
  for (const entry of history(30)) await write(journal, [entry]);
  const names = readdirSync(directory).sort();
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect(readFileSync(join(directory, name)).length).toBeLessThan(1_200);
  journal.close();
});

const sectorBytes = 512;

/** One more entry in that room, over several sectors: with something in each of them, or with nothing but zeros in some. */
async function fillRoom(
  letter: string,
): Promise<{ room: Buffer; content: Buffer; size: number; end: number }> {
  const { content: room, size, entries } = await leaveRoom();
  const [next] = history(1, 1_700, entries[4], letter);
  writeFileSync(onlyFile(), room);
  const journal = open(asOp(1), { reserveBytes });
  await write(journal, [next!]);
  const content = readFileSync(onlyFile());
  journal.close();
  return { room, content, size, end: size + recordHeaderBytes + next!.bytes.length };
}

for (const letter of ["x", "\0"])
  test(`journal: a record of ${JSON.stringify(letter)} of which any sectors that hold something are missing is cut off`, async () => {
    const { room, content, size, end } = await fillRoom(letter);
    const borders = [size];
    for (let at = Math.ceil((size + 1) / sectorBytes) * sectorBytes; at < end; at += sectorBytes)
      borders.push(at);
    expect(borders.length).toBeGreaterThan(3);
    for (let lost = 1; lost < 2 ** borders.length; lost += 1) {
      const torn = Buffer.from(content);
      for (const [index, from] of borders.entries())
        if ((lost >> index) % 2 === 1) room.copy(torn, from, from, borders[index + 1] ?? end);
      if (torn.equals(content)) continue;
      writeFileSync(onlyFile(), torn);
      const read = open();
      expect(read.last).toBe(5);
      read.close();
      expect(readFileSync(onlyFile())).toHaveLength(size);
    }
  });

test("journal: a changed bit anywhere in the last record is damage, though nothing says yet that it was synced", async () => {
  for (const letter of ["x", "\0"]) {
    const { content, size, end } = await fillRoom(letter);
    for (let at = size; at < end; at += 53) {
      const flipped = Buffer.from(content);
      flipped[at] = flipped[at]! ^ 0x10;
      writeFileSync(onlyFile(), flipped);
      expect([at - size, codeOf(() => open())]).toEqual([at - size, "STORE_DAMAGED"]);
    }
    rmSync(onlyFile());
  }
});

test("journal: a changed bit in room made ahead harms nothing, and one before it is damage", async () => {
  const { content, size } = await leaveRoom();
  for (let at = size; at < content.length; at += 97) {
    const flipped = Buffer.from(content);
    flipped[at] = 0x10;
    writeFileSync(onlyFile(), flipped);
    const read = open();
    expect(read.last).toBe(5);
    read.close();
  }
  const flipped = Buffer.from(content);
  flipped[40] = flipped[40]! ^ 0x10;
  writeFileSync(onlyFile(), flipped);
  expect(codeOf(() => open())).toBe("STORE_DAMAGED");
});

test("journal: entries lost to zeros after they were noted as synced are damage", async () => {
  const journal = open(asOp(1), { reserveBytes });
  const entries = history(5);
  for (const entry of entries) await write(journal, [entry]);
  journal.markSynced();
  const content = readFileSync(onlyFile());
  journal.close();
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length + recordHeaderBytes, 24);
  for (let at = 24; at < size; at += 7) {
    writeFileSync(onlyFile(), Buffer.concat([content.subarray(0, at), Buffer.alloc(content.length - at)]));
    expect(codeOf(() => open())).toBe("STORE_DAMAGED");
  }
});
