import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import type { Op } from "../../engine/base/units.ts";
import type { SubscriptionRequest } from "../../engine/core/dialogue.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { Desk, session } from "./desk.ts";
import { orders, ordersKey } from "./helpers.ts";

/** A desk whose messages are of groups. */
class GroupDesk extends Desk {
  group(id: string, sequence = 0, changes: { priority?: number } = {}): Op {
    return this.bench.send(orders, { group: { id, sequence }, ...changes });
  }

  groups(...ids: string[]): Op[] {
    return ids.map((id) => this.group(id));
  }

  named(number: number, lastingName: string, changes: Partial<SubscriptionRequest> = {}): this {
    this.subscribe(number, { lastingName, ...changes });
    return this;
  }

  /** The connection's end, as the active node orders it. */
  leave(number: number, keepsTemporaries = false): void {
    this.dispatcher.removeSession(session(number));
    this.bench.do({ kind: "leave", owner: `c1-${number}`, keepsTemporaries });
  }

  /** Which session has each group, in the state that both nodes share. */
  holders(): Record<string, string | null> {
    const holders = this.bench.broker.groups.of(this.bench.broker.queues.get(ordersKey)!);
    return Object.fromEntries([...holders].map(([group, { owner }]) => [group, owner]));
  }
}

describe("message groups", () => {
  test("all of a group go to one consumer, in order, and others to others", () => {
    const desk = new GroupDesk().subscribe(1).subscribe(2);
    const [g1, h1, g2, h2, g3] = desk.groups("g", "h", "g", "h", "g");
    expect(desk.run()).toEqual([
      [1, [g1, g2, g3]],
      [2, [h1, h2]],
    ]);
    const [g4, h3] = desk.groups("g", "h");
    expect(desk.run()).toEqual([
      [1, [g4]],
      [2, [h3]],
    ]);
    expect(desk.holders()).toEqual({ g: "c1-1", h: "c1-2" });
  });

  test("messages without a group go to anybody", () => {
    const desk = new GroupDesk().subscribe(1).subscribe(2);
    const [g] = desk.groups("g");
    const plain = desk.send(4);
    const [[, first], [, second]] = desk.run() as [[number, number[]], [number, number[]]];
    expect([...first, ...second].sort()).toEqual([g, ...plain]);
    expect(Math.abs(first.length - second.length)).toBeLessThanOrEqual(1);
  });

  test("a group waits for its consumer, in order, and nobody behind it waits with it", () => {
    const desk = new GroupDesk().subscribe(1, { prefetchCount: 1 });
    const [g1, g2, g3] = desk.groups("g", "g", "g");
    expect(desk.run()).toEqual([[1, [g1]]]);
    desk.subscribe(2);
    const [h1] = desk.groups("h");
    const [plain] = desk.send();
    expect(desk.run()).toEqual([[2, [h1, plain]]]);
    desk.settle(1, [g1!]);
    expect(desk.run()).toEqual([[1, [g2]]]);
    desk.settle(1, [g2!]);
    expect(desk.run()).toEqual([[1, [g3]]]);
  });

  test("what stands behind many that must wait is still found", () => {
    const desk = new GroupDesk().subscribe(1, { prefetchCount: 1 }).subscribe(2, { prefetchCount: 1 });
    const [g1, h1] = desk.groups("g", "h");
    expect(desk.run()).toHaveLength(2);
    for (let count = 0; count < limits.groupLookaheadMax - 1; count += 1) desk.groups("g");
    const [h2] = desk.groups("h");
    desk.settle(2, [h1!]);
    expect(desk.run()).toEqual([[2, [h2]]]);
    expect(g1).toBeDefined();
  });

  test("a new group goes to the consumer with the fewest, of those of the highest priority", () => {
    const desk = new GroupDesk().subscribe(1).subscribe(2).subscribe(3, { consumerPriority: -1 });
    desk.groups("a", "b", "c", "d");
    desk.run();
    desk.leave(2);
    desk.subscribe(4);
    desk.groups("e", "f");
    desk.run();
    const owners = Object.values(desk.holders());
    expect(owners.filter((owner) => owner === "c1-1")).toHaveLength(3);
    expect(owners.filter((owner) => owner === "c1-4")).toHaveLength(3);
  });

  test("when its consumer goes, the next one gets the group, from its first open message on", () => {
    const desk = new GroupDesk().subscribe(1);
    const [first, second] = desk.groups("g", "g");
    desk.run();
    desk.subscribe(2);
    const [third] = desk.groups("g");
    desk.settle(1, [first!]);
    desk.leave(1);
    expect(desk.run()).toEqual([[2, [second, third]]]);
    expect(desk.holders()).toEqual({ g: "c1-2" });
  });

  test("one that never held a message, or has none, gives its groups up too", () => {
    const desk = new GroupDesk().subscribe(1);
    const [only] = desk.groups("g");
    desk.run();
    desk.settle(1, [only!]);
    expect(desk.bench.broker.owners.has("c1-1")).toBe(true);
    desk.dispatcher.remove(session(1), "s");
    desk.bench.do({ kind: "release", owner: "c1-1", subscription: "s", unseen: [] });
    expect(desk.holders()).toEqual({});
    expect(desk.bench.broker.owners.size).toBe(0);
  });

  test("a negative sequence closes the group once its message is handed out", () => {
    const desk = new GroupDesk().subscribe(1, { prefetchCount: 2 }).subscribe(2);
    const [open, last, next] = [desk.group("g"), desk.group("g", -1), desk.group("g")];
    expect(desk.run()).toEqual([
      [1, [open, last]],
      [2, [next]],
    ]);
    expect(desk.holders()).toEqual({ g: "c1-2" });
  });

  test("sequence 1 begins the group anew, with anybody", () => {
    const desk = new GroupDesk().subscribe(1, { prefetchCount: 1 }).subscribe(2);
    const [first, again] = [desk.group("g"), desk.group("g", 1)];
    expect(desk.run()).toEqual([
      [1, [first]],
      [2, [again]],
    ]);
  });

  test("an exclusive consumer gets all groups", () => {
    const desk = new GroupDesk().subscribe(1);
    desk.groups("g");
    desk.run();
    desk.subscribe(2, { exclusive: true });
    const [next] = desk.groups("g");
    expect(desk.run()).toEqual([[2, [next]]]);
  });

  test("too many groups: the one not used for longest is anybody's", () => {
    const desk = new GroupDesk().subscribe(1, { prefetchCount: 10_000 });
    for (let number = 0; number < limits.groupsPerQueueMax; number += 1) desk.group(`g${number}`);
    desk.run();
    desk.group("g0");
    desk.run();
    desk.group("one more");
    desk.run();
    const holders = desk.holders();
    expect(Object.keys(holders)).toHaveLength(limits.groupsPerQueueMax);
    expect(Object.keys(holders)).toEqual(expect.arrayContaining(["g0", "one more"]));
    expect(holders["g1"]).toBeUndefined();
  });

  test("with selectors, each group's messages still go to one consumer", () => {
    const desk = new GroupDesk()
      .subscribe(1, { selector: "JMSPriority > 3" })
      .subscribe(2, { selector: "JMSPriority < 6" });
    const low = desk.group("g", 0, { priority: 1 });
    expect(desk.run()).toEqual([[2, [low]]]);
    const [fits, misses] = [desk.group("g", 0, { priority: 5 }), desk.group("g", 0, { priority: 9 })];
    expect(desk.run()).toEqual([[2, [fits]]]);
    expect(desk.bench.waiting()).toEqual([misses]);
  });
});

