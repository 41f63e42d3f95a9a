import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asInstant, asOp, asWallTime, type Moment } from "../../engine/base/units.ts";
import type { Destination, PropertyValue } from "../../engine/core/message.ts";
import { jobIdOf } from "../../engine/core/timing.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { messageTo, orders } from "../core/helpers.ts";
import { NodeBench, PairBench } from "./bench.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";

const replies: Destination = { kind: "queue", name: "replies" };
const management: Destination = { kind: "topic", name: "ActiveMQ.Scheduler.Management" };

function sendLater(
  node: NodeBench,
  asked: Readonly<Record<string, PropertyValue>>,
  transaction: string | null = null,
): number {
  const properties = new Map(Object.entries(asked).map(([name, value]) => [`AMQ_SCHEDULED_${name}`, value]));
  return node.ask({ kind: "send", message: messageTo(orders, { properties }), transaction });
}

function manage(node: NodeBench, asked: Readonly<Record<string, PropertyValue>>): void {
  const message = messageTo(management, { replyTo: replies, properties: new Map(Object.entries(asked)) });
  node.ask({ kind: "send", message, transaction: null });
  node.endTurn().sync().endTurn().sync();
}

const queueOf = (node: NodeBench, key = "queue://orders") => node.node.history.broker.queues.get(key);
const depth = (node: NodeBench, key?: string): number => queueOf(node, key)?.depth ?? 0;

/** Time passes in steps as small as those of the host, and the disk keeps up. */
function wait(node: NodeBench, ms: number, stepMs = 100): void {
  for (let left = ms; left > 0; left -= stepMs) node.wait(Math.min(left, stepMs)).endTurn().sync();
}

const alone = (): NodeBench => new NodeBench().start().grant(1).open();

describe("scheduler: delays", () => {
  test("it is confirmed at once, and delivered when its time has come, not a moment earlier", () => {
    const node = alone();
    const receipt = sendLater(node, { DELAY: 1_000n });
    node.endTurn().sync();
    expect(node.confirmed()).toEqual([receipt]);
    wait(node, 999, 333);
    expect(depth(node)).toBe(0);
    wait(node, 1);
    expect(depth(node)).toBe(1);
    expect(node.node.history.broker.schedule.size).toBe(0);
    wait(node, 5_000);
    expect(depth(node)).toBe(1);
  });

  test("those of one moment come in the order in which they were sent", () => {
    const node = alone();
    node.subscribe(1, 100);
    const bodies = Array.from({ length: 20 }, (_, index) => String(index));
    for (const body of bodies) {
      const properties = new Map([["AMQ_SCHEDULED_DELAY", 500n]]);
      const message = messageTo(orders, { properties, body: new TextEncoder().encode(body) });
      node.ask({ kind: "send", message, transaction: null });
    }
    wait(node, 600);
    const told = node.answers().flatMap((answer) => (answer.kind === "deliver" ? [answer.message] : []));
    expect(told.map(({ body }) => new TextDecoder().decode(body))).toEqual(bodies);
    expect(told[3]?.properties.get("scheduledJobId")).toMatch(/^ID:understudy-job-\d+$/);
  });

  test("repetitions come at their period, each a message of its own", () => {
    const node = alone();
    sendLater(node, { DELAY: 100n, PERIOD: 300n, REPEAT: 2n });
    const seen: number[] = [];
    for (let ms = 0; ms < 1_500; ms += 100) {
      wait(node, 100);
      seen.push(depth(node));
    }
    expect(seen).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    expect(
      new Set(
        queueOf(node)
          ?.next(10)
          .map(({ op }) => op),
      ).size,
    ).toBe(3);
  });

  test("in a transaction the time begins with the commit, and a rollback leaves nothing", () => {
    const node = alone();
    for (const [transaction, end] of [
      ["t1", "rollback"],
      ["t2", "commit"],
    ] as const) {
      node.ask({ kind: "begin", transaction });
      sendLater(node, { DELAY: 500n }, transaction);
      wait(node, 1_000);
      expect(node.node.history.broker.schedule.size).toBe(0);
      node.ask({ kind: end, transaction });
      node.endTurn().sync();
    }
    wait(node, 400);
    expect(depth(node)).toBe(0);
    wait(node, 100);
    expect(depth(node)).toBe(1);
  });

  test("what cannot be is refused, and nothing is left of it", () => {
    const node = alone();
    const receipt = sendLater(node, { CRON: "61 * * * *" });
    node.endTurn().sync();
    expect(node.answers()).toMatchObject([{ kind: "refuse", receipt, error: { code: "SCHEDULE_INVALID" } }]);
    expect(node.node.history.broker.schedule.size).toBe(0);
  });

  test("a resent one is scheduled once", () => {
    const node = alone();
    const properties = new Map([["AMQ_SCHEDULED_DELAY", 500n]]);
    const message = messageTo(orders, { properties, origin: { producer: "p", sequence: 1 } });
    for (let count = 0; count < 2; count += 1) node.ask({ kind: "send", message, transaction: null });
    wait(node, 600);
    // Sent again when it has been delivered.
    node.ask({ kind: "send", message, transaction: null });
    wait(node, 600);
    expect(depth(node)).toBe(1);
  });

  test("there is a limit to what is remembered", () => {
    const node = alone();
    const { schedule } = node.node.history.broker;
    const size = { get: () => limits.scheduledMessagesMax - 1, configurable: true };
    Object.defineProperty(schedule, "size", size);
    node.ask({ kind: "begin", transaction: "t" });
    for (let count = 0; count < 2; count += 1) sendLater(node, { DELAY: 1n }, "t");
    const commit = node.ask({ kind: "commit", transaction: "t" });
    Object.defineProperty(schedule, "size", { ...size, get: () => limits.scheduledMessagesMax });
    const send = sendLater(node, { DELAY: 1n });
    node.endTurn().sync();
    const refused = node.answers().flatMap((answer) => (answer.kind === "refuse" ? [answer.receipt] : []));
    expect(refused).toEqual([commit, send]);
  });

  test("a flood of them waits for the disk, and all come", () => {
    const node = alone();
    const count = limits.scheduledPerTurnMax * 2 + 7;
    for (let index = 0; index < count; index += 1) sendLater(node, { DELAY: 50n });
    node.endTurn().sync();
    node.wait(100).endTurn();
    expect(depth(node)).toBe(limits.scheduledPerTurnMax);
    node.endTurn().endTurn();
    expect(depth(node)).toBe(limits.scheduledPerTurnMax);
    for (let turn = 0; turn < 3; turn += 1) node.sync().endTurn();
    expect(depth(node)).toBe(count);
  });
});

