import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asOp, type Op } from "../../engine/base/units.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import type { Journal } from "../../engine/host/journal.ts";
import { recordHeader, recordHeaderBytes } from "../../engine/host/record.ts";
import {
  always,
  codeOf,
  directory,
  history,
  never,
  onlyFile,
  open,
  useDirectory,
  write,
} from "./journal-bench.ts";

useDirectory();

describe("journal: what was written is read again", () => {
  test("after a restart, in order, from anywhere", async () => {
    const entries = history(50);
    const written = open();
    await write(written, entries.slice(0, 20));
    await write(written, entries.slice(20));
    written.close();

    const read = open();
    expect(read.last).toBe(50);
    expect(read.completeAfter).toBe(0);
    expect(read.read(asOp(1), 1e6).map(({ bytes }) => Buffer.from(bytes))).toEqual(
      entries.map(({ bytes }) => Buffer.from(bytes)),
    );
    expect(read.find(asOp(37))?.bytes).toEqual(Buffer.from(entries[36]!.bytes));
    expect(read.find(asOp(51))).toBeNull();
    expect(read.digestAt(asOp(50))).toEqual(entries[49]!.digest);
    expect([...read.findAll([asOp(3), asOp(4), asOp(40)])].map(({ op }) => op)).toEqual([3, 4, 40]);
    read.close();
  });

  test("not what has changed on the disk since it was opened", async () => {
    const journal = open();
    await write(journal, history(10, 1_000));
    const [name = ""] = readdirSync(directory);
    const path = join(directory, name);
    const bytes = readFileSync(path);
    bytes[5_500]! ^= 1;
    writeFileSync(path, bytes);
    expect(journal.read(asOp(1), 3_500)).toHaveLength(3);
    for (const read of [
      () => journal.read(asOp(1), 1e6),
      () => journal.find(asOp(6)),
      () => [...journal.findAll([asOp(6)])],
    ])
      expect(read).toThrow("entry 6 has changed since it was written");
    journal.close();
  });

  test("a page holds at least one entry and no more bytes than asked for", async () => {
    const journal = open();
    await write(journal, history(10, 1_000));
    expect(journal.read(asOp(4), 1)).toHaveLength(1);
    expect(journal.read(asOp(4), 3_500)).toHaveLength(3);
    journal.close();
  });

  test("entries appended while others are being synced are confirmed after them, in order", async () => {
    const journal = open(asOp(1), { pace: never });
    const entries = history(30);
    const confirmed: number[] = [];
    await new Promise<void>((resolve) => {
      for (const entry of entries) {
        journal.append([entry], () => {
          confirmed.push(entry.op);
          if (entry.op === 30) resolve();
        });
        journal.sync();
      }
      expect(confirmed).toEqual([]);
    });
    expect(confirmed).toEqual(entries.map(({ op }) => op));
    journal.close();
  });

  test("a quick disk is waited for, and who appends when he is told is told after the others", () => {
    const journal = open(asOp(1), { pace: always, reserveBytes: 0 });
    const entries = history(3);
    const confirmed: number[] = [];
    journal.append(entries.slice(0, 1), () => {
      confirmed.push(1);
      journal.append(entries.slice(2), () => confirmed.push(3));
      journal.sync();
    });
    journal.append(entries.slice(1, 2), () => confirmed.push(2));
    expect(confirmed).toEqual([]);
    journal.sync();
    expect(confirmed).toEqual([1, 2]);
    journal.sync();
    expect(confirmed).toEqual([1, 2, 3]);
    journal.close();
  });
});

describe("journal: cut", () => {
  test("entries beyond the cut are gone, and others can follow in their place", async () => {
    const journal = open();
    const entries = history(20);
    await write(journal, entries);
    journal.cut(asOp(12));
    expect(journal.last).toBe(12);
    const others = history(5, 7, entries[11]);
    await write(journal, others);
    journal.close();

    const read = open();
    expect(read.last).toBe(17);
    expect(read.digestAt(asOp(17))).toEqual(others[4]!.digest);
    read.close();
  });

  test("a sync that was on its way when the entries were cut confirms nothing", async () => {
    const journal = open(asOp(1), { pace: never });
    const entries = history(6);
    let wasConfirmed = false;
    journal.append(entries, () => {
      wasConfirmed = true;
    });
    journal.sync();
    journal.cut(asOp(3));
    await write(journal, history(3, 9, entries[2]));
    expect(wasConfirmed).toBe(false);
    journal.close();
  });
});

describe("journal: files", () => {
  test("a full file is followed by another, and files the checkpoint covers are dropped", async () => {
    const journal = open();
    const large = history(5, 9_000_000);
    for (const entry of large) await write(journal, [entry]);
    expect(readdirSync(directory)).toHaveLength(2);
    journal.dropThrough(asOp(3), 0);
    expect(readdirSync(directory)).toHaveLength(2);
    journal.dropThrough(asOp(5), 1e9);
    expect(readdirSync(directory)).toHaveLength(2);
    journal.dropThrough(asOp(5), 0);
    expect(readdirSync(directory)).toHaveLength(1);
    expect(journal.completeAfter).toBe(4);
    journal.close();

    const read = open(asOp(6));
    expect(read.last).toBe(5);
    read.close();
  });
});

