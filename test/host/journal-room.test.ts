import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asOp } from "../../engine/base/units.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import { codeOf, directory, history, onlyFile, open, useDirectory, write } from "./journal-bench.ts";

useDirectory();

const reserveBytes = 4_096;

/** What a killed process leaves: entries written and synced one by one, and the zeros behind them. */
async function leaveRoom(): Promise<{ content: Buffer; size: number; entries: JournalEntry[] }> {
  const journal = open(asOp(1), { reserveBytes });
  const entries = history(5);
  for (const entry of entries) await write(journal, [entry]);
  const content = readFileSync(onlyFile());
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length + 28, 24);
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

test("journal: a record torn in room made ahead at any byte, or of which only the end is there, is cut off", async () => {
  const { content, size, entries } = await leaveRoom();
  const [next] = history(1, 60, entries[4]);
  writeFileSync(onlyFile(), content);
  const journal = open(asOp(1), { reserveBytes });
  await write(journal, [next!]);
  const written = readFileSync(onlyFile()).subarray(0, size + 28 + next!.bytes.length);
  journal.close();
  // Its last byte is a zero, as is what it is written over.
  for (let at = size + 1; at < written.length - 1; at += 1)
    for (const [from, to] of [[size, at] as const, [at, written.length] as const]) {
      const torn = Buffer.from(content);
      written.copy(torn, from, from, to);
      writeFileSync(onlyFile(), torn);
      const read = open();
      expect(read.last).toBe(5);
      expect(readFileSync(onlyFile())).toHaveLength(size);
      read.close();
    }
});

test("journal: a changed bit in room made ahead harms nothing, and one before it is damage", async () => {
  const { content, size } = await leaveRoom();
  for (const at of [size, size + 100, content.length - 1]) {
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
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length + 28, 24);
  for (let at = 24; at < size; at += 7) {
    writeFileSync(onlyFile(), Buffer.concat([content.subarray(0, at), Buffer.alloc(content.length - at)]));
    expect(codeOf(() => open())).toBe("STORE_DAMAGED");
  }
});
