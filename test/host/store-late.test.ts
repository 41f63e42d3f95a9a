import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Op } from "../../engine/base/units.ts";
import { Store, storeFileName } from "../../engine/host/store.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { accept, codeOf, deliver, send, Writer } from "./writer.ts";

/** An entry that sends this takes some 250 bytes of the journal. */
const body = "x".repeat(100);
const sizes = { lateBytes: 3_000, segmentBytes: 1_000 };

let directory = "";
let writer: Writer;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-late-"));
  writer = begun();
});
afterEach(() => {
  writer.store.close();
  rmSync(directory, { recursive: true, force: true });
});

function begun(): Writer {
  return new Writer(new Store(directory, "process-crash", sizes));
}

function restart(): void {
  const before = fingerprint(writer.history.broker);
  writer.store.close();
  writer = begun();
  expect(fingerprint(writer.history.broker)).toBe(before);
}

async function sendOne(): Promise<Op> {
  return await writer.write(send(body));
}

/** Messages that come and go, with checkpoints in between. */
async function traffic(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const op = await sendOne();
    if (index % 3 === 0) writer.checkpoint();
    await writer.write(deliver(op), accept(op));
    if (index % 4 === 0) writer.checkpoint();
  }
}

const bodyOf = (op: Op): string => Buffer.from(writer.store.message(op)?.body ?? []).toString();

/** Messages whose contents are in the database. */
function inDatabase(): Op[] {
  writer.store.close();
  const database = new Database(join(directory, storeFileName));
  const ops = database.prepare("SELECT op FROM content ORDER BY op").pluck().all() as Op[];
  database.close();
  writer = begun();
  return ops;
}

function journalFiles(): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith("journal-"))
    .map((name) => join(directory, name));
}

const journalBytes = (): number => journalFiles().reduce((sum, path) => sum + statSync(path).size, 0);

describe("store: contents of messages", () => {
  test("that come and go are never copied, and keep no more of the journal than before", async () => {
    await traffic(40);
    expect(inDatabase()).toEqual([]);
    expect(journalBytes()).toBeLessThan(2 * sizes.segmentBytes);
  });

  test("that stay are copied when enough stands behind them, and the journal lets go of them", async () => {
    const op = await sendOne();
    await traffic(5);
    expect(inDatabase()).toEqual([]);
    expect(writer.store.completeAfter()).toBe(0);
    restart();
    expect(bodyOf(op)).toBe(body);

    await traffic(20);
    expect(inDatabase()).toEqual([op]);
    expect(writer.store.completeAfter()).toBeGreaterThan(op);
    expect(journalBytes()).toBeLessThan(sizes.lateBytes + 2 * sizes.segmentBytes);
    restart();
    expect(bodyOf(op)).toBe(body);
    expect(writer.store.findDamage()).toBeNull();

    await writer.write(deliver(op), accept(op));
    writer.checkpoint();
    expect(inDatabase()).toEqual([]);
  });

  test("are copied in their order as a queue grows, and all are there after each restart", async () => {
    const sent: Op[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let index = 0; index < 5; index += 1) sent.push(await sendOne());
      writer.checkpoint();
      const copied = inDatabase();
      expect(copied).toEqual(sent.slice(0, copied.length));
      expect(sent.map(bodyOf)).toEqual(sent.map(() => body));
    }
    expect(inDatabase().length).toBeGreaterThan(10);
    expect(inDatabase().length).toBeLessThan(sent.length);

    await writer.write(deliver(...sent), accept(...sent));
    writer.checkpoint();
    expect(inDatabase()).toEqual([]);
  });

  test("of an open transaction are kept as well", async () => {
    await writer.write({ kind: "begin", owner: "c1-1", transaction: "t" });
    const op = await writer.write({ ...send(body), transaction: "t" } as ReturnType<typeof send>);
    await traffic(3);
    restart();
    await traffic(20);
    expect(inDatabase()).toEqual([op]);
    expect(bodyOf(op)).toBe(body);
  });

  test("of a store from before are all in the database", async () => {
    const old = new Store(join(directory, "old"), "process-crash", { lateBytes: 0 });
    const oldWriter = new Writer(old);
    const op = await oldWriter.write(send(body));
    oldWriter.checkpoint();
    old.close();
    const database = new Database(join(directory, "old", storeFileName));
    database.exec("DELETE FROM setting WHERE name = 'contents_through'; PRAGMA user_version = 3");
    database.close();

    const store = new Store(join(directory, "old"), "process-crash");
    const again = new Writer(store);
    await again.write(deliver(op), accept(op));
    again.checkpoint();
    store.close();
    const after = new Database(join(directory, "old", storeFileName));
    expect(after.prepare("SELECT count(*) FROM content").pluck().get()).toBe(0);
    expect(after.pragma("user_version", { simple: true })).toBe(4);
    after.close();
  });
});

test("store: a journal that ends before the checkpoint is named, though all that it is needed for is there", async () => {
  await sendOne();
  for (let count = 0; count < 20; count += 1)
    await writer.write({ kind: "begin", owner: "c1-1", transaction: `t${count}` });
  writer.checkpoint();
  writer.store.close();
  rmSync(journalFiles().at(-1)!);
  writer = new Writer(new Store(join(directory, "other"), "process-crash"));

  const store = new Store(directory, "process-crash", sizes);
  expect(codeOf(() => store.load())).toBe("STORE_DAMAGED");
  store.close();
});
