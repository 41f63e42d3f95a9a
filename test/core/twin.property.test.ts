import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime, type Op } from "../../engine/base/units.ts";
import { admit } from "../../engine/core/admission.ts";
import { Broker } from "../../engine/core/broker.ts";
import {
  restoreCheckpoint,
  takeCheckpoint,
  type MessageRow,
  type QueueRow,
} from "../../engine/core/checkpoint.ts";
import type { Command } from "../../engine/core/command.ts";
import type { Destination } from "../../engine/core/message.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { messageTo } from "./helpers.ts";

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
  switch (kind) {
    case "send":
      return {
        kind,
        owner,
        transaction,
        message: messageTo(which % 4 === 0 ? topic : { kind: "queue", name: queue }, {
          persistent,
          priority,
        }),
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
    case "temporary":
      return { kind: "create-temporary", owner: "a", destination: temporary };
    case "untemporary":
      return { kind: "delete-temporary", destination: temporary };
  }
}

interface Work {
  sends: [Op, Command & { kind: "send" }][];
  settles: (Command & { kind: "settle" })[];
}

/** The same rules, written as plainly as can be: a list of places, each with a holder or none. */
class Twin {
  places: { queue: string; op: Op; holder: string | null; count: number; persistent: boolean; at: number }[] =
    [];
  durables: string[] = [];
  hasTemporary = false;
  isTemporaryOwned = false;
  readonly open = new Map<string, Work>();
  readonly prepared = new Map<string, Work>();
  #at = 0;

  apply(op: Op, command: Command): void {
    switch (command.kind) {
      case "send":
        if (command.transaction === null) return this.#publish(op, command);
        this.open.get(command.owner)!.sends.push([op, command]);
        return;
      case "deliver":
        for (const place of this.places)
          if (place.queue === command.queue && command.messages.includes(place.op)) {
            place.holder = command.owner;
            place.count += 1;
          }
        return;
      case "settle":
        if (command.transaction === null) return this.#settle(command);
        this.open.get(command.owner)!.settles.push(command);
        return;
      case "begin":
        this.open.set(command.owner, { sends: [], settles: [] });
        return;
      case "prepare": {
        const work = this.open.get(command.owner)!;
        this.open.delete(command.owner);
        this.prepared.set(command.owner, work);
        for (const settle of work.settles) this.#handOver(settle, command.owner, command.transaction);
        return;
      }
      case "finish-prepared": {
        const owner = command.transaction.slice("xa:".length);
        const { sends, settles } = this.prepared.get(owner)!;
        this.prepared.delete(owner);
        if (command.outcome === "rollback") {
          for (const settle of settles) this.#handOver(settle, command.transaction, owner);
          return;
        }
        for (const settle of settles) this.#settle({ ...settle, owner: command.transaction });
        for (const [sent, send] of sends) this.#publish(sent, send);
        return;
      }
      case "finish": {
        const { sends, settles } = this.open.get(command.owner)!;
        this.open.delete(command.owner);
        if (command.outcome === "rollback") return;
        for (const settle of settles) this.#settle(settle);
        for (const [sent, send] of sends) this.#publish(sent, send);
        return;
      }
      case "leave":
        this.open.delete(command.owner);
        if (command.owner === "a" && this.isTemporaryOwned && !command.keepsTemporaries) this.#endTemporary();
        if (command.owner === "a") this.isTemporaryOwned = false;
        return this.#giveBack(command.owner);
      case "release":
        this.#count(command.owner, command.unseen, -1);
        return this.#giveBack(command.owner);
      case "redeliver":
        return this.#count(command.owner, command.messages, 1);
      case "expire":
        for (const op of command.messages) {
          const place = this.places.find(
            (one) => one.queue === command.queue && one.op === op && one.holder === null,
          );
          if (place !== undefined) this.#bury(place);
        }
        return;
      case "purge":
        this.places = this.places.filter(({ queue, holder }) => queue !== command.queue || holder !== null);
        return;
      case "create-durable":
        if (!this.durables.includes(command.clientId)) this.durables.push(command.clientId);
        return;
      case "delete-durable":
        this.durables = this.durables.filter((one) => one !== command.clientId);
        this.places = this.places.filter(({ queue }) => queue !== durable(command.clientId));
        return;
      case "create-temporary":
        this.hasTemporary = true;
        this.isTemporaryOwned = true;
        return;
      case "delete-temporary":
        return this.#endTemporary();
      case "create-queue":
        return;
    }
  }

