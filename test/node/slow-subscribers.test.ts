import { expect, test } from "vitest";
import type { Op } from "../../engine/base/units.ts";
import type { Advisory } from "../../engine/core/advisory.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";
import type { Destination } from "../../engine/core/message.ts";
import { messageTo, prices } from "../core/helpers.ts";
import { NodeBench } from "./bench.ts";

/** A subscriber of all topics with a prefetch, and somebody who watches over another connection. */
class Scene {
  readonly #node = new NodeBench().start().grant(1).open(1).open(2).open(3);
  readonly #advisories: Advisory[] = [];
  #inHand: Op[] = [];

  constructor(prefetchCount: number, watched = "Topic.prices") {
    this.#subscribe(1, { kind: "topic", name: ">" }, prefetchCount);
    this.#subscribe(2, { kind: "topic", name: `ActiveMQ.Advisory.SlowConsumer.${watched}` }, 10);
    this.#turn();
  }

  publishes(count: number): Advisory[] {
    for (let sent = 0; sent < count; sent += 1)
      this.#node.ask({ kind: "send", message: messageTo(prices), transaction: null }, 3);
    this.#turn();
    return this.#advisories.splice(0);
  }

  /** Until nothing waits and nothing is in its hands. */
  catchesUp(): void {
    while (this.#inHand.length > 0) this.settles(this.#inHand.length);
  }

  settles(count: number): void {
    const messages = this.#inHand.splice(0, count);
    this.#node.ask(
      { kind: "settle", subscription: "s", messages, outcome: "accepted", transaction: null },
      1,
    );
    this.#turn();
  }

  #subscribe(session: number, destination: Destination, prefetchCount: number): void {
    const ackMode = "client-individual";
    this.#node.ask(
      { kind: "subscribe", subscription: "s", destination, ackMode, prefetchCount, ...plainWishes },
      session,
    );
  }

  #turn(): void {
    this.#node.endTurn().sync();
    for (const answer of this.#node.answers())
      if (answer.kind === "deliver") this.#inHand.push(answer.id);
      else if (answer.kind === "advise") this.#advisories.push(answer.advisory);
    this.#node.take();
  }
}

test("who stops keeping up with a topic is told of once, and again after it had caught up", () => {
  const scene = new Scene(2);
  // Two are in its hands, and three may wait.
  expect(scene.publishes(5)).toEqual([]);
  expect(scene.publishes(1)).toMatchObject([
    {
      kind: "slow-consumer",
      destination: prices,
      request: { subscription: "s", destination: { kind: "topic", name: ">" }, prefetchCount: 2 },
    },
  ]);
  expect(scene.publishes(5)).toEqual([]);

  // It takes some, and falls behind again without having caught up.
  scene.settles(2);
  scene.settles(2);
  expect(scene.publishes(5)).toEqual([]);

  scene.catchesUp();
  expect(scene.publishes(5)).toEqual([]);
  expect(scene.publishes(3)).toMatchObject([{ kind: "slow-consumer", destination: prices }]);
});

test("who takes one message at a time is not slow, as with ActiveMQ, and other topics' watchers hear nothing", () => {
  expect(new Scene(1).publishes(50)).toEqual([]);
  expect(new Scene(2, "Topic.others").publishes(50)).toEqual([]);
  expect(new Scene(2, "Queue.>").publishes(50)).toEqual([]);
  expect(new Scene(2, ">").publishes(50)).toHaveLength(1);
});
