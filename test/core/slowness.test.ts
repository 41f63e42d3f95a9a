import { expect, test } from "vitest";
import type { Op } from "../../engine/base/units.ts";
import type { SubscriptionRequest } from "../../engine/core/dialogue.ts";
import { destinationKey, type Destination } from "../../engine/core/message.ts";
import { Desk } from "./desk.ts";
import { orders } from "./helpers.ts";

/** Consumers of a queue, or of durable subscriptions, and who was called slow because of what. */
class Scene {
  readonly desk = new Desk();
  readonly #slow: string[] = [];
  readonly #hands = new Map<number, number[]>();

  constructor() {
    this.desk.dispatcher.onSlow = ({ owner }, destination) =>
      this.#slow.push(`${owner} ${destinationKey(destination)}`);
  }

  subscribe(number: number, changes: Partial<SubscriptionRequest>): this {
    this.desk.subscribe(number, changes);
    return this;
  }

  /** Who is called slow when so many more are there. */
  sends(count: number, destination: Destination = orders): string[] {
    this.desk.send(count, destination);
    return this.#run();
  }

  settles(number: number, count: number): string[] {
    this.desk.settle(number, this.#hands.get(number)!.splice(0, count) as Op[]);
    return this.#run();
  }

  #run(): string[] {
    for (const [number, ops] of this.desk.run())
      this.#hands.set(number, [...(this.#hands.get(number) ?? []), ...ops]);
    return this.#slow.splice(0);
  }
}

test("a queue's consumer is slow when its hands are full and something waits: told once, and again after it had caught up", () => {
  const scene = new Scene().subscribe(1, { prefetchCount: 2 });
  expect(scene.sends(2)).toEqual([]);
  expect(scene.sends(1)).toEqual(["c1-1 queue://orders"]);
  expect(scene.sends(2)).toEqual([]);
  // It has its hands full again at once, and three more wait.
  expect(scene.settles(1, 2)).toEqual([]);
  expect(scene.sends(2)).toEqual([]);

  scene.settles(1, 2);
  scene.settles(1, 2);
  expect(scene.settles(1, 1)).toEqual([]);
  expect(scene.sends(3)).toEqual(["c1-1 queue://orders"]);
});

test("it has caught up when it has room, though what arrives next is too much at once", () => {
  const scene = new Scene().subscribe(1, { prefetchCount: 2 });
  expect(scene.sends(3)).toHaveLength(1);
  scene.settles(1, 2);
  scene.settles(1, 1);
  expect(scene.sends(3)).toEqual(["c1-1 queue://orders"]);
});

test("who has room is not slow, and nobody is whose prefetch is one message, or who asks for each", () => {
  const scene = new Scene().subscribe(1, { prefetchCount: 2 }).subscribe(2, { prefetchCount: 10 });
  expect(scene.sends(4)).toEqual([]);
  scene.subscribe(3, { prefetchCount: 1, destination: { kind: "queue", name: "others" } });
  scene.subscribe(4, { prefetchCount: 0, destination: { kind: "queue", name: "others" } });
  expect(scene.sends(50, { kind: "queue", name: "others" })).toEqual([]);
  expect(scene.sends(50)).toEqual(["c1-1 queue://orders", "c1-2 queue://orders"]);
});

test("a durable subscriber is slow like a queue's, because of the topic whose message waits for it", () => {
  const scene = new Scene();
  const destination = { kind: "topic", name: "prices.>" } as const;
  scene.desk.bench.do({ kind: "create-durable", clientId: "app", name: "all", destination, selector: null });
  scene.subscribe(1, { destination, durable: { clientId: "app", name: "all" }, prefetchCount: 2 });
  expect(scene.sends(2, { kind: "topic", name: "prices.tin" })).toEqual([]);
  expect(scene.sends(1, { kind: "topic", name: "prices.gold" })).toEqual(["c1-1 topic://prices.gold"]);
  scene.settles(1, 2);
  scene.settles(1, 1);
  const several = { kind: "topic", name: "news,topic://prices.lead" } as const;
  expect(scene.sends(3, several)).toEqual(["c1-1 topic://prices.lead"]);
});