  /** Places in the order in which they became visible. */
  show(): string[] {
    return this.places
      .sort((a, b) => a.at - b.at)
      .map(({ queue, op, holder, count }) => `${queue} ${op} ${holder ?? "-"} ${count}`);
  }

  #endTemporary(): void {
    this.hasTemporary = false;
    this.isTemporaryOwned = false;
    this.places = this.places.filter(({ queue }) => queue !== "temp-queue://a:replies");
  }

  #count(owner: string, ops: readonly Op[], change: number): void {
    for (const place of this.places)
      // One message may lie in several queues; a subscription of this test holds the one it was given last.
      if (place.holder === owner && ops.includes(place.op)) place.count += change;
  }

  #publish(op: Op, { message: { destination, persistent } }: Command & { kind: "send" }): void {
    if (destination.kind === "topic")
      for (const one of this.durables) this.#place(durable(one), op, persistent);
    else if (destination.kind === "queue" || this.hasTemporary)
      this.#place(`${destination.kind}://${destination.name}`, op, persistent);
  }

  #place(queue: string, op: Op, persistent: boolean): void {
    this.places.push({ queue, op, holder: null, count: 0, persistent, at: (this.#at += 1) });
  }

  #settle({ owner, messages, outcome }: Command & { kind: "settle" }): void {
    for (const op of messages) {
      // One message may lie in several queues; a subscription of this test holds the one it was given last.
      const place = this.places.find((one) => one.op === op && one.holder === owner);
      if (place === undefined) continue;
      if (outcome === "released") place.holder = null;
      else if (outcome === "accepted") this.#remove(place);
      else this.#bury(place);
    }
  }

  #handOver({ messages }: Command & { kind: "settle" }, from: string, to: string): void {
    for (const place of this.places)
      if (place.holder === from && messages.includes(place.op)) place.holder = to;
  }

  #bury(place: Twin["places"][number]): void {
    this.#remove(place);
    const dead = "queue://ActiveMQ.DLQ";
    const isThere = this.places.some(({ queue, op }) => queue === dead && op === place.op);
    if (place.persistent && place.queue !== dead && !isThere) this.#place(dead, place.op, true);
  }

  #remove(place: Twin["places"][number]): void {
    this.places.splice(this.places.indexOf(place), 1);
  }

  #giveBack(owner: string): void {
    for (const place of this.places) if (place.holder === owner) place.holder = null;
  }
}

const durable = (clientId: string): string => `durable://${clientId.length}:${clientId}:d`;

function show(broker: Broker): string[] {
  return [...broker.queues.values()]
    .flatMap((queue) =>
      [...queue.inOrder()].map(({ op, position, deliveryCount }) => ({
        position,
        text: `${queue.key} ${op} ${queue.delivered.get(op)?.owner ?? "-"} ${deliveryCount}`,
      })),
    )
    .sort((one, other) => one.position - other.position)
    .map(({ text }) => text);
}

/** Plays wishes that make sense; the same message is never held twice by one owner, as the twin tells them by op. */
function play(wishes: readonly Wish[], onEntry: (op: Op, command: Command, broker: Broker) => void): void {
  const broker = new Broker();
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
            for (const kept of checkpoint.newOps) contents.add(kept);
            for (const dead of checkpoint.deadOps) contents.delete(dead);
            ({ summary } = checkpoint);
            through = op;
          }
          final = fingerprint(broker);
        });
        const inOrder = [...rows.values()].sort((one, other) => one.position - other.position);
        const queueRows = [...queues.values()].sort((one, other) => one.id - other.id);
        const restored = restoreCheckpoint(summary, inOrder, asOp(through), queueRows);
        for (const { op } of inOrder) expect(contents.has(op)).toBe(true);
        for (const [op, command] of entries) if (op > through) restored.apply(op, command);
        if (final !== "") expect(fingerprint(restored)).toBe(final);
      }),
      { numRuns: 300 },
    );
  });
});
