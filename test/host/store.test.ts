import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asEpoch, asOp } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { deleteStore, Store, storeFileName, type StoreSizes } from "../../engine/host/store.ts";
import { ordersKey } from "../core/helpers.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { accept, codeOf, deliver, send, Writer } from "./writer.ts";

let directory = "";
let stores: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-store-"));
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(where = directory, sizes: Partial<StoreSizes> = {}): Store {
  const store = new Store(where, "power-loss", sizes);
  stores.push(store);
  return store;
}

function close(store: Store): void {
  stores = stores.filter((other) => other !== store);
  store.close();
}

describe("store: what was written is there again", () => {
  test("a new one is empty", () => {
    expect(open().load()).toMatchObject({ head: { op: 0 }, epoch: 0, pairId: null, checkpointOp: 0 });
  });

  test.skipIf(process.platform === "win32")("its files are nobody else's to read", async () => {
    const writer = new Writer(open());
    await writer.write(send("one"));
    writer.checkpoint();

    const files = readdirSync(directory);
    expect(files).toEqual(expect.arrayContaining([storeFileName, `${storeFileName}-wal`]));
    for (const file of files) expect(statSync(join(directory, file)).mode & 0o077, file).toBe(0);
  });

  test("entries without a checkpoint", async () => {
    const writer = new Writer(open());
    await writer.write(send("one"), send("two"), deliver(1));
    close(writer.store);

    const { broker, head, checkpointOp } = open().load();
    expect(fingerprint(broker)).toBe(fingerprint(writer.history.broker));
    expect(head).toMatchObject({ op: 3, epoch: 1, digest: writer.history.head.digest });
    expect(checkpointOp).toBe(0);
  });

  test("a checkpoint, and the entries after it", async () => {
    const writer = new Writer(open());
    await writer.write(send("one"), send("two"), { kind: "begin", owner: "c1-2", transaction: "t" });
    await writer.write({ ...send("three"), owner: "c1-2", transaction: "t" } as Command, deliver(1));
    writer.checkpoint();
    await writer.write(accept(1), send("four"));
    close(writer.store);

    const store = open();
    const { broker, head, checkpointOp } = store.load();
    expect({ op: head.op, checkpointOp }).toEqual({ op: 7, checkpointOp: 5 });
    expect(fingerprint(broker)).toBe(fingerprint(writer.history.broker));
    expect(text(store, 2)).toBe("two");
    expect(text(store, 7)).toBe("four");
    // It is not visible yet, and must be at the commit.
    expect(text(store, 4)).toBe("three");
  });

  test("a second checkpoint forgets what is gone since the first", async () => {
    const writer = new Writer(open(directory, { lateBytes: 0 }));
    await writer.write(send("one"), send("two"));
    writer.checkpoint();
    await writer.write(deliver(1), accept(1));
    writer.checkpoint();
    close(writer.store);
    // The file of the journal that it stood in may still be there; what is kept for good is in the database.
    const database = new Database(join(directory, storeFileName));
    expect(database.prepare("SELECT op FROM content").all()).toEqual([{ op: 2 }]);
    database.close();

    const store = open();
    expect(text(store, 2)).toBe("two");
    expect(fingerprint(store.load().broker)).toBe(fingerprint(writer.history.broker));
  });

  test("the term is durable at once", () => {
    let store = open();
    for (const isBehind of [true, false]) {
      const term = { epoch: asEpoch(7), pairId: "pair", isBehind };
      store.saveTerm(term);
      close(store);
      store = open();
      expect(store.load()).toMatchObject(term);
    }
  });

  test("what is cut off is gone, and another history goes on from there", async () => {
    const writer = new Writer(open());
    await writer.write(send("one"), send("two"), send("three"));
    writer.store.cut(asOp(1));
    const other = new Writer(writer.store);
    expect(other.history.head.op).toBe(1);
    await other.write(send("zwei"));
    close(writer.store);

    const store = open();
    expect(store.load().head).toMatchObject({ op: 2, digest: other.history.head.digest });
    expect(text(store, 2)).toBe("zwei");
  });
});

describe("store: what the node reads", () => {
  test("entries from a place on, in pieces, and digests where they are known", async () => {
    const writer = new Writer(open());
    await writer.write(send("a".repeat(100)), send("b".repeat(100)), send("c"));
    const { store } = writer;
    expect(store.read(asOp(1), 1)).toHaveLength(1);
    expect(store.read(asOp(2), 1_000_000)).toHaveLength(2);
    expect(store.read(asOp(4), 1_000_000)).toEqual([]);
    expect(store.digestAt(asOp(0))).toEqual(Buffer.alloc(16));
    expect(store.digestAt(asOp(3))).toEqual(writer.history.head.digest);
    expect(store.digestAt(asOp(4))).toBeNull();
    writer.checkpoint();
    expect(store.digestAt(asOp(3))).toEqual(writer.history.head.digest);
  });

  test("only a send is a message", async () => {
    const writer = new Writer(open());
    await writer.write(send(), { kind: "leave", owner: "c", keepsTemporaries: false });
    expect(text(writer.store, 1)).toBe("hello");
    expect(writer.store.message(asOp(2))).toBeNull();
    expect(writer.store.message(asOp(9))).toBeNull();
    expect(writer.store.sizeBytes()).toBeGreaterThan(0);
    expect(writer.store.findDamage()).toBeNull();
  });
});

