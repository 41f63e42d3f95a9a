import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asOp } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { Store, storeFileName } from "../../engine/host/store.ts";
import { messageTo, ordersKey } from "../core/helpers.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { accept, codeOf, deliver, send, Writer } from "./writer.ts";

let directory = "";
let stores: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-chunks-"));
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(): Store {
  const store = new Store(directory, "power-loss", { lateBytes: 0 });
  stores.push(store);
  return store;
}

function close(store: Store): void {
  stores = stores.filter((other) => other !== store);
  store.close();
}

describe("store: a long queue", () => {
  const counts = (): unknown[] => {
    const database = new Database(join(directory, storeFileName));
    const tables = ["message", "chunk", "chunk_gone", "content"];
    const found = tables.map((table) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    database.close();
    return found;
  };
  const many = (count: number): Command[] => Array.from({ length: count }, () => send());
  const reopened = (): Writer => {
    const writer = new Writer(open());
    writer.history.broker.chunkSizes = { countMin: 2, countMax: 10 };
    return writer;
  };

  test("is stored in chunks, from which messages are taken, until none is left", async () => {
    let writer = reopened();
    await writer.write(...many(31));
    writer.checkpoint();
    const restart = (): void => {
      const before = fingerprint(writer.history.broker);
      close(writer.store);
      writer = reopened();
      expect(fingerprint(writer.history.broker)).toBe(before);
    };
    restart();
    await writer.write(deliver(1, 2, 15));
    writer.checkpoint();
    restart();
    expect(writer.history.broker.queues.get(ordersKey)?.delivered.size).toBe(3);
    await writer.write(accept(1, 15));
    await writer.write({ kind: "release", owner: "c1-2", subscription: "s", unseen: [] });
    writer.checkpoint();
    restart();
    close(writer.store);
    // One came back, one was too few for a chunk; two chunks have holes.
    expect(counts()).toEqual([2, 3, 2, 29]);

    writer = reopened();
    await writer.write({ kind: "purge", queue: ordersKey });
    writer.checkpoint();
    restart();
    close(writer.store);
    expect(counts()).toEqual([0, 0, 0, 0]);
  });

  test("goes with its queue, and leaves nothing behind", async () => {
    const writer = reopened();
    const destination = { kind: "temp-queue", name: "c1-1:replies" } as const;
    await writer.write({ kind: "create-temporary", owner: "c1-1", destination });
    await writer.write(
      ...many(4).map((command) => ({ ...command, message: messageTo(destination) }) as Command),
    );
    writer.checkpoint();
    await writer.write({ kind: "delete-temporary", destination });
    writer.checkpoint();
    close(writer.store);
    expect(counts()).toEqual([0, 0, 0, 0]);
  });

  test("of a store from before there were chunks is read, and becomes chunks", async () => {
    let writer = new Writer(open());
    await writer.write(...many(20));
    writer.checkpoint();
    const before = fingerprint(writer.history.broker);
    close(writer.store);
    const database = new Database(join(directory, storeFileName));
    database.exec("DROP TABLE chunk; DROP TABLE chunk_gone; PRAGMA user_version = 2");
    database.exec("DELETE FROM setting WHERE name = 'contents_through'");
    database.close();

    writer = reopened();
    expect(fingerprint(writer.history.broker)).toBe(before);
    await writer.write({ kind: "begin", owner: "c1-1", transaction: "t" });
    writer.checkpoint();
    close(writer.store);
    expect(counts()).toEqual([0, 2, 0, 20]);
  });

  test.each([
    "UPDATE chunk SET bytes = zeroblob(length(bytes))",
    "UPDATE chunk_gone SET slots = x'00112233'",
  ])("whose stored form was changed is refused: %s", async (change) => {
    const writer = reopened();
    await writer.write(...many(4));
    writer.checkpoint();
    await writer.write({ kind: "expire", queue: ordersKey, messages: [asOp(2)] });
    writer.checkpoint();
    close(writer.store);
    const database = new Database(join(directory, storeFileName));
    expect(database.prepare(change).run().changes).toBe(1);
    database.close();
    const store = open();
    expect(codeOf(() => store.load())).toBe("STORE_DAMAGED");
  });
});
