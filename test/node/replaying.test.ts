import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asWallTime } from "../../engine/base/units.ts";
import { takeSnapshot } from "../../engine/core/checkpoint.ts";
import { plainWishes, type SubscriptionRequest } from "../../engine/core/dialogue.ts";
import type { Destination, Message, PropertyValue } from "../../engine/core/message.ts";
import { referredOps } from "../../engine/core/references.ts";
import { messageTo } from "../core/helpers.ts";
import { NodeBench } from "./bench.ts";

const gold: Destination = { kind: "topic", name: "prices.gold" };
const tin: Destination = { kind: "topic", name: "prices.tin" };
const kept = (value: PropertyValue = true) => ({ properties: new Map([["ActiveMQ.Retain", value]]) });

/** One who publishes, over connection 1, and one who subscribes, over connection 2. */
class Scene {
  readonly node = new NodeBench().start().grant(1).open(1).open(2);
  #count = 0;
  #epoch = 1;

  /** What came of it: confirmations, refusals, and `name: text` for each message, `*` when its topic had kept it. */
  publishes(
    text: string,
    changes: Partial<Message> = {},
    to = gold,
    transaction: string | null = null,
  ): string[] {
    const message = messageTo(to, { body: Buffer.from(text), ...changes });
    this.node.ask({ kind: "send", message, transaction }, 1);
    return this.#heard();
  }

  subscribes(changes: Partial<SubscriptionRequest> = {}): string[] {
    this.#count += 1;
    const subscription = `s${this.#count}`;
    const wishes = { ...plainWishes, retroactive: true, ackMode: "client-individual" } as const;
    this.node.ask(
      { kind: "subscribe", subscription, destination: gold, prefetchCount: 10, ...wishes, ...changes },
      2,
    );
    return this.#heard();
  }

  leaves(number: number): this {
    this.node.give({ kind: "session-closed", session: number as never });
    this.#heard();
    return this;
  }

  /** Another process reads what this one has in its store, as a checkpoint if that is so, and in its journal. */
  restarts(hasCheckpoint = true): this {
    if (hasCheckpoint) this.node.wait(limits.checkpointIdleMs + 1);
    this.node.endTurn().sync();
    expect(this.node.kinds().includes("save-checkpoint")).toBe(hasCheckpoint);
    this.#epoch += 1;
    this.node.restart().grant(this.#epoch).open(1).open(2);
    return this;
  }

  #heard(): string[] {
    this.node.endTurn().sync().endTurn().sync();
    const answers = this.node.answers();
    this.node.take();
    return answers.flatMap((answer) => {
      if (answer.kind === "refuse") return [answer.error.code];
      if (answer.kind !== "deliver") return [];
      const { properties, body } = answer.message;
      expect(properties.has("ActiveMQ.Retain")).toBe(false);
      const mark = properties.get("ActiveMQ.Retained") === true ? "*" : "";
      return [`${answer.subscription}: ${Buffer.from(body).toString()}${mark}`];
    });
  }
}

test("a retroactive subscriber begins with the last message that was sent to be kept; others do not", () => {
  const scene = new Scene();
  scene.publishes("1", kept());
  scene.publishes("2", kept("TRUE"));
  scene.publishes("3");
  scene.publishes("4", kept(false));
  expect(scene.subscribes()).toEqual(["s1: 2*"]);
  expect(scene.subscribes({ retroactive: false })).toEqual([]);
  expect(scene.publishes("5", kept())).toEqual(["s1: 5", "s2: 5"]);
  expect(scene.subscribes()).toEqual(["s3: 5*"]);
});

