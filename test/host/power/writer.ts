import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { digestText } from "../../../engine/base/checksum.ts";
import { asEpoch, asInstant, asOp, asWallTime, type Moment, type Op } from "../../../engine/base/units.ts";
import type { Command } from "../../../engine/core/command.ts";
import { Store } from "../../../engine/host/store.ts";
import { History } from "../../../engine/node/history.ts";
import { SnapshotFeed } from "../../../engine/node/snapshot-feed.ts";
import { fingerprint } from "../../world/fingerprint.ts";
import { Random } from "../../world/random.ts";
import { message } from "../../world/producer.ts";

// A process with a real store, to be watched at work: what it promises stands in `marks`, between its system calls.
const [root = "", seed = "1"] = process.argv.slice(2);
const random = new Random(Number(seed));
const directory = join(root, "data");
const now: Moment = { monotonic: asInstant(1), wall: asWallTime(1_000) };
const stepCount = 25;
/** Small: contents move to the database, and files of the journal go, within a few steps. */
const sizes = { lateBytes: 2_000, segmentBytes: 1_500 };

mkdirSync(root, { recursive: true });
let store = new Store(directory, "power-loss", sizes);
let history = begun();
let term = 1;

for (let step = 0; step < stepCount; step += 1) {
  // Whatever comes may find a checkpoint that is not saved yet.
  for (let count = random.below(4); count > 0; count -= 1) store.goOnSaving(0);
  const kind = random.below(12);
  if (kind < 6) await write();
  else if (kind < 8) checkpoint();
  else if (kind === 8) saveTerm();
  else if (kind === 9) cut();
  else if (kind === 10) restart();
  else await receive(step);
}
store.close();

function mark(...words: (string | number)[]): void {
  appendFileSync(join(root, "marks"), `${words.join(" ")}\n`);
}

function begun(): History {
  const fresh = new History(store.load(), now.monotonic);
  fresh.epoch = asEpoch(Math.max(1, fresh.epoch));
  markState(fresh);
  return fresh;
}

/** A state that the store may be found in. */
function markState({ head, broker }: History): void {
  mark("state", head.op, digestText(head.digest), Buffer.from(fingerprint(broker)).toString("base64"));
}

function order(to: History, command: Command): void {
  to.order(command, now);
  markState(to);
}

function send(to: History, name: string): void {
  const body = `${name} ${"x".repeat(random.below(300))}`;
  const sent = message({ kind: "queue", name: `q${random.below(3)}` }, body, null);
  order(to, { kind: "send", owner: "c1-1", message: sent, transaction: null });
}

/** Takes a waiting message off a queue, if there is one. */
function consume(): void {
  for (const queue of history.broker.queues.values()) {
    const [first] = queue.next(1);
    if (first === undefined) continue;
    const of = { owner: "c1-2", subscription: "s", messages: [first.op] } as const;
    order(history, { kind: "deliver", ...of, queue: queue.key });
    order(history, { kind: "settle", ...of, outcome: "accepted", transaction: null });
    return;
  }
}

async function write(): Promise<void> {
  for (let count = 1 + random.below(5); count > 0; count -= 1) {
    if (random.chance(0.4)) consume();
    else send(history, `message ${history.head.op}`);
  }
  await append(store, history);
  mark("safe", history.head.op, digestText(history.head.digest));
}

async function append(to: Store, of: History): Promise<Op> {
  const batch = of.takeBatch();
  const { op } = of.head;
  if (batch.length > 0)
    await new Promise<void>((resolve) => {
      to.append(batch, resolve);
      to.sync();
    });
  of.journalledThrough(op);
  of.commitThrough(op);
  return op;
}

function checkpoint(): void {
  history.forceCheckpoint();
  const taken = history.takeSafeCheckpoint();
  if (taken !== null) store.beginCheckpoint(taken);
}

function saveTerm(): void {
  term += 1;
  store.saveTerm({ epoch: asEpoch(term), pairId: "pair-1", isBehind: term % 2 === 0 });
  history.epoch = asEpoch(term);
  mark("term", term);
}

/** Entries behind the last checkpoint are cut off: to the store they are like those that nobody was told of. */
function cut(): void {
  const behind = history.head.op - history.checkpointOp;
  const after = asOp(history.head.op - random.below(behind + 1));
  mark("floor", after);
  store.cut(after);
  history = begun();
  mark("safe", history.head.op, digestText(history.head.digest));
}

function restart(): void {
  store.close();
  store = new Store(directory, "power-loss", sizes);
  history = begun();
}

/** Another node's state takes this one's place; it goes on from where this one is, so that no promise is broken. */
async function receive(step: number): Promise<void> {
  const source = new Store(join(root, `source-${step}`), "process-crash");
  const theirs = new History(source.load(), now.monotonic);
  theirs.epoch = history.epoch;
  for (let count = history.head.op + 5; count > 0; count -= 1) send(theirs, `theirs ${step}`);
  await append(source, theirs);
  mark("floor", 0);
  const feed = new SnapshotFeed(theirs, source);
  store.beginSnapshot();
  while (!feed.isDone) store.takeSnapshotPart(feed.next());
  store.installSnapshot(feed.head, "pair-1");
  history = begun();
  mark("safe", history.head.op, digestText(history.head.digest));
  source.close();
}
