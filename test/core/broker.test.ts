import { describe, expect, test } from "vitest";
import { asWallTime } from "../../engine/base/units.ts";
import { admit } from "../../engine/core/admission.ts";
import { durableKey } from "../../engine/core/durable.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import { Bench, messageTo, orders, ordersKey, prices } from "./helpers.ts";

const deadLetters = "queue://ActiveMQ.DLQ";
const replies: Destination = { kind: "temp-queue", name: "c1:replies" };

describe("broker: send and settle", () => {
  test("a message waits until it is delivered, and is gone when it is accepted", () => {
    const bench = new Bench();
    const op = bench.send();
    expect(bench.waiting()).toEqual([op]);

    bench.deliver([op]);
    expect(bench.waiting()).toEqual([]);
    expect(bench.broker.queues.get(ordersKey)?.depth).toBe(1);

    bench.settle([op]);
    expect(bench.broker.queues.get(ordersKey)).toMatchObject({
      depth: 0,
      enqueuedCount: 1,
      dequeuedCount: 1,
    });
    expect(bench.broker.owners.size).toBe(0);
  });

  test("a standby, to which nobody listens, takes back what is released", () => {
    const bench = new Bench();
    const [first, second] = [bench.send(), bench.send()];
    bench.deliver([first, second]);
    expect(bench.broker.observer).toBeNull();

    bench.settle([first], "released");
    expect(bench.waiting()).toEqual([first]);

    bench.do({ kind: "leave", owner: "consumer", keepsTemporaries: false });
    expect(bench.waiting()).toEqual([first, second]);
    expect(bench.broker.queues.get(ordersKey)?.get(first)?.deliveryCount).toBe(1);
  });

  test("a release goes to its place, and counts as a delivery", () => {
    const bench = new Bench();
    const ops = [bench.send(), bench.send(), bench.send()];
    bench.deliver(ops.slice(0, 2));
    bench.do({ kind: "release", owner: "consumer", subscription: "s", unseen: [] });

    expect(bench.waiting()).toEqual(ops);
    bench.deliver([ops[0]!]);
    expect(bench.broker.queues.get(ordersKey)?.get(ops[0]!)?.deliveryCount).toBe(2);
  });

  test("what is not in the consumer's hands cannot be settled", () => {
    const bench = new Bench();
    const op = bench.send();
    expect(() => bench.settle([op])).toThrow(/not awaiting an acknowledgement/);
    bench.deliver([op], "other");
    expect(() => bench.settle([op])).toThrow(/not awaiting an acknowledgement/);
  });
});

describe("broker: dead letters and expiry", () => {
  test("a rejected persistent message goes to the dead letter queue, another is dropped", () => {
    const bench = new Bench();
    const [kept, dropped] = [bench.send(), bench.send(orders, { persistent: false })];
    bench.deliver([kept, dropped]);
    bench.takeContents();
    bench.settle([kept, dropped], "rejected");

    expect(bench.waiting(deadLetters)).toEqual([kept]);
    expect(bench.broker.queues.get(deadLetters)?.get(kept)).toMatchObject({
      deadLetter: { from: ordersKey, cause: "rejected" },
      deliveryCount: 0,
    });
    expect(bench.takeContents().dead).toEqual([dropped]);
  });

  test("a rejected dead letter is gone for good", () => {
    const bench = new Bench();
    const op = bench.send();
    bench.deliver([op]);
    bench.settle([op], "rejected");
    bench.deliver([op], "consumer", deadLetters);
    bench.settle([op], "rejected");
    expect(bench.broker.storedCount).toBe(0);
    expect(bench.takeContents().kept).toEqual([]);
  });

  test("only what waits expires", () => {
    const bench = new Bench();
    const [held, waiting] = [
      bench.send(orders, { expiresAt: asWallTime(5) }),
      bench.send(orders, { expiresAt: asWallTime(5) }),
    ];
    bench.deliver([held]);
    bench.do({ kind: "expire", queue: ordersKey, messages: [held, waiting] });
    expect(bench.waiting(deadLetters)).toEqual([waiting]);
    expect(bench.broker.queues.get(deadLetters)?.get(waiting)).toMatchObject({
      expiresAt: null,
      deadLetter: { cause: "expired" },
    });
    expect(bench.broker.queues.get(ordersKey)?.delivered.has(held)).toBe(true);
  });

  test("a purge leaves what consumers have in hand", () => {
    const bench = new Bench();
    const [held, gone] = [bench.send(), bench.send()];
    bench.deliver([held]);
    bench.do({ kind: "purge", queue: ordersKey });
    expect(bench.broker.queues.get(ordersKey)?.depth).toBe(1);
    expect(bench.takeContents().kept).toEqual([held]);
    expect(gone).toBeGreaterThan(held);
    bench.settle([held]);
    expect(bench.broker.storedCount).toBe(0);
  });

  test("a queue that does not exist cannot be purged", () => {
    expect(() => new Bench().do({ kind: "purge", queue: "queue://nowhere" })).toThrow(
      /There is no destination/,
    );
  });
});

