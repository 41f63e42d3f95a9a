import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime, type Op } from "../../engine/base/units.ts";
import { admit } from "../../engine/core/admission.ts";
import { Broker } from "../../engine/core/broker.ts";
import {
  restoreCheckpoint,
  takeCheckpoint,
  type Checkpoint,
  type ChunkRow,
  type MessageRow,
  type QueueRow,
} from "../../engine/core/checkpoint.ts";
import type { Command } from "../../engine/core/command.ts";
import type { Destination, PropertyValue } from "../../engine/core/message.ts";
import { referredOps } from "../../engine/core/references.ts";
import { readChunks } from "../world/database.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { messageTo } from "./helpers.ts";
import { show, Twin } from "./twin.ts";

const owners = ["a", "b"] as const;
const branch = (owner: string): string => `xa:${owner}`;
const queues = ["one", "two"] as const;
const topic: Destination = { kind: "topic", name: "news" };
const temporary: Destination = { kind: "temp-queue", name: "a:replies" };

/** What somebody wants to do; what it is about is chosen from what is there, so that most wishes make sense. */
const wish = fc.record({
  kind: fc.constantFrom(
    "send",
    "send",
    "send",
    "deliver",
    "deliver",
    "settle",
    "settle",
    "begin",
    "finish",
    "prepare",
    "complete",
    "release",
    "redeliver",
    "leave",
    "expire",
    "purge",
    "durable",
    "undurable",
    "temporary",
    "untemporary",
    "reply",
    "later",
    "schedule",
    "fire",
    "unschedule",
    "delete-queue",
    "replay",
  ),
  owner: fc.constantFrom(...owners),
  queue: fc.constantFrom(...queues),
  transacted: fc.boolean(),
  which: fc.nat(20),
  outcome: fc.constantFrom("accepted", "accepted", "rejected", "released"),
  commits: fc.boolean(),
  persistent: fc.boolean(),
  priority: fc.nat(9),
});
const later = new Map([["AMQ_SCHEDULED_DELAY", 5n]]);
const fired = new Map<string, PropertyValue>([["scheduledJobId", "j"], ...later]);
type Wish = typeof wish extends fc.Arbitrary<infer Value> ? Value : never;

/** Turns a wish into a command, as a client with a view of the whole state would. */
function commandFor(broker: Broker, { kind, owner, queue, which, ...rest }: Wish): Command | null {
  const key = `queue://${queue}`;
  const held = [...(broker.owners.get(owner)?.held.get("s")?.keys() ?? [])];
  const waiting = [...broker.queues.values()].flatMap((one) =>
    one.next(3).map(({ op }) => ({ key: one.key, op })),
  );
  const open = broker.owners.get(owner)?.transactions.has(branch(owner)) === true;
  const transaction = rest.transacted && open ? branch(owner) : null;
  const chosen = waiting[which % Math.max(1, waiting.length)];
  const { persistent, priority, outcome } = rest;
  const jobs = [...broker.schedule.jobs()];
  const job = jobs[which % Math.max(1, jobs.length)];
  const [subscribed] = broker.durables.keys();
  const to: Destination = which % 4 === 0 ? topic : { kind: "queue", name: queue };
  switch (kind) {
    case "send":
      return {
        kind,
        owner,
        transaction,
        message: messageTo(to, { persistent, priority }),
      };
    case "reply":
      return { kind: "send", owner, transaction, message: messageTo(temporary) };
    case "deliver":
      return chosen === undefined
        ? null
        : { kind, owner, subscription: "s", queue: chosen.key, messages: [chosen.op] };
    case "settle":
      return held.length === 0
        ? null
        : { kind, owner, subscription: "s", messages: [held[which % held.length]!], outcome, transaction };
    case "begin":
    case "prepare":
      return { kind, owner, transaction: branch(owner) };
    case "finish":
      return { kind, owner, transaction: branch(owner), outcome: rest.commits ? "commit" : "rollback" };
    case "complete":
      return {
        kind: "finish-prepared",
        transaction: branch(owner),
        outcome: rest.commits ? "commit" : "rollback",
      };
    case "release":
      return { kind, owner, subscription: "s", unseen: rest.transacted ? held.slice(0, 1) : [] };
    case "redeliver":
      return held.length === 0
        ? null
        : { kind, owner, subscription: "s", messages: [held[which % held.length]!] };
    case "leave":
      return { kind, owner, keepsTemporaries: rest.commits };
    case "expire":
      return chosen === undefined ? null : { kind, queue: chosen.key, messages: [chosen.op] };
    case "purge":
      return { kind, queue: key };
    case "durable":
      return { kind: "create-durable", clientId: owner, name: "d", destination: topic, selector: null };
    case "undurable":
      return { kind: "delete-durable", clientId: owner, name: "d" };
    case "replay":
      return subscribed === undefined
        ? null
        : { kind, queue: subscribed, message: messageTo(topic, { persistent, priority }) };
    case "temporary":
      return { kind: "create-temporary", owner: "a", destination: temporary };
    case "untemporary":
      return { kind: "delete-temporary", destination: temporary };
    case "later":
      return {
        kind: "send",
        owner,
        transaction,
        message: messageTo(to, { persistent, priority, properties: later }),
      };
    case "schedule":
      return job === undefined ? null : { kind, job: job.op, dueAt: asWallTime(which + 1) };
    case "fire":
      if (job === undefined) return null;
      return {
        kind,
        job: job.op,
        next: rest.commits ? asWallTime(which + 1) : null,
        message: messageTo(to, { persistent, priority, properties: fired }),
      };
    case "delete-queue":
      return { kind, destination: { kind: "queue", name: queue } };
    case "unschedule":
      return { kind, jobs: job === undefined ? [asOp(7)] : [job.op, asOp(7)] };
  }
}

