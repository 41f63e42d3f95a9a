import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../engine/base/checksum.ts";
import { asOp } from "../../engine/base/units.ts";
import { Store } from "../../engine/host/store.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { accept, codeOf, deliver, send, Writer } from "./writer.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-upgrade-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Writes the journal as a former version would have, `change` it, and returns the state that it stands for. */
async function former(change: (file: Buffer) => Buffer = (file) => file): Promise<string> {
  const writer = new Writer(new Store(directory, "power-loss"));
  await writer.write(send("one"), send("two"), deliver(1));
  writer.checkpoint();
  await writer.write(accept(1), send("three"));
  const entries = writer.store.read(asOp(1), 1_000_000);
  writer.store.saveTerm({ epoch: writer.history.epoch, pairId: "pair", isBehind: false });
  writer.store.close();
  const [name = ""] = readdirSync(directory).filter((each) => each.startsWith("journal-"));
  const records = entries.flatMap((bytes) => {
    const header = Buffer.alloc(12);
    header.write("ENT\n");
    header.writeUInt32BE(bytes.length, 4);
    return [header, digestOf(bytes), bytes];
  });
  const header = Buffer.alloc(24);
  header.write("UNDSTJ2\n");
  header.writeDoubleBE(1, 8);
  writeFileSync(join(directory, name), change(Buffer.concat([header, ...records])));
  return fingerprint(writer.history.broker);
}

function stateFound(): string {
  const store = new Store(directory, "power-loss");
  try {
    return fingerprint(store.load().broker);
  } finally {
    store.close();
  }
}

describe("a journal of the version before", () => {
  test("is read, and is one of today from then on", async () => {
    const state = await former((file) => Buffer.concat([file, Buffer.alloc(5_000)]));
    expect(stateFound()).toBe(state);
    const names = readdirSync(directory).filter((name) => name.startsWith("journal-"));
    expect(names).toHaveLength(1);
    expect(readFileSync(join(directory, names[0] ?? "")).toString("latin1", 0, 8)).toBe("UNDSTJ3\n");
    expect(stateFound()).toBe(state);
  });

  test("may end in a torn record, which nobody was told of", async () => {
    const state = await former((file) => Buffer.concat([file, Buffer.from("ENT\n\0\0")]));
    expect(stateFound()).toBe(state);
  });

  test("is refused when it is broken before its end", async () => {
    await former((file) => {
      file[60] = (file[60] ?? 0) ^ 1;
      return file;
    });
    expect(codeOf(stateFound)).toBe("STORE_DAMAGED");
  });

  test("is refused when its end is lost, of which the header says that it was there", async () => {
    await former((file) => {
      file.writeUInt32BE(file.length + 1, 16);
      file.writeUInt32BE(~(file.length + 1) >>> 0, 20);
      return file;
    });
    expect(codeOf(stateFound)).toBe("STORE_DAMAGED");
  });
});