describe("broker: transactions", () => {
  test("what is sent in a transaction is seen at its commit, and never after a rollback", () => {
    const bench = new Bench();
    for (const transaction of ["t1", "t2"]) bench.do({ kind: "begin", owner: "producer", transaction });
    const [kept, undone] = [bench.send(orders, {}, "t1"), bench.send(orders, {}, "t2")];
    expect(bench.broker.storedCount).toBe(0);

    bench.do({ kind: "finish", owner: "producer", transaction: "t1", outcome: "commit" });
    bench.do({ kind: "finish", owner: "producer", transaction: "t2", outcome: "rollback" });
    expect(bench.waiting()).toEqual([kept]);
    expect(bench.takeContents().kept).toEqual([kept]);
    expect(undone).toBeGreaterThan(kept);
  });

  test("its place in the queue is that of the commit", () => {
    const bench = new Bench();
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    const early = bench.send(orders, {}, "t");
    const late = bench.send();
    bench.do({ kind: "finish", owner: "producer", transaction: "t", outcome: "commit" });
    expect(bench.waiting()).toEqual([late, early]);
  });

  test("a settlement counts at the commit; after a rollback the message is still in hand", () => {
    const bench = new Bench();
    const op = bench.send();
    bench.deliver([op]);
    bench.do({ kind: "begin", owner: "consumer", transaction: "t" });
    bench.settle([op], "accepted", "t");
    bench.do({ kind: "finish", owner: "consumer", transaction: "t", outcome: "rollback" });
    expect(bench.broker.queues.get(ordersKey)?.delivered.has(op)).toBe(true);

    bench.do({ kind: "begin", owner: "consumer", transaction: "t" });
    bench.settle([op], "accepted", "t");
    bench.settle([op], "accepted", "t");
    bench.do({ kind: "finish", owner: "consumer", transaction: "t", outcome: "commit" });
    expect(bench.broker.storedCount).toBe(0);
  });

  test("names belong to a connection, and are told apart", () => {
    const bench = new Bench();
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    expect(() => bench.do({ kind: "begin", owner: "producer", transaction: "t" })).toThrow(/already begun/);
    expect(() => bench.send(orders, {}, "t", "other")).toThrow(/no open transaction/);
    expect(() => bench.do({ kind: "finish", owner: "other", transaction: "t", outcome: "commit" })).toThrow(
      /no open transaction/,
    );
  });

  test("a connection that leaves gives back what it held and undoes what was open", () => {
    const bench = new Bench();
    const held = bench.send();
    bench.deliver([held]);
    bench.do({ kind: "begin", owner: "consumer", transaction: "t" });
    const undone = bench.send(orders, {}, "t", "consumer");
    bench.settle([held], "accepted", "t");
    bench.do({ kind: "leave", owner: "consumer", keepsTemporaries: false });

    expect(bench.waiting()).toEqual([held]);
    expect(bench.takeContents().kept).toEqual([held]);
    expect(undone).toBeGreaterThan(held);
    expect(bench.broker.owners.size).toBe(0);
  });
});

