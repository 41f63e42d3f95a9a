import { describe, expect, test } from "vitest";
import { referredOps } from "../../engine/core/references.ts";
import type { Op } from "../../engine/base/units.ts";
import type { Destination } from "../../engine/core/message.ts";
import { messageTo, orders, prices } from "../core/helpers.ts";
import { NodeBench, PairBench } from "./bench.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";

describe("node: stopping", () => {
  test("clients go first, the standby gets everything, then it says goodbye and ends", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.subscribe();
    active.send();
    pair.settle().forget();
    active.send();
    active.give({ kind: "told-to-stop", pair: false });
    expect(active.kinds()).toEqual(expect.arrayContaining(["connectors", "close-sessions"]));
    expect(active.kinds()).not.toContain("end");
    pair.settle();
    expect(active.take()).toContainEqual({
      kind: "end",
      reason: "stopped",
      text: expect.any(String) as string,
    });
    expect(standby.node.history.head.op).toBe(active.node.history.head.op);
    expect(standby.take()).toContainEqual({ kind: "ask-grant", wish: "active" });
    standby.grant(2);
    expect(standby.node.history.broker.queues.get("queue://orders")?.waitingCount).toBe(2);
  });

  test("what a client had open waits for it where it is served next", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    const replies: Destination = { kind: "temp-queue", name: "ID:a-1:1" };
    active.open();
    active.ask({ kind: "create-temporary", destination: replies });
    active.ask({ kind: "send", message: messageTo(replies), transaction: null });
    pair.settle();
    active.give({ kind: "told-to-stop", pair: false });
    pair.settle();

    standby.grant(2).open(2);
    standby.ask({ kind: "create-temporary", destination: replies }, 2);
    expect(standby.node.history.broker.queues.get("temp-queue://ID:a-1:1")?.depth).toBe(1);
  });

  test("one that is fenced while it stops still ends", () => {
    const pair = new PairBench().whole();
    const { active } = pair;
    active.open();
    active.subscribe();
    active.send();
    pair.settle().forget();
    active.give({ kind: "told-to-stop", pair: false }).endTurn();
    active.deny(2, "active");
    expect(active.take()).toContainEqual({
      kind: "end",
      reason: "stopped",
      text: expect.any(String) as string,
    });
  });

  test("a store that was stopped in order is one checkpoint", () => {
    const node = new NodeBench().start().grant(1).open();
    node.send(3);
    node.endTurn().sync();
    node.give({ kind: "told-to-stop", pair: true }).sync();
    expect(node.kinds()).toContain("end");
    node.sync();
    expect(node.disk.load()).toMatchObject({ checkpointOp: 3, head: { op: 3 } });
  });
});