describe("scheduler: clocks", () => {
  /** A node whose wall clock can be set. */
  function withClock(): { node: NodeBench; set: (ms: number) => void } {
    const node = alone();
    let offset = 1_700_000_000_000;
    const moment = (): Moment => ({ monotonic: asInstant(node.now), wall: asWallTime(offset + node.now) });
    Object.defineProperty(node, "moment", { get: moment });
    return { node, set: (ms) => (offset += ms) };
  }

  test("a delay is as long as it was told to be, whatever is done to the clock", () => {
    for (const jump of [-3_600_000, 3_600_000]) {
      const { node, set } = withClock();
      sendLater(node, { DELAY: 1_000n, PERIOD: 1_000n, REPEAT: 1n });
      wait(node, 500);
      set(jump);
      wait(node, 400);
      expect(depth(node)).toBe(0);
      wait(node, 200);
      expect(depth(node)).toBe(1);
      set(-jump / 2);
      wait(node, 800);
      expect(depth(node)).toBe(1);
      wait(node, 200);
      expect(depth(node)).toBe(2);
    }
  });

  test("a cron entry goes by the clock, and by each of its times once", () => {
    const { node, set } = withClock();
    sendLater(node, { CRON: "* * * * *" });
    wait(node, 100);
    set(60_000);
    wait(node, 100);
    expect(depth(node)).toBe(1);
    set(-120_000);
    wait(node, 60_000, 1_000);
    expect(depth(node)).toBe(1);
    wait(node, 120_000, 1_000);
    expect(depth(node)).toBe(2);
  });
});

