import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asEpoch, asInstant, asOp, asWallTime, type Moment } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { Store } from "../../engine/host/store.ts";
import { History } from "../../engine/node/history.ts";
import { SnapshotFeed } from "../../engine/node/snapshot-feed.ts";
import { messageTo } from "../core/helpers.ts";
import { fingerprint } from "../world/fingerprint.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-snapshot-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const now: Moment = { monotonic: asInstant(0), wall: asWallTime(1_000) };

function send(text: string): Command {
  return {
    kind: "send",
    owner: "c1-1",
    transaction: null,
    message: {
      destination: { kind: "queue", name: "orders" },
      body: Buffer.from(text),
      bodyKind: "text",
      properties: new Map([["n", 1]]),
      persistent: true,
      priority: 4,
      expiresAt: null,
      sentAt: asWallTime(5),
      correlationId: null,
      replyTo: null,
      type: null,
      isCompressed: false,
      origin: null,
      group: null,
      userId: null,
    },
  };
}

/** Orders commands on top of what the store holds and waits until they are durable. */
async function extend(store: Store, commands: readonly Command[]): Promise<History> {
  const history = new History(store.load(), now.monotonic);
  history.epoch = asEpoch(Math.max(1, history.epoch));
  for (const command of commands) history.order(command, now);
  await new Promise<void>((resolve) => {
    store.append(history.takeBatch(), resolve);
    store.sync();
  });
  return history;
}

/** Hands the whole state of `source` over to `target`. */
function transfer(history: History, source: Store, target: Store): string {
  const feed = new SnapshotFeed(history, source);
  target.beginSnapshot();
  while (!feed.isDone) target.takeSnapshotPart(feed.next());
  return target.installSnapshot(feed.head, "pair-1");
}

function bodies(store: Store): string[] {
  const queue = store.load().broker.queues.get("queue://orders");
  return [...(queue?.inOrder() ?? [])].map(({ op }) => Buffer.from(store.message(op)!.body).toString());
}

describe("store: a snapshot of another node", () => {
  test("replaces the state and the history, and entries go on from there, also after a restart", async () => {
    const source = new Store(join(directory, "a"), "process-crash");
    const history = await extend(source, [send("one"), send("two"), send("three")]);
    const target = new Store(join(directory, "b"), "process-crash");
    await extend(target, [send("of another history")]);

    const kept = transfer(history, source, target);

    expect(bodies(target)).toEqual(["one", "two", "three"]);
    const { digest } = history.head;
    expect(target.load()).toMatchObject({ head: { op: 3, digest }, pairId: "pair-1", isBehind: true });
    expect(target.completeAfter()).toBe(3);
    await extend(target, [send("four")]);
    target.close();
    const restarted = new Store(join(directory, "b"), "process-crash");
    expect(bodies(restarted)).toEqual(["one", "two", "three", "four"]);
    expect(restarted.findDamage()).toBeNull();

    const former = new Store(kept, "process-crash");
    expect(bodies(former)).toEqual(["of another history"]);
    for (const store of [source, restarted, former]) store.close();
  });

  test("its queues are still there after the next checkpoint", async () => {
    const source = new Store(join(directory, "a"), "process-crash");
    const target = new Store(join(directory, "b"), "process-crash");
    transfer(await extend(source, [send("one"), send("two")]), source, target);
    const history = await extend(target, [{ kind: "begin", owner: "c1-1", transaction: "t" }]);
    history.journalledThrough(history.head.op);
    history.commitThrough(history.head.op);
    history.forceCheckpoint();
    target.saveCheckpoint(history.takeSafeCheckpoint()!);
    target.close();

    const restarted = new Store(join(directory, "b"), "process-crash");
    expect(bodies(restarted)).toEqual(["one", "two"]);
    for (const store of [source, restarted]) store.close();
  });

  test("long queues come in chunks as they stand, and what several queues share comes once", async () => {
    const source = new Store(join(directory, "a"), "process-crash");
    const target = new Store(join(directory, "b"), "process-crash");
    const news = { kind: "topic", name: "news" } as const;
    const durable = (name: string): Command => ({
      ...{ kind: "create-durable", clientId: "c", name, destination: news, selector: null },
    });
    const sends = Array.from({ length: 9 }, () => ({ ...send("x"), message: messageTo(news) }) as Command);
    const history = await extend(source, [durable("one"), durable("two"), ...sends, send("hot")]);
    history.broker.chunkSizes = { countMin: 2, countMax: 4 };
    history.forceCheckpoint();
    history.broker.queues.get("durable://1:c:one")!.remove(asOp(5));
    const before = fingerprint(history.broker);

    const feed = new SnapshotFeed(history, source);
    // What happens while it is handed out is no part of it.
    for (const queue of history.broker.queues.values()) queue.removeWaiting();
    const [first, last] = [feed.next(), feed.next()];
    expect(first).toMatchObject({ isLast: false, rows: [], chunks: { length: 4 } });
    expect(first.contents.map(({ op }) => op).sort((a, b) => a - b)).toEqual([
      3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect(last).toMatchObject({ isLast: true, rows: { length: 3 }, chunks: [], contents: [] });
    target.beginSnapshot();
    for (const part of [first, last]) target.takeSnapshotPart(part);
    target.installSnapshot(feed.head, "pair-1");
    expect(fingerprint(target.load().broker)).toBe(before);
    for (const store of [source, target]) store.close();
  });

  test("one that is cut short leaves the store as it was", async () => {
    const target = new Store(join(directory, "b"), "process-crash");
    await extend(target, [send("kept")]);
    target.beginSnapshot();
    target.takeSnapshotPart({ contents: [], rows: [], chunks: [] });
    target.close();

    const restarted = new Store(join(directory, "b"), "process-crash");
    expect(bodies(restarted)).toEqual(["kept"]);
    expect(existsSync(join(directory, "b.incoming"))).toBe(false);
    restarted.close();
  });

  test("a crash between the two renames is made good at the next start", async () => {
    const whole = new Store(join(directory, "b.incoming"), "process-crash");
    await extend(whole, [send("received")]);
    whole.close();

    const started = new Store(join(directory, "b"), "process-crash");
    expect(bodies(started)).toEqual(["received"]);
    started.close();
  });

  test("what was received before of a snapshot that began anew is dropped", async () => {
    const source = new Store(join(directory, "a"), "process-crash");
    const history = await extend(source, [send("one")]);
    const target = new Store(join(directory, "b"), "process-crash");
    target.beginSnapshot();
    const contents = [{ op: asOp(77), bytes: source.content(asOp(1))! }];
    target.takeSnapshotPart({ contents, rows: [], chunks: [] });
    transfer(history, source, target);
    expect(target.content(asOp(77))).toBeNull();
    expect(bodies(target)).toEqual(["one"]);
    source.close();
    target.close();
  });
});

test("store: files of others in the data directory are left alone", async () => {
  mkdirSync(join(directory, "a"));
  writeFileSync(join(directory, "a", "notes.txt"), "mine");
  const store = new Store(join(directory, "a"), "process-crash");
  await extend(store, [send("one")]);
  store.close();
  renameSync(join(directory, "a"), join(directory, "moved"));
  const moved = new Store(join(directory, "moved"), "process-crash");
  expect(bodies(moved)).toEqual(["one"]);
  expect(existsSync(join(directory, "moved", "notes.txt"))).toBe(true);
  moved.close();
});