describe("broker: topics and temporary destinations", () => {
  test("a durable subscription gets what is published after it was made, by pattern", () => {
    const bench = new Bench();
    bench.send(prices);
    bench.do({
      kind: "create-durable",
      clientId: "c",
      name: "all",
      destination: { kind: "topic", name: "prices.>" },
      selector: null,
    });
    const op = bench.send({ kind: "topic", name: "prices.stock" });
    bench.send({ kind: "topic", name: "other" });
    expect(bench.waiting(durableKey("c", "all"))).toEqual([op]);
  });

  test("the same name with another topic or selector is a new subscription; with the same nothing happens", () => {
    const bench = new Bench();
    const create = (name: string, selector: string | null = null): void =>
      void bench.do({
        kind: "create-durable",
        clientId: "c",
        name: "d",
        destination: { kind: "topic", name },
        selector,
      });
    create("prices");
    const op = bench.send(prices);
    create("prices");
    expect(bench.waiting(durableKey("c", "d"))).toEqual([op]);
    create("other");
    expect(bench.waiting(durableKey("c", "d"))).toEqual([]);
    expect(bench.takeContents().kept).not.toContain(op);
    create("prices", "JMSPriority > 3");
    const next = bench.send(prices);
    create("prices", "JMSPriority > 3");
    expect(bench.waiting(durableKey("c", "d"))).toEqual([next]);
    create("prices", "JMSPriority > 2");
    expect(bench.waiting(durableKey("c", "d"))).toEqual([]);
  });

  test("two subscriptions share a message's content, and the last one lets it go", () => {
    const bench = new Bench();
    for (const name of ["a", "b"])
      bench.do({ kind: "create-durable", clientId: "c", name, destination: prices, selector: null });
    const op = bench.send(prices);
    bench.do({ kind: "delete-durable", clientId: "c", name: "a" });
    expect(bench.takeContents()).toEqual({ kept: [op], dead: [] });
    bench.do({ kind: "delete-durable", clientId: "c", name: "b" });
    expect(bench.takeContents()).toEqual({ kept: [], dead: [op] });
    expect(() => bench.do({ kind: "delete-durable", clientId: "c", name: "b" })).toThrow(/no subscription/);
  });

  test("names of two durable subscriptions are never mixed up", () => {
    expect(durableKey("a:b", "c")).not.toBe(durableKey("a", "b:c"));
  });

  test("a temporary queue goes with its connection, and with it what others hold of it", () => {
    const bench = new Bench();
    expect(() => bench.send(replies)).toThrow(/no destination/);
    bench.do({ kind: "create-temporary", owner: "asker", destination: replies });
    const op = bench.send(replies);
    bench.deliver([op], "asker", "temp-queue://c1:replies");
    bench.do({ kind: "leave", owner: "asker", keepsTemporaries: false });
    expect(bench.broker.queues.has("temp-queue://c1:replies")).toBe(false);
    expect(bench.takeContents().kept).not.toContain(op);
    expect(bench.broker.deletedQueues).toHaveLength(1);
  });

  test("a message committed to a temporary queue that is gone is dropped", () => {
    const bench = new Bench();
    bench.do({ kind: "create-temporary", owner: "asker", destination: replies });
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    const op = bench.send(replies, {}, "t");
    bench.do({ kind: "leave", owner: "asker", keepsTemporaries: false });
    bench.do({ kind: "finish", owner: "producer", transaction: "t", outcome: "commit" });
    expect(bench.takeContents().kept).not.toContain(op);
    expect(bench.broker.storedCount).toBe(0);
  });
});

