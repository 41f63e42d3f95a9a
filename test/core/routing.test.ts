import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import type { Op } from "../../engine/base/units.ts";
import { compositeOf, partsOf } from "../../engine/core/composite.ts";
import type { Destination } from "../../engine/core/message.ts";
import { checkDestination } from "../../engine/core/pattern.ts";
import { topicOfQueue } from "../../engine/core/virtual-topic.ts";
import { Desk } from "./desk.ts";
import { Bench } from "./helpers.ts";

const queue = (name: string): Destination => ({ kind: "queue", name });
const topic = (name: string): Destination => ({ kind: "topic", name });

describe("composite destinations", () => {
  test.each([
    [queue("a,b"), [queue("a"), queue("b")]],
    [queue("a,,a, b,"), [queue("a"), queue("b")]],
    [queue("a,topic://b"), [queue("a"), topic("b")]],
    [topic("a,queue://b,c"), [topic("a"), queue("b"), topic("c")]],
    [queue("alone"), [queue("alone")]],
    [queue(","), []],
  ])("%o stands for %o", (destination, parts) => {
    expect(partsOf(destination)).toEqual(parts);
    if (parts.length > 0) expect(partsOf(compositeOf(parts))).toEqual(parts);
  });

  test("one that stands for nothing, for too many or for what cannot be sent to is refused", () => {
    const many = Array.from({ length: limits.destinationPartsMax + 1 }, (_, at) => `q${at}`);
    for (const name of [",", many.join(","), "a,b.>", `a,${"x".repeat(limits.destinationNameBytesMax + 1)}`])
      expect(() => checkDestination(queue(name), false), name.slice(0, 50)).toThrow(/is not valid/);
    expect(() => checkDestination(queue(many.slice(1).join(",")), false)).not.toThrow();
  });

  test("one entry comes into each queue, and its content lives as long as one of them has it", () => {
    const bench = new Bench();
    const op = bench.send(queue("a,b,topic://t"));
    expect([bench.waiting("queue://a"), bench.waiting("queue://b")]).toEqual([[op], [op]]);

    bench.deliver([op], "consumer", "queue://a");
    bench.settle([op]);
    expect(bench.takeContents()).toEqual({ kept: [op], dead: [] });
    bench.deliver([op], "consumer", "queue://b");
    bench.settle([op]);
    expect(bench.takeContents()).toEqual({ kept: [], dead: [op] });
  });

  test("a transaction puts it into all of them or into none", () => {
    const bench = new Bench();
    const send = (transaction: string): Op => {
      bench.do({ kind: "begin", owner: "producer", transaction });
      return bench.send(queue("a,b"), {}, transaction);
    };
    send("undone");
    bench.do({ kind: "finish", owner: "producer", transaction: "undone", outcome: "rollback" });
    expect(bench.broker.queues.size).toBe(0);

    const op = send("done");
    expect(bench.broker.queues.size).toBe(0);
    bench.do({ kind: "finish", owner: "producer", transaction: "done", outcome: "commit" });
    expect([bench.waiting("queue://a"), bench.waiting("queue://b")]).toEqual([[op], [op]]);
  });

  test("it is refused as a whole when one part is no more", () => {
    const bench = new Bench();
    expect(() => bench.send(queue("a,temp-queue://c1:gone"))).toThrow(
      /no destination temp-queue:\/\/c1:gone/,
    );
    expect(bench.broker.queues.size).toBe(0);
  });

  test("each of two queues has a dead letter's copy once: the dead letter queue keeps one", () => {
    const bench = new Bench();
    const op = bench.send(queue("a,b"));
    for (const key of ["queue://a", "queue://b"]) {
      bench.deliver([op], "consumer", key);
      bench.settle([op], "rejected");
    }
    expect(bench.waiting("queue://ActiveMQ.DLQ")).toEqual([op]);
  });

  test("a consumer takes from each part, and from one that comes later", () => {
    const desk = new Desk().subscribe(1, { destination: queue("a,b") });
    const [a] = desk.send(1, queue("a"));
    expect(desk.run()).toEqual([[1, [a]]]);
    const [b] = desk.send(1, queue("b"));
    desk.send(1, queue("c"));
    expect(desk.run()).toEqual([[1, [b]]]);
  });

  test.each([
    ["", null],
    [", with a selector", "JMSPriority >= 0"],
  ])(
    "a consumer of both queues gets one copy after the other, and each queue's in order%s",
    (_, selector) => {
      const desk = new Desk().subscribe(1, { destination: queue("a,b"), selector });
      const [both, other] = [...desk.send(1, queue("a,b")), ...desk.send(1, queue("b"))];
      expect(desk.run()).toEqual([[1, [both]]]);
      desk.settle(1, [both!]);
      expect(desk.run()).toEqual([[1, [both, other]]]);
      desk.settle(1, [both!, other!]);
      expect(desk.run()).toEqual([]);
    },
  );

  test("what one consumer waits for with its copy in hand, another gets at once", () => {
    const desk = new Desk().subscribe(1, { destination: queue("a,b") });
    const [both] = desk.send(1, queue("a,b"));
    expect(desk.run()).toEqual([[1, [both]]]);
    const [other] = desk.send(1, queue("b"));
    desk.subscribe(2, { destination: queue("b"), prefetchCount: 1 });
    expect(desk.run()).toEqual([
      [2, [both]],
      [1, [other]],
    ]);
  });

  test("a consumer with room for one is served from all its queues in turn", () => {
    const desk = new Desk();
    const sent = { a: desk.send(3, queue("a")), b: desk.send(3, queue("b")) };
    desk.subscribe(1, { destination: queue("a,b"), prefetchCount: 1 });
    const got: number[] = [];
    for (let at = 0; at < 6; at += 1) {
      const [op] = desk.run()[0]![1];
      got.push(op!);
      desk.settle(1, [op as Op]);
    }
    expect(got).toEqual([0, 1, 2].flatMap((at) => [sent.a[at], sent.b[at]]));
  });

  test("a subscriber of several topics, or of a pattern, gets a copy from each part", () => {
    const desk = new Desk()
      .subscribe(1, { destination: topic("a,b") })
      .subscribe(2, { destination: topic("a.>") })
      .subscribe(3, { destination: topic("b") });
    const [both] = desk.send(1, topic("a,b"));
    expect(desk.run()).toEqual([
      [1, [both]],
      [2, [both]],
      [3, [both]],
    ]);
    desk.dispatcher.settleVolatile(desk.dispatcher.consumer(1 as never, "s")!, [both!]);
    expect(desk.run()).toEqual([[1, [both]]]);
  });
});

