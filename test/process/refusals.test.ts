import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { connectionTo, Pair } from "./pair.ts";
import { eventually, run } from "./program.ts";

type Node = "primary" | "replica";

/** A pair that holds fifty messages and was stopped in order; returns its directory. */
async function stoppedPair(): Promise<string> {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "x".repeat(4_000), "--count", "50");
  await pair.interrupt();
  return pair.data;
}

const storeFile = (data: string, node: Node): string => join(data, node, "store.sqlite");

/** Overwrites the beginning of all files of a store, as a bad disk does. */
function damage(directory: string): void {
  for (const name of readdirSync(directory)) {
    const handle = openSync(join(directory, name), "r+");
    writeSync(handle, Buffer.alloc(512, 0xa5));
    closeSync(handle);
  }
}

/** Starts the pair and checks that all is served by the other node, and the reason why `node` is not. */
async function isServedWithout(data: string, node: Node, reason: RegExp): Promise<Pair> {
  const other = node === "primary" ? "replica" : "primary";
  const pair = await Pair.start({ data });
  const view = await pair.isState(other, "active");
  expect(view[node].state).not.toMatch(/^(active|standby|blocked)$/);
  expect(view[node].reason).toMatch(reason);
  expect(await connectionTo(pair.ports[node])).toBe("ECONNREFUSED");
  const { destinations } = await pair.control.listDestinations({});
  expect(destinations.find(({ name }) => name === "queue://orders")?.depth).toBe(50);
  return pair;
}

test("a stale primary that is started without the copy refuses to serve, and names the epoch and the way back", async () => {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "both have it");
  await pair.killFromOutside("primary");
  const { epoch } = await pair.isState("replica", "active");
  await pair.cli("send", "orders", "only the replica has it");

  await pair.cli("start", "primary");

  const { primary, replica } = await pair.isState("primary", "out of sync");
  expect(primary.reason).toContain(`Epoch ${epoch}, granted to the replica, supersedes the primary`);
  expect(primary.reason).toContain("understudy -- recover");
  expect(await connectionTo(pair.ports.primary)).toBe("ECONNREFUSED");
  expect(replica.state).toBe("active");
  expect(await pair.cli("receive", "orders", "--count", "9")).toBe("both have it\nonly the replica has it");
});

test("a stale primary is not served after a restart of the whole pair either", async () => {
  const first = await Pair.start();
  await first.killFromOutside("primary");
  await first.isState("replica", "active");
  await first.cli("send", "orders", "only the replica has it");
  await first.killEverything();

  const second = await Pair.start({ data: first.data });

  const { primary } = await second.isState("replica", "active");
  expect(primary.state).toBe("out of sync");
  expect(await second.cli("receive", "orders")).toBe("only the replica has it");
});

for (const node of ["primary", "replica"] as const) {
  test(`a damaged store of the ${node} is named and not served, doctor finds it, and the recovery copy replaces it`, async () => {
    const data = await stoppedPair();
    damage(join(data, node));

    const findings = await run(["doctor", "--json", "--data", data]);
    expect(findings.code).toBe(1);
    expect(findings.out).toMatch(new RegExp(`"check":"${node} store","result":"problem"`));

    const pair = await isServedWithout(data, node, /damaged|malformed|not a database/);
    await pair.cli("recover");
    await pair.isProtection("protected");
  });
}

/** A pair that holds fifty messages and was killed at once, so that they stand in the journals only. */
async function killedPair(): Promise<string> {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "x".repeat(4_000), "--count", "50");
  for (const node of ["primary", "replica"] as const) {
    const file = journalFile(pair.data, node);
    // The header says a moment later how much of the file is on the disk.
    await eventually(() => {
      const content = readFileSync(file);
      return Promise.resolve(content.readUInt32BE(16) === contentBytes(content) || undefined);
    }, "a journal on the disk");
  }
  await pair.killEverything();
  return pair.data;
}

function journalFile(data: string, node: Node): string {
  const name = readdirSync(join(data, node)).find((each) => each.startsWith("journal-"));
  return join(data, node, name ?? "no journal");
}

/** How much of a journal is in use: zeros stand behind that, as room for what comes next. */
function contentBytes(journal: Uint8Array): number {
  return journal.findLastIndex((byte) => byte !== 0) + 1;
}

/** Changes one bit of a file. */
function flipBit(file: string, place: (content: Buffer) => number): void {
  const bytes = readFileSync(file);
  const at = place(bytes);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test("a database that was cut short is named and not served", async () => {
  const data = await stoppedPair();
  const file = storeFile(data, "primary");
  truncateSync(file, statSync(file).size / 2);
  await isServedWithout(data, "primary", /damaged|malformed/);
});

test("a journal with a changed bit is named and not served", async () => {
  const data = await killedPair();
  flipBit(journalFile(data, "primary"), (journal) => Math.floor(contentBytes(journal) / 2));
  await isServedWithout(data, "primary", /journal-\d+\.log is broken behind entry \d+/);
});

test("a journal that is gone is named and not served", async () => {
  const data = await killedPair();
  rmSync(journalFile(data, "replica"));
  await isServedWithout(data, "replica", /its journal is missing/);
});

test("a journal that was cut short is named and not served", async () => {
  const data = await killedPair();
  const file = journalFile(data, "primary");
  truncateSync(file, Math.floor(contentBytes(readFileSync(file)) * 0.7));
  await isServedWithout(data, "primary", /journal-\d+\.log is broken behind entry \d+/);
});

test("a store whose lock another program holds is named and not served, and the other broker serves", async () => {
  const data = await stoppedPair();
  const database = new Database(storeFile(data, "primary"));
  onTestFinished(() => void database.close());
  database.exec("BEGIN EXCLUSIVE");

  await isServedWithout(data, "primary", /in use by another process/);
});

test("a store of a newer version is named and not served, and is left as it is", async () => {
  const data = await stoppedPair();
  const database = new Database(storeFile(data, "primary"));
  database.pragma("user_version = 99");
  database.close();

  await isServedWithout(data, "primary", /has format 99, newer than this program's \d+\b/);
});

test("a file that is no store is named and not served", async () => {
  const data = await stoppedPair();
  rmSync(join(data, "replica"), { recursive: true });
  writeFileSync(join(data, "replica"), "not a directory");

  await isServedWithout(data, "replica", /cannot be written/);
});

test("a store that was deleted is not served as if it had never held anything", async () => {
  const data = await stoppedPair();
  rmSync(join(data, "primary"), { recursive: true });

  const pair = await isServedWithout(data, "primary", /recover/);
  await pair.cli("recover");
  await pair.isProtection("protected");
});

test("a store of another pair is neither served nor attached", async () => {
  const [data, foreign] = [await stoppedPair(), await stoppedPair()];
  rmSync(join(data, "primary"), { recursive: true });
  renameSync(join(foreign, "primary"), join(data, "primary"));

  await isServedWithout(data, "primary", /another pair|recover/);
});

test("a data directory that cannot be made is named", async () => {
  const data = await stoppedPair();
  const inside = join(data, "arbiter.json", "pair");

  const { code, err } = await run([
    "up",
    "--json",
    "--primary-port",
    "0",
    "--replica-port",
    "0",
    "--control-port",
    "0",
    "--data",
    inside,
  ]);

  expect(code).toBe(1);
  expect(err).toContain(inside);
  expect(err).not.toContain("INTERNAL");
});