describe("journal: after a loss of power", () => {
  test("a torn end at any byte leaves exactly the whole entries before it", async () => {
    const journal = open();
    const entries = history(3);
    await write(journal, entries);
    journal.close();
    const whole = readFileSync(onlyFile());
    const sizes = entries.map(({ bytes }) => bytes.length + recordHeaderBytes);
    const lastStart = whole.length - sizes[2]!;
    for (let length = lastStart; length < whole.length; length += 1) {
      writeFileSync(onlyFile(), whole.subarray(0, length));
      const read = open();
      expect(read.last).toBe(2);
      read.close();
      expect(readFileSync(onlyFile())).toHaveLength(lastStart);
    }
  });

  test("what was never synced may be lost out of order: the rest of that batch is cut off", async () => {
    const journal = open();
    const entries = history(6, 600);
    await write(journal, entries.slice(0, 2));
    await write(journal, entries.slice(2));
    journal.close();
    const content = readFileSync(onlyFile());
    // The disk took the later sectors of the last batch and not the first ones.
    content.fill(0, 1_536, 2_048);
    writeFileSync(onlyFile(), content);

    const read = open();
    expect(read.last).toBe(2);
    read.close();
  });

  test("a changed byte in what had been synced is damage, named and never served", async () => {
    const journal = open();
    const entries = history(9);
    for (const entry of entries) await write(journal, [entry]);
    journal.close();
    const sound = readFileSync(onlyFile());
    for (let at = 24; at < sound.length; at += 7) {
      const flipped = Buffer.from(sound);
      flipped[at] = flipped[at]! ^ 0x10;
      writeFileSync(onlyFile(), flipped);
      expect(codeOf(() => open())).toBe("STORE_DAMAGED");
    }
  });

  test("a file that is cut short below the checkpoint, or missing, is damage", async () => {
    const journal = open();
    await write(journal, history(9));
    journal.close();
    truncateSync(onlyFile(), 100);
    expect(codeOf(() => open(asOp(8)))).toBe("STORE_DAMAGED");
    rmSync(onlyFile());
    expect(codeOf(() => open(asOp(8)))).toBe("STORE_DAMAGED");
  });

  test("a file that lost its end after that was noted as synced is damage, at whatever byte it ends", async () => {
    const journal = open();
    await write(journal, history(5));
    journal.markSynced();
    journal.close();
    const sound = readFileSync(onlyFile());
    for (let size = 24; size < sound.length; size += 5) {
      writeFileSync(onlyFile(), sound.subarray(0, size));
      expect(codeOf(() => open())).toBe("STORE_DAMAGED");
    }
    writeFileSync(onlyFile(), sound);
    expect(open().last).toBe(5);
  });

  test("what was cut off on purpose is no damage, and what comes behind it is noted again", async () => {
    const journal = open();
    const entries = history(5);
    await write(journal, entries);
    journal.markSynced();
    journal.cut(asOp(2));
    journal.close();
    const again = open();
    expect(again.last).toBe(2);
    await write(again, entries.slice(2, 4));
    again.markSynced();
    again.close();
    truncateSync(onlyFile(), readFileSync(onlyFile()).length - 1);
    expect(codeOf(() => open())).toBe("STORE_DAMAGED");
  });

  test("a file that was just made and never held anything is made again, whatever of its header is there", async () => {
    const journal = open();
    await write(journal, history(2));
    journal.close();
    const header = readFileSync(onlyFile()).subarray(0, 24);
    for (let size = 0; size < header.length; size += 1) {
      writeFileSync(onlyFile(), Buffer.concat([header.subarray(0, size), Buffer.alloc(24 - size)]));
      const read = open();
      expect(read.last).toBe(0);
      read.close();
      expect(readFileSync(onlyFile())).toEqual(header);
    }
  });

  test("a torn end full of what looks like records is judged in the time of reading it a few times", async () => {
    const journal = open();
    await write(journal, history(3));
    journal.close();
    // A sector that is missing, then headers that name all bytes behind them and say that its place had been synced.
    const tail = Buffer.alloc(4 * 1024 * 1024);
    for (let at = 512; at + 40 < tail.length; at += 40) {
      const header = recordHeader(Buffer.alloc(0), emptyDigest, 0, 0xffff_ffff);
      const length = tail.length - at - recordHeaderBytes;
      header.writeUInt32BE(length, 4);
      header.writeUInt32BE((header.readUInt32BE(32) ^ length) >>> 0, 32);
      tail.set(header, at);
    }
    appendFileSync(onlyFile(), tail);

    // Hashing all that each of them names would take minutes, longer than a test may.
    expect(() => open()).toThrow(/is broken behind entry 3/);
  });

  test("files that a checkpoint had dropped may come back, and those after them not", async () => {
    const small = (next: Op): Journal => open(next, { segmentBytesMax: 100 });
    const journal = small(asOp(1));
    const entries = history(12);
    for (const entry of entries) await write(journal, [entry]);
    journal.close();
    const [, second = ""] = readdirSync(directory).sort();
    rmSync(join(directory, second));

    expect(codeOf(() => small(asOp(1)))).toBe("STORE_DAMAGED");
    const read = small(asOp(12));
    expect(read.last).toBe(12);
    expect(read.completeAfter).toBeGreaterThan(1);
    read.close();
  });

  test("a file of zeros behind a header that is none is damage, not one that was never begun", () => {
    const name = join(directory, "journal-0000000000000001.log");
    for (const size of [25, 100_000]) {
      writeFileSync(name, Buffer.alloc(size));
      expect(codeOf(() => open())).toBe("STORE_DAMAGED");
    }
  });

  test("a file that is no journal is damage", () => {
    appendFileSync(join(directory, "journal-0000000000000001.log"), "something else");
    expect(codeOf(() => open())).toBe("STORE_DAMAGED");
  });
});