describe("virtual topics", () => {
  const sales = topic("VirtualTopic.sales");

  test.each([
    ["Consumer.A.VirtualTopic.sales", "VirtualTopic.sales"],
    ["Consumer.A.VirtualTopic", "VirtualTopic"],
    ["Consumer.A.VirtualTopic.>", "VirtualTopic.>"],
    ["Consumer.A.>", ">"],
    ["Consumer.A.orders", null],
    ["Consumer.A", null],
    ["orders", null],
  ])("the queue %s gets what is sent to %o", (name, expected) => {
    expect(topicOfQueue(name)).toBe(expected);
  });

  test("every queue of its consumers gets it, plain subscribers too, and no other queue", () => {
    const desk = new Desk();
    const names = [
      "Consumer.A.VirtualTopic.sales",
      "Consumer.B.VirtualTopic.sales",
      "Consumer.C.VirtualTopic.>",
    ];
    for (const name of [...names, "Consumer.A.VirtualTopic.other", "VirtualTopic.sales"])
      desk.bench.do({ kind: "create-queue", destination: queue(name) });
    desk.subscribe(1, { destination: sales });
    const [op] = desk.send(1, sales);

    for (const name of names) expect(desk.bench.waiting(`queue://${name}`), name).toEqual([op]);
    expect(desk.bench.waiting("queue://Consumer.A.VirtualTopic.other")).toEqual([]);
    expect(desk.bench.waiting("queue://VirtualTopic.sales")).toEqual([]);
    expect(desk.run()).toEqual([[1, [op]]]);
  });

  test("a topic of another name goes into no queue", () => {
    const bench = new Bench();
    bench.do({ kind: "create-queue", destination: queue("Consumer.A.>") });
    bench.send(topic("prices"));
    expect(bench.waiting("queue://Consumer.A.>")).toEqual([]);
  });

  test("by two ways it comes into the queue once", () => {
    const bench = new Bench();
    bench.do({ kind: "create-queue", destination: queue("Consumer.A.VirtualTopic.sales") });
    const op = bench.send(topic("VirtualTopic.sales,queue://Consumer.A.VirtualTopic.sales"));
    expect(bench.waiting("queue://Consumer.A.VirtualTopic.sales")).toEqual([op]);
  });

  test("what a checkpoint brought back goes on to get messages, in the same order", () => {
    const bench = new Bench();
    for (const name of ["Consumer.B.VirtualTopic.>", "Consumer.A.VirtualTopic.sales"])
      bench.do({ kind: "create-queue", destination: queue(name) });
    const twin = bench.restored();
    const op = bench.send(sales);
    twin.apply(op, { kind: "send", owner: "producer", message: bench.read(op)!, transaction: null });
    for (const name of ["Consumer.B.VirtualTopic.>", "Consumer.A.VirtualTopic.sales"]) {
      const position = bench.broker.queues.get(`queue://${name}`)?.get(op)?.position;
      expect(twin.queues.get(`queue://${name}`)?.get(op)?.position, name).toBe(position);
      expect(position).toBeGreaterThan(0);
    }
  });
});