/** Plays wishes that make sense; the same message is never held twice by one owner, as the twin tells them by op. */
function play(wishes: readonly Wish[], onEntry: (op: Op, command: Command, broker: Broker) => void): void {
  const broker = new Broker();
  broker.chunkSizes = { countMin: 1, countMax: 3 };
  let op = 0;
  for (const one of wishes) {
    const command = commandFor(broker, one);
    if (command === null || admit(broker, command) !== null) continue;
    if (
      command.kind === "deliver" &&
      command.messages.some((op) =>
        [command.owner, branch(command.owner)].some((one) => broker.owners.get(one)?.held.get("s")?.has(op)),
      )
    )
      continue;
    if (command.kind === "create-temporary" && broker.queues.has("temp-queue://a:replies")) continue;
    op += 1;
    broker.apply(asOp(op), command);
    onEntry(asOp(op), command, broker);
  }
}

const ascending = (one: number, other: number): number => one - other;

function keep(contents: Set<number>, { newOps, deadOps }: Checkpoint): void {
  for (const op of newOps) contents.add(op);
  for (const op of deadOps) contents.delete(op);
}

/** Contents that must be kept, and no others, or they would be there for ever. */
function needed(broker: Broker): number[] {
  return [...new Set(referredOps(broker))].sort(ascending);
}

const wishes = fc.array(wish, { minLength: 20, maxLength: 120, size: "max" });

describe("broker: properties", () => {
  test("it does what a plain list would do", () => {
    fc.assert(
      fc.property(wishes, (script) => {
        const twin = new Twin();
        play(script, (op, command, broker) => {
          twin.apply(op, command);
          expect(show(broker)).toEqual(twin.show());
        });
      }),
      { numRuns: 300 },
    );
  });

  test("a checkpoint at any point and the entries after it give the same state, and lose no content that is needed", () => {
    fc.assert(
      fc.property(wishes, fc.array(fc.nat(120), { maxLength: 6 }), (script, cuts) => {
        const rows = new Map<string, MessageRow>();
        const queues = new Map<number, QueueRow>();
        const chunks = new Map<number, ChunkRow>();
        const contents = new Set<number>();
        let summary: string | null = null;
        let through = 0;
        const entries: [Op, Command][] = [];
        let final = "";
        play(script, (op, command, broker) => {
          entries.push([op, command]);
          if (cuts.includes(op)) {
            const checkpoint = takeCheckpoint(broker, {
              op,
              epoch: asEpoch(1),
              stampedAt: asWallTime(1),
              digest: emptyDigest,
            });
            for (const queue of checkpoint.deletedQueues)
              for (const [key, row] of rows) if (row.queue === queue) rows.delete(key);
            for (const queue of checkpoint.deletedQueues) queues.delete(queue);
            for (const row of checkpoint.putQueues) queues.set(row.id, row);
            for (const { queue, op: gone } of checkpoint.deleted) rows.delete(`${queue} ${gone}`);
            for (const row of checkpoint.put) rows.set(`${row.queue} ${row.op}`, row);
            for (const row of checkpoint.putChunks) chunks.set(row.id, row);
            for (const { id, gone } of checkpoint.thinnedChunks) chunks.set(id, { ...chunks.get(id)!, gone });
            for (const id of checkpoint.deletedChunks) chunks.delete(id);
            keep(contents, checkpoint);
            expect([...contents].sort(ascending)).toEqual(needed(broker));
            ({ summary } = checkpoint);
            through = op;
          }
          final = fingerprint(broker);
        });
        const inOrder = [...rows.values()].sort((one, other) => one.position - other.position);
        const queueRows = [...queues.values()].sort((one, other) => one.id - other.id);
        const restored = restoreCheckpoint(summary, inOrder, asOp(through), queueRows, readChunks(chunks));
        expect([...contents].sort(ascending)).toEqual(needed(restored));
        for (const [op, command] of entries) if (op > through) restored.apply(op, command);
        if (final === "") return;
        expect(fingerprint(restored)).toBe(final);
        const end = {
          op: asOp(entries.length),
          epoch: asEpoch(1),
          stampedAt: asWallTime(1),
          digest: emptyDigest,
        };
        keep(contents, takeCheckpoint(restored, end));
        expect([...contents].sort(ascending)).toEqual(needed(restored));
      }),
      { numRuns: 300 },
    );
  });
});