describe("message groups: after the broker went away", () => {
  test("they wait for the same client's consumer, and are its again", () => {
    const desk = new GroupDesk().named(1, "mine").subscribe(2);
    const [first] = desk.groups("g");
    desk.run();
    desk.leave(1, true);
    expect(desk.run()).toEqual([]);
    expect(desk.holders()).toEqual({ g: null });

    desk.bench.do({ kind: "claim-groups", owner: "c1-3", subscription: "s", name: "mine" });
    desk.named(3, "mine");
    const [second] = desk.groups("g");
    expect(desk.run()).toEqual([[3, [first, second]]]);
  });

  test("they are anybody's once nobody is waited for", () => {
    const desk = new GroupDesk().named(1, "mine").subscribe(2);
    const [first] = desk.groups("g");
    desk.run();
    desk.leave(1, true);
    expect(desk.run()).toEqual([]);
    desk.bench.do({ kind: "forget-groups" });
    desk.dispatcher.groupsForgotten();
    expect(desk.run()).toEqual([[2, [first]]]);
  });

  test("those of a consumer without a name of its own are anybody's at once", () => {
    const desk = new GroupDesk().subscribe(1).subscribe(2);
    const [first] = desk.groups("g");
    desk.run();
    desk.leave(1, true);
    expect(desk.run()).toEqual([[2, [first]]]);
  });

  test("a checkpoint keeps who has which group, and who is waited for", () => {
    const desk = new GroupDesk().named(1, "mine").subscribe(2);
    desk.groups("g", "h");
    desk.run();
    desk.leave(1, true);
    expect(fingerprint(desk.bench.restored())).toBe(fingerprint(desk.bench.broker));
    expect(desk.holders()).toEqual({ g: null, h: "c1-2" });
  });
});
