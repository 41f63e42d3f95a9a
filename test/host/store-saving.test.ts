import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asEpoch, type Op } from "../../engine/base/units.ts";
import type { Checkpoint } from "../../engine/core/checkpoint.ts";
import { Store } from "../../engine/host/store.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { accept, deliver, send, Writer } from "./writer.ts";

let root = "";
const stores: Store[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "understudy-saving-"));
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(root, { recursive: true, force: true });
});

function open(name: string): Store {
  const store = new Store(join(root, name), "power-loss");
  stores.push(store);
  return store;
}

/** What another process would find if this one died now. */
function afterDeath(): { checkpointOp: Op; state: string } {
  cpSync(join(root, "store"), join(root, "copy"), { recursive: true });
  const { broker, checkpointOp } = open("copy").load();
  return { checkpointOp, state: fingerprint(broker) };
}

/** A writer of twenty messages, and the checkpoint of them that its store has begun to save. */
async function begun(): Promise<{ writer: Writer; checkpoint: Checkpoint }> {
  const writer = new Writer(open("store"));
  await writer.write(...Array.from({ length: 20 }, (_, index) => send(`message ${index}`)));
  writer.history.forceCheckpoint();
  const checkpoint = writer.history.takeSafeCheckpoint()!;
  writer.store.beginCheckpoint(checkpoint);
  return { writer, checkpoint };
}

describe("store: a checkpoint is saved in steps", () => {
  test("between which entries are written, and messages read", async () => {
    const { writer, checkpoint } = await begun();
    let stepCount = 0;
    while (writer.store.goOnSaving(0)) {
      stepCount += 1;
      const taken = stepCount <= 20 ? [deliver(stepCount), accept(stepCount)] : [];
      await writer.write(send("meanwhile"), ...taken);
      expect(writer.store.message(checkpoint.op)).toMatchObject({ body: Buffer.from("message 19") });
    }
    expect(stepCount).toBeGreaterThanOrEqual(20);
    expect(afterDeath()).toEqual({
      checkpointOp: checkpoint.op,
      state: fingerprint(writer.history.broker),
    });
  });

  test("and whoever dies between them leaves the one before", async () => {
    const { writer } = await begun();
    for (let step = 0; step < 10; step += 1) writer.store.goOnSaving(0);
    expect(afterDeath()).toEqual({ checkpointOp: 0, state: fingerprint(writer.history.broker) });
  });

  test("and one that cannot be finished does not keep the store from being closed", async () => {
    const { writer } = await begun();
    const [name = ""] = readdirSync(join(root, "store")).filter((each) => each.startsWith("journal-"));
    const path = join(root, "store", name);
    const file = readFileSync(path);
    const at = file.indexOf("message 19");
    file.writeUInt8(file.readUInt8(at) ^ 1, at);
    writeFileSync(path, file);

    stores.splice(stores.indexOf(writer.store), 1);
    expect(() => writer.store.close()).not.toThrow();
  });

  test.each<[string, (store: Store, checkpoint: Checkpoint) => void]>([
    ["a term", (store) => store.saveTerm({ epoch: asEpoch(2), pairId: "pair", isBehind: false })],
    ["a cut", (store, { op }) => store.cut(op)],
    ["the next one", (store, checkpoint) => store.beginCheckpoint(checkpoint)],
  ])("%s is not written before it is done", async (_, write) => {
    const { writer, checkpoint } = await begun();
    writer.store.goOnSaving(0);
    write(writer.store, checkpoint);
    expect(afterDeath().checkpointOp).toBe(checkpoint.op);
  });
});