describe("scheduler: failover and restart", () => {
  test("a restart keeps it, with and without a checkpoint; what became due meanwhile comes at once, once", () => {
    for (const idleMs of [100, 2_500]) {
      const node = alone();
      sendLater(node, { DELAY: 10_000n });
      sendLater(node, { PERIOD: 10_000n, REPEAT: 5n });
      sendLater(node, { DELAY: 60_000n });
      wait(node, idleMs);
      expect(node.disk.load().checkpointOp).toBe(idleMs > 2_000 ? 6 : 0);
      node.restart().grant(2);
      expect(fingerprint(node.disk.load().broker)).toBe(fingerprint(node.node.history.broker));
      node.now += 30_000;
      wait(node, 100);
      expect(depth(node)).toBe(2);
      wait(node, 9_900, 1_000);
      expect(depth(node)).toBe(2);
      wait(node, 100);
      expect(depth(node)).toBe(3);
      expect(node.node.history.broker.schedule.size).toBe(2);
    }
  });

  test("the standby has it, and delivers it once it is active", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    sendLater(active, { DELAY: 1_000n });
    sendLater(active, { PERIOD: 200n, REPEAT: 1n });
    pair.settle();
    for (const node of [active, standby]) node.now += 300;
    pair.settle();
    expect([depth(active), depth(standby)]).toEqual([1, 1]);
    expect(fingerprint(standby.node.history.broker)).toBe(fingerprint(active.node.history.broker));

    pair.lose();
    standby.grant(2);
    standby.now += 5_000;
    wait(standby, 300);
    expect(depth(standby)).toBe(3);
    expect(standby.node.history.broker.schedule.size).toBe(0);
  });

  test("one that the standby was just sent, and had not written yet, is not forgotten", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    sendLater(active, { DELAY: 1_000n });
    active.endTurn();
    pair.carry(active, standby).lose();
    standby.now += 5_000;
    standby.grant(2);
    wait(standby, 300);
    expect(depth(standby)).toBe(1);
    expect(standby.node.history.broker.schedule.size).toBe(0);
  });

  test("one whose first time was not in the journal yet gets it from the node that takes over", () => {
    const node = alone();
    sendLater(node, { DELAY: 1_000n });
    node.endTurn().sync();
    node.disk.cut(asOp(1));
    node.restart().grant(2).endTurn();
    wait(node, 900);
    expect(depth(node)).toBe(0);
    wait(node, 100);
    expect(depth(node)).toBe(1);
  });
});

describe("scheduler: its management", () => {
  test("lists what there is, the soonest first, with all that was sent", () => {
    const node = alone();
    sendLater(node, { DELAY: 60_000n });
    sendLater(node, { DELAY: 30_000n });
    manage(node, { AMQ_SCHEDULER_ACTION: "BROWSE" });
    node.subscribe();
    node.ask({
      kind: "subscribe",
      subscription: "r",
      destination: replies,
      ackMode: "client-individual",
      prefetchCount: 10,
      ...plainWishes,
    });
    node.endTurn().sync();
    const listed = node.answers().flatMap((answer) => (answer.kind === "deliver" ? [answer.message] : []));
    expect(listed.map(({ properties }) => properties.get("AMQ_SCHEDULED_DELAY"))).toEqual([30_000n, 60_000n]);
    expect(listed[0]).toMatchObject({ persistent: false, type: "Advisory", destination: replies });
    expect(node.node.history.broker.schedule.size).toBe(2);
  });

  test("lists and removes those of a range of times only", () => {
    const node = alone();
    for (const delay of [10_000n, 20_000n, 30_000n]) sendLater(node, { DELAY: delay });
    const { wall } = node.moment;
    const range = { ACTION_START_TIME: BigInt(wall + 15_000), ACTION_END_TIME: String(wall + 25_000) };
    manage(node, { AMQ_SCHEDULER_ACTION: "BROWSE", ...range });
    expect(depth(node, "queue://replies")).toBe(1);
    manage(node, { AMQ_SCHEDULER_ACTION: "REMOVEALL", ...range });
    expect(node.node.history.broker.schedule.size).toBe(2);
    manage(node, { AMQ_SCHEDULER_ACTION: "REMOVEALL" });
    expect(node.node.history.broker.schedule.size).toBe(0);
    wait(node, 40_000, 1_000);
    expect(depth(node)).toBe(0);
  });

  test("removes one by its name, and is not troubled by names it does not know", () => {
    const node = alone();
    for (let count = 0; count < 2; count += 1) sendLater(node, { DELAY: 1_000n });
    const [first] = node.node.history.broker.schedule.jobs();
    for (const scheduledJobId of [jobIdOf(first!.op), jobIdOf(asOp(999)), "what?"])
      manage(node, { AMQ_SCHEDULER_ACTION: "REMOVE", scheduledJobId });
    manage(node, { AMQ_SCHEDULER_ACTION: "DANCE" });
    wait(node, 1_100);
    expect(depth(node)).toBe(1);
    expect([...node.node.history.broker.queues.keys()]).toEqual(["queue://orders"]);
  });
});