describe("store: queues", () => {
  const temporary = { kind: "temp-queue", name: "reply" } as const;
  const keys = (): unknown[] => {
    const database = new Database(join(directory, storeFileName));
    const found = database.prepare("SELECT key FROM queue ORDER BY id").pluck().all();
    database.close();
    return found;
  };

  test("a checkpoint writes those that came or changed, and removes those that went", async () => {
    let writer = new Writer(open());
    for (let number = 1; number <= 50; number += 1)
      await writer.write({ kind: "create-queue", destination: { kind: "queue", name: `crowd.${number}` } });
    await writer.write(send(), { kind: "create-temporary", owner: "c1-1", destination: temporary });
    writer.checkpoint();
    await writer.write(send(), { kind: "delete-temporary", destination: temporary });
    writer.history.forceCheckpoint();
    const checkpoint = writer.history.takeSafeCheckpoint()!;
    expect(checkpoint.putQueues).toMatchObject([{ key: ordersKey, enqueued: 2 }]);
    expect(checkpoint.summary.length).toBeLessThan(1_000);
    writer.store.saveCheckpoint(checkpoint);
    const before = fingerprint(writer.history.broker);
    close(writer.store);

    expect(keys()).toHaveLength(51);
    writer = new Writer(open());
    expect(fingerprint(writer.history.broker)).toBe(before);
    await writer.write({ kind: "begin", owner: "c1-1", transaction: "t" });
    writer.history.forceCheckpoint();
    expect(writer.history.takeSafeCheckpoint()!.putQueues).toEqual([]);
  });

  test("a store from before they were rows is read, and is one of today after the next checkpoint", async () => {
    let writer = new Writer(open());
    await writer.write(send("one"), send("two"));
    writer.checkpoint();
    close(writer.store);
    const database = new Database(join(directory, storeFileName));
    const queues = database.prepare("SELECT * FROM queue").all();
    const summary = database
      .prepare("SELECT value FROM setting WHERE name = 'summary'")
      .pluck()
      .get() as string;
    database
      .prepare("UPDATE setting SET value = ? WHERE name = 'summary'")
      .run(JSON.stringify({ ...(JSON.parse(summary) as object), queues }));
    database.exec("DROP TABLE queue; DROP TABLE chunk; DROP TABLE chunk_gone; PRAGMA user_version = 1");
    database.close();

    const before = fingerprint(writer.history.broker);
    writer = new Writer(open());
    expect(fingerprint(writer.history.broker)).toBe(before);
    close(writer.store);
    writer = new Writer(open());
    await writer.write({ kind: "begin", owner: "c1-1", transaction: "t" });
    writer.checkpoint();
    const after = fingerprint(writer.history.broker);
    close(writer.store);
    expect(keys()).toEqual([ordersKey]);
    expect(fingerprint(open().load().broker)).toBe(after);
  });
});

describe("store: what it refuses", () => {
  test("a directory that another process has", () => {
    open();
    expect(codeOf(() => new Store(directory, "power-loss"))).toBe("STORE_LOCKED");
  });

  test("a format that is newer than this program", () => {
    close(open());
    const database = new Database(join(directory, storeFileName));
    database.pragma("user_version = 99");
    database.close();
    expect(codeOf(() => new Store(directory, "power-loss"))).toBe("STORE_NEWER");
  });

  test("a database of another program, and a file that is none", () => {
    const database = new Database(join(directory, storeFileName));
    database.exec("CREATE TABLE theirs (x); PRAGMA application_id = 7; PRAGMA user_version = 1");
    database.close();
    expect(codeOf(() => new Store(directory, "power-loss"))).toBe("STORE_DAMAGED");

    deleteStore(directory);
    writeFileSync(join(directory, storeFileName), "This is a letter, not a database.".repeat(200));
    expect(codeOf(() => new Store(directory, "power-loss"))).toBe("STORE_DAMAGED");
  });

  test("a path that cannot be a directory", () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    expect(codeOf(() => new Store(join(file, "data"), "power-loss"))).toBe("STORE_UNWRITABLE");
  });

  test("a message whose content has changed since it was written", async () => {
    const writer = new Writer(open(directory, { lateBytes: 0 }));
    await writer.write(send("a body that is easily found"));
    writer.checkpoint();
    close(writer.store);
    const database = new Database(join(directory, storeFileName));
    database.prepare("UPDATE content SET bytes = CAST(replace(bytes, 'easily', 'hardly') AS BLOB)").run();
    database.close();

    expect(open().findDamage()).toMatch(/entry 1 has changed/);
  });

  test("an entry that changed on the disk after the journal was opened", async () => {
    const writer = new Writer(open());
    await writer.write(send("a body that is easily found"));
    const [journal = ""] = readdirSync(directory).filter((name) => name.startsWith("journal-"));
    const path = join(directory, journal);
    writeFileSync(path, readFileSync(path, "latin1").replace("easily", "hardly"), "latin1");
    expect(codeOf(() => writer.store.load())).toBe("STORE_DAMAGED");
    expect(codeOf(() => writer.store.message(asOp(1)))).toBe("STORE_DAMAGED");
  });

  test("a store whose journal is gone", async () => {
    const writer = new Writer(open());
    await writer.write(send(), send());
    writer.checkpoint();
    await writer.write(send());
    close(writer.store);
    const kept = readFileSync(join(directory, storeFileName));
    deleteStore(directory);
    writeFileSync(join(directory, storeFileName), kept);
    expect(codeOf(() => open().load())).toBe("STORE_DAMAGED");
  });
});

function text(store: Store, op: number): string | undefined {
  const message = store.message(asOp(op));
  return message === null ? undefined : Buffer.from(message.body).toString();
}