test("a message without a body takes it away; so do the removal of the topic and its own time", () => {
  const scene = new Scene();
  scene.publishes("1", kept());
  scene.publishes("", kept());
  expect(scene.subscribes()).toEqual([]);
  scene.publishes("2", kept());
  scene.leaves(2).node.open(2);
  scene.node.ask({ kind: "delete-destination", destination: gold }, 1);
  expect(scene.subscribes()).toEqual([]);
  scene.publishes("3", { ...kept(), expiresAt: asWallTime(scene.node.moment.wall + 100) }, tin);
  expect(scene.subscribes({ destination: tin })).toEqual(["s3: 3*"]);
  scene.node.wait(101);
  expect(scene.subscribes({ destination: tin })).toEqual([]);
  scene.publishes("", kept(), tin);
  // What nobody keeps is not kept by the store, either.
  scene.leaves(1).leaves(2);
  expect([...referredOps(scene.node.node.history.broker)]).toEqual([]);
});

test("each topic of a pattern, or of a list, has its own, in selectors' and no-local's choice", () => {
  const scene = new Scene();
  scene.publishes("gold", {
    properties: new Map<string, PropertyValue>([
      ["ActiveMQ.Retain", true],
      ["karat", "24"],
    ]),
  });
  scene.publishes("tin", kept(), tin);
  const all = { kind: "topic", name: "prices.>" } as const;
  expect(scene.subscribes({ destination: all })).toEqual(["s1: gold*", "s1: tin*"]);
  expect(scene.subscribes({ destination: all, selector: "karat = '24'" })).toEqual(["s2: gold*"]);
  expect(scene.subscribes({ destination: all, noLocal: true })).toEqual(["s3: gold*", "s3: tin*"]);
  scene.leaves(2).node.open(2);
  scene.publishes("both", kept(), { kind: "topic", name: "prices.gold,prices.tin" });
  const request = { destination: all, prefetchCount: 10, subscription: "own", ackMode: "auto" } as const;
  scene.node.ask({ kind: "subscribe", ...plainWishes, ...request, retroactive: true, noLocal: true }, 1);
  // A copy from each topic, the second one when the first is settled.
  expect(scene.subscribes({ destination: all })).toEqual(["s4: both*"]);
});

test("a durable subscription gets a copy of its own, at each beginning", () => {
  const scene = new Scene();
  const durable = { clientId: "app", name: "d" };
  scene.publishes("1", kept());
  expect(scene.subscribes({ durable })).toEqual(["s1: 1*"]);
  scene.leaves(2).node.open(2);
  scene.publishes("2", kept());
  expect(scene.subscribes({ durable, retroactive: false })).toEqual(["s2: 1*", "s2: 2"]);
});

test("what a transaction sends is kept from its commit on, though it waited for that over a restart", () => {
  const scene = new Scene();
  const transaction = "xa:t";
  scene.node.ask({ kind: "begin", transaction }, 1);
  scene.publishes("1", kept(), gold, transaction);
  scene.node.ask({ kind: "prepare", transaction }, 1);
  expect(scene.subscribes()).toEqual([]);
  scene.restarts();
  expect(scene.subscribes()).toEqual([]);
  scene.node.ask({ kind: "commit", transaction }, 1);
  expect(scene.subscribes()).toEqual(["s2: 1", "s3: 1*"]);
});

test("it is there after a restart, from the store as from the journal", () => {
  const scene = new Scene();
  scene.publishes("1", kept());
  scene.restarts(false);
  expect(scene.subscribes()).toEqual(["s1: 1*"]);
  scene.restarts();
  expect(scene.subscribes()).toEqual(["s2: 1*"]);
  scene.publishes("2", kept());
  scene.restarts();
  expect(scene.subscribes()).toEqual(["s3: 2*"]);
  // Another node that gets the whole state needs its content.
  const { broker } = scene.node.node.history;
  expect(takeSnapshot(broker).ops).toEqual([...broker.retained.ops()]);
});

test("so many topics keep a message, and no more; those that do may still change theirs", () => {
  const scene = new Scene();
  const { retained } = scene.node.node.history.broker;
  for (let at = 0; at < limits.retainedMessagesMax; at += 1) retained.restore(`topic://${at}`, at as never);
  expect(scene.publishes("1", kept())).toEqual(["LIMIT_REACHED"]);
  expect(scene.publishes("1")).toEqual([]);
  retained.restore("topic://prices.gold", 1 as never);
  expect(scene.publishes("1", kept())).toEqual([]);
});