describe("no-local", () => {
  const own = "ID:here:1";
  const origin = (connection: string, sequence: number) => ({
    origin: { producer: `${connection}:1:1`, sequence },
  });

  test("a queue's consumer leaves its connection's own messages to others, and takes the rest", () => {
    const desk = new Desk().subscribe(1, { noLocal: true, lastingName: `${own}:2:7` });
    const mine = desk.bench.send(queue("orders"), origin(own, 1));
    const others = desk.bench.send(queue("orders"), origin("ID:here:11", 1));
    expect(desk.run()).toEqual([[1, [others]]]);
    desk.subscribe(2);
    expect(desk.run()).toEqual([[2, [mine]]]);
  });

  test("a client without names for its connections is known by the connection itself", () => {
    const desk = new Desk().subscribe(1, {
      noLocal: true,
      selector: "colour = 'red'",
      lastingName: "shop s",
    });
    const red = { properties: new Map([["colour", "red"]]) };
    const mine = desk.bench.send(queue("orders"), red, null, "c1-1");
    const others = desk.bench.send(queue("orders"), red, null, "c1-11");
    const another = desk.bench.send(queue("orders"), {}, null, "c1-11");
    expect(desk.run()).toEqual([[1, [others]]]);
    desk.subscribe(2);
    expect(desk.run()).toEqual([[2, [mine, another]]]);
  });

  test("a durable subscription gets nothing of the connection that uses it, and all once another does", () => {
    const bench = new Bench();
    const durable = { kind: "create-durable", clientId: "c", name: "d", destination: topic("t") } as const;
    bench.do({ ...durable, selector: null, withoutFrom: "me" });
    bench.send(topic("t"), {}, null, "me");
    const other = bench.send(topic("t"), {}, null, "you");
    expect(bench.waiting("durable://1:c:d")).toEqual([other]);
    expect(bench.restored().durables.get("durable://1:c:d")?.withoutFrom).toBe("me");

    bench.do({ ...durable, selector: null });
    const mine = bench.send(topic("t"), {}, null, "me");
    expect(bench.waiting("durable://1:c:d")).toEqual([other, mine]);
  });
});