describe("node: clients", () => {
  test("a topic subscriber's rejection makes a dead letter, but only of what is in its hands", () => {
    const node = new NodeBench().start().grant(1).open(1);
    const subscription = { subscription: "s", destination: prices, ackMode: "client-individual" } as const;
    const wishes = {
      prefetchCount: 1,
      ...plainWishes,
    };
    node.ask({ kind: "subscribe", ...subscription, ...wishes });
    const [inHand, waiting] = [1, 2].map(() => {
      node.ask({ kind: "send", message: messageTo(prices), transaction: null });
      return node.node.history.head.op;
    });
    node.endTurn().sync();
    const reject = (id: Op): number =>
      node.ask({ kind: "settle", subscription: "s", messages: [id], outcome: "rejected", transaction: null });
    const deadLetters = (): number => node.node.history.broker.queues.get("queue://ActiveMQ.DLQ")?.depth ?? 0;

    const receipt = reject(waiting!);
    expect(deadLetters()).toBe(0);
    expect(node.endTurn().sync().answers()).toContainEqual(
      expect.objectContaining({ kind: "refuse", receipt }),
    );
    reject(inHand!);
    expect(deadLetters()).toBe(1);
  });

  test("what a client held is given to others when it leaves, flagged", () => {
    const node = new NodeBench().start().grant(1).open(1).open(2);
    node.subscribe(1);
    node.send(1, 2);
    node.endTurn().sync();
    node.take();
    node.give({ kind: "session-closed", session: 1 as never });
    node.subscribe(2);
    node.endTurn().sync();
    expect(node.answers().at(-1)).toMatchObject({ kind: "deliver", deliveryCount: 2 });
  });

  test("the first message that a consumer gets of a group says so, the next does not", () => {
    const node = new NodeBench().start().grant(1).open();
    for (const sequence of [1, 2]) {
      const message = { ...messageTo(orders), group: { id: "g", sequence } };
      node.ask({ kind: "send", message, transaction: null });
    }
    node.subscribe();
    node.endTurn().sync();

    const deliveries = node.answers().filter((answer) => answer.kind === "deliver");
    expect(deliveries.map(({ isFirstOfGroup }) => isFirstOfGroup)).toEqual([true, false]);
  });

  test("deliveries that wait for a client that left reach nobody", () => {
    const node = new NodeBench().start().grant(1).open(1);
    node.subscribe(1);
    node.send();
    node.endTurn();
    node.give({ kind: "session-closed", session: 1 as never });
    node.endTurn().sync();
    expect(node.answers()).toEqual([]);
    expect(node.node.history.broker.queues.get("queue://orders")?.waitingCount).toBe(1);
  });

  test("what was settled in a transaction counts as in hand again after its rollback", () => {
    const node = new NodeBench().start().grant(1).open();
    node.subscribe(1, 1);
    node.send(2);
    node.endTurn().sync();
    const delivered = node.answers().find((answer) => answer.kind === "deliver")!;
    const settle = {
      kind: "settle",
      subscription: "s",
      messages: [delivered.id],
      outcome: "accepted",
    } as const;
    node.take();
    node.ask({ kind: "begin", transaction: "t" });
    node.ask({ ...settle, transaction: "t" });
    node.ask({ kind: "rollback", transaction: "t" });
    node.endTurn().sync();
    expect(node.answers().filter(({ kind }) => kind === "deliver")).toEqual([]);
    node.ask({ ...settle, transaction: null });
    node.endTurn().sync();
    expect(node.answers().at(-1)).toMatchObject({ kind: "deliver", deliveryCount: 1 });
  });

  test("a restart gives back what former connections held", () => {
    const node = new NodeBench().start().grant(1).open();
    node.subscribe();
    node.send();
    node.endTurn().sync();
    node.restart().grant(2).open();
    node.endTurn().sync();
    const queue = node.node.history.broker.queues.get("queue://orders");
    expect(queue).toMatchObject({ waitingCount: 1 });
    node.subscribe();
    node.endTurn().sync();
    expect(node.answers().at(-1)).toMatchObject({ kind: "deliver", deliveryCount: 2 });
  });

  test("a pattern cannot be sent to, and nothing is journalled for it", () => {
    const node = new NodeBench().start().grant(1).open();
    node.ask({ kind: "send", message: messageTo({ kind: "queue", name: "orders.>" }), transaction: null });
    node.endTurn().sync();
    expect(node.answers()).toMatchObject([{ kind: "refuse" }]);
    expect(node.node.history.head.op).toBe(0);
  });

  test("a message sent again after a lost answer is confirmed and stored once", () => {
    const node = new NodeBench().start().grant(1).open(1);
    const message = messageTo(orders, { origin: { producer: "ID:p", sequence: 7 } });
    node.ask({ kind: "send", message, transaction: null });
    const again = node.ask({ kind: "send", message, transaction: null });
    node.endTurn().sync();
    expect(node.answers().at(-1)).toEqual({ kind: "confirm", receipt: again });
    expect(node.node.history.broker.queues.get("queue://orders")?.depth).toBe(1);
  });

  test("a client id is one connection's; the same connection coming again ends its former self", () => {
    const node = new NodeBench().start().grant(1).open(1).open(2).open(3);
    const names = (clientId: string, connection: string) =>
      ({ kind: "identify", clientId, connection }) as const;
    node.ask(names("billing", "ID:a"), 1);
    node.ask(names("billing", "ID:b"), 2);
    node.ask(names("billing", "ID:a"), 3);
    node.endTurn().sync();
    expect(node.answers().map(({ kind }) => kind)).toEqual(["refuse", "close", "confirm"]);
  });
});

describe("node: removing a destination", () => {
  const subscribed = (node: NodeBench) => {
    node.subscribe();
    node.endTurn().sync().take();
  };
  const remove = (node: NodeBench, destination: Destination): void => {
    node.ask({ kind: "delete-destination", destination });
    node.endTurn().sync();
  };

  test("a queue that nobody consumes from goes with its messages, and may come again", () => {
    const node = new NodeBench().start().grant(1).open();
    node.send(2);
    remove(node, orders);
    expect(node.node.history.broker.queues.size).toBe(0);
    expect([...referredOps(node.node.history.broker)]).toEqual([]);
    node.send(1);
    expect(node.node.history.broker.queues.get("queue://orders")?.depth).toBe(1);
  });

  test.each<Destination>([orders, { kind: "queue", name: "other" }])(
    "one with a consumer is refused, another is not: %o",
    (destination) => {
      const node = new NodeBench().start().grant(1).open();
      node.send(1);
      subscribed(node);
      remove(node, destination);
      const isRefused = destination === orders;
      expect(node.answers()).toMatchObject([
        isRefused ? { kind: "refuse", error: { code: "DESTINATION_IN_USE" } } : { kind: "confirm" },
      ]);
      expect(node.node.history.broker.queues.size).toBe(1);
    },
  );

  test("who watches queues and topics is told", () => {
    const node = new NodeBench().start().grant(1).open();
    node.send(1);
    node.ask({ kind: "send", message: messageTo(prices), transaction: null });
    for (const name of ["Queue", "Topic"])
      node.ask({
        kind: "subscribe",
        subscription: name,
        destination: { kind: "topic", name: `ActiveMQ.Advisory.${name}` },
        ackMode: "auto",
        prefetchCount: 10,
        ...plainWishes,
      });
    node.endTurn().sync().take();
    remove(node, orders);
    remove(node, prices);
    expect(node.answers().filter(({ kind }) => kind === "advise")).toMatchObject(
      [orders, prices].map((destination) => ({
        advisory: { kind: "destination", change: "removed", destination },
      })),
    );
  });
});