describe("broker: contents of messages", () => {
  test("one that comes and goes between two checkpoints is never kept", () => {
    const bench = new Bench();
    const op = bench.send();
    bench.deliver([op]);
    bench.settle([op]);
    expect(bench.takeContents()).toEqual({ kept: [], dead: [] });
  });

  test("one that stays is kept once, and dead once", () => {
    const bench = new Bench();
    const op = bench.send();
    expect(bench.takeContents()).toEqual({ kept: [op], dead: [] });
    expect(bench.takeContents()).toEqual({ kept: [], dead: [] });
    bench.deliver([op]);
    bench.settle([op]);
    expect(bench.takeContents()).toEqual({ kept: [], dead: [op] });
  });

  test("one in an open transaction is kept, and dead after the rollback", () => {
    const bench = new Bench();
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    const op = bench.send(orders, {}, "t");
    expect(bench.takeContents().kept).toEqual([op]);
    bench.do({ kind: "finish", owner: "producer", transaction: "t", outcome: "rollback" });
    expect(bench.takeContents().dead).toEqual([op]);
  });

  test("one that only a slow reader needs lives as long as it is held", () => {
    const bench = new Bench();
    const op = bench.send();
    bench.broker.contents.hold(op);
    bench.do({ kind: "purge", queue: ordersKey });
    expect(bench.takeContents().kept).toEqual([op]);
    bench.broker.contents.letGo(op);
    expect(bench.takeContents().dead).toEqual([op]);
  });

  test("a message to nobody is not kept", () => {
    const bench = new Bench();
    bench.send(prices);
    expect(bench.takeContents()).toEqual({ kept: [], dead: [] });
  });
});

test("broker: admitting says no and changes nothing", () => {
  const bench = new Bench();
  const command = { kind: "send", owner: "p", message: messageTo(replies), transaction: null } as const;
  expect(admit(bench.broker, command)?.code).toBe("DESTINATION_UNKNOWN");
  expect(bench.broker).toMatchObject({ nextPosition: 1, nextQueueId: 1 });
});

describe("broker: what JMS clients add", () => {
  test("a temporary queue whose broker went away waits for its client, with all that is in it", () => {
    const bench = new Bench();
    bench.do({ kind: "create-temporary", owner: "c1-1", destination: replies });
    bench.do({ kind: "leave", owner: "c1-1", keepsTemporaries: true });
    const op = bench.send(replies);
    expect([...bench.broker.orphans]).toEqual(["temp-queue://c1:replies"]);
    bench.do({ kind: "create-temporary", owner: "c2-1", destination: replies });
    expect(bench.waiting("temp-queue://c1:replies")).toEqual([op]);
    expect(bench.broker.orphans.size).toBe(0);
    bench.do({ kind: "leave", owner: "c2-1", keepsTemporaries: false });
    expect(bench.broker.queues.has("temp-queue://c1:replies")).toBe(false);
  });

  const origin = (sequence: number): Partial<Message> => ({ origin: { producer: "p", sequence } });

  test("a producer's message counts as known once it is published, not while its transaction is open", () => {
    const bench = new Bench();
    const { producers } = bench.broker;
    bench.send(orders, origin(1));
    expect([1, 2].map((sequence) => producers.isRepeat({ producer: "p", sequence }))).toEqual([true, false]);
    expect(producers.isRepeat({ producer: "q", sequence: 1 })).toBe(false);
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    bench.send(orders, origin(2), "t");
    bench.do({ kind: "finish", owner: "producer", transaction: "t", outcome: "rollback" });
    expect(producers.isRepeat({ producer: "p", sequence: 2 })).toBe(false);
  });

  test("what a client never looked at does not count as delivered, what it looked at again counts twice", () => {
    const bench = new Bench();
    const [seen, unseen] = [bench.send(), bench.send()];
    bench.deliver([seen, unseen]);
    bench.do({ kind: "redeliver", owner: "consumer", subscription: "s", messages: [seen] });
    bench.do({ kind: "release", owner: "consumer", subscription: "s", unseen: [unseen] });
    const queue = bench.broker.queues.get(ordersKey);
    expect([seen, unseen].map((op) => queue?.get(op)?.deliveryCount)).toEqual([2, 0]);
  });
});
