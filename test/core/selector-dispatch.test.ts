import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asOp, asWallTime, type Op } from "../../engine/base/units.ts";
import { durableKey } from "../../engine/core/durable.ts";
import { restoreCheckpoint, takeSnapshot } from "../../engine/core/checkpoint.ts";
import type { PropertyValue } from "../../engine/core/message.ts";
import { Dispatcher } from "../../engine/core/dispatch.ts";
import { Desk, session } from "./desk.ts";
import { Bench, orders, prices } from "./helpers.ts";

const red = "colour = 'red'";
const blue = "colour = 'blue'";

function properties(values: Record<string, PropertyValue>): {
  properties: ReadonlyMap<string, PropertyValue>;
} {
  return { properties: new Map(Object.entries(values)) };
}

function paint(desk: { bench: Bench }, ...colours: string[]): Op[] {
  return colours.map((colour) => desk.bench.send(orders, properties({ colour })));
}

describe("dispatch: consumers of a queue with selectors", () => {
  test("each gets what matches, in order, and nobody's order changes for it", () => {
    const desk = new Desk();
    const [red1, blue1, red2, green, blue2] = paint(desk, "red", "blue", "red", "green", "blue");
    desk.subscribe(1, { selector: red }).subscribe(2, { selector: blue });
    expect(desk.run()).toEqual([
      [1, [red1, red2]],
      [2, [blue1, blue2]],
    ]);
    expect(desk.bench.waiting()).toEqual([green]);
    const [red3] = paint(desk, "red");
    expect(desk.run()).toEqual([[1, [red3]]]);
    desk.subscribe(3);
    expect(desk.run()).toEqual([[3, [green]]]);
  });

  test("one without a selector takes its turn with those that have one", () => {
    const desk = new Desk().subscribe(1, { selector: red }).subscribe(2);
    const [one, two, three, four] = paint(desk, "red", "red", "red", "blue");
    expect(desk.run()).toEqual([
      [1, [one, three]],
      [2, [two, four]],
    ]);
  });

  test("a consumer of a lower priority gets what those above it do not want", () => {
    const desk = new Desk().subscribe(1, { selector: red, consumerPriority: 5 }).subscribe(2);
    const [one, two, three] = paint(desk, "red", "blue", "red");
    expect(desk.run()).toEqual([
      [1, [one, three]],
      [2, [two]],
    ]);
  });

  test("an exclusive consumer with a selector leaves what it does not want to nobody", () => {
    const desk = new Desk().subscribe(1, { selector: red, exclusive: true }).subscribe(2);
    const [one, two] = paint(desk, "red", "blue");
    expect(desk.run()).toEqual([[1, [one]]]);
    expect(desk.bench.waiting()).toEqual([two]);
  });

  test("what comes back is found again, in its old place", () => {
    const desk = new Desk().subscribe(1, { selector: red, prefetchCount: 2 });
    const [one, two, three] = paint(desk, "red", "red", "red");
    expect(desk.run()).toEqual([[1, [one, two]]]);
    desk.bench.settle([one!], "released", null, "c1-1");
    desk.dispatcher.credit(desk.dispatcher.consumer(session(1), "s")!, 1);
    expect(desk.run()).toEqual([[1, [one]]]);
    desk.settle(1, [one!, two!]);
    expect(desk.run()).toEqual([[1, [three]]]);
  });

  test("a selector on the delivery count sees it change", () => {
    const desk = new Desk()
      .subscribe(1, { selector: "JMSRedelivered = FALSE" })
      .subscribe(2, { selector: "JMSXDeliveryCount > 1" });
    const [op] = desk.send();
    expect(desk.run()).toEqual([[1, [op]]]);
    desk.bench.settle([op!], "released", null, "c1-1");
    expect(desk.run()).toEqual([[2, [op]]]);
  });

  test("a message of a higher priority goes first, however late it came", () => {
    const desk = new Desk();
    const low = paint(desk, "red", "red")[0];
    const high = desk.bench.send(orders, { priority: 9, ...properties({ colour: "red" }) });
    const blueHigh = desk.bench.send(orders, { priority: 9, ...properties({ colour: "blue" }) });
    desk.subscribe(1, { selector: red, prefetchCount: 2 });
    expect(desk.run()).toEqual([[1, [high, low]]]);
    const higher = desk.bench.send(orders, { priority: 8, ...properties({ colour: "red" }) });
    desk.settle(1, [high]);
    expect(desk.run()).toEqual([[1, [higher]]]);
    expect(desk.bench.waiting()[0]).toBe(blueHigh);
  });

  test("an expired message goes to nobody", () => {
    const desk = new Desk().subscribe(1, { selector: red });
    const late = desk.bench.send(orders, { expiresAt: asWallTime(5), ...properties({ colour: "red" }) });
    expect(desk.run(5)).toEqual([]);
    expect(desk.bench.waiting("queue://ActiveMQ.DLQ")).toEqual([late]);
  });

  test("each message is looked at once, and only while there is room for what matches", () => {
    const desk = new Desk();
    let looks = 0;
    const read = desk.bench.read;
    const dispatcher = new Dispatcher(
      desk.bench.broker,
      (op) => {
        looks += 1;
        return read(op);
      },
      () => 1,
    );
    Object.assign(desk, { dispatcher });
    desk.bench.broker.observer = dispatcher;
    paint(desk, ...Array.from({ length: 500 }, (_, index) => (index % 10 === 9 ? "red" : "blue")));
    desk.subscribe(1, { selector: red, prefetchCount: 1 });
    const [first] = desk.run();
    expect(first?.[1]).toEqual([10]);
    expect(looks).toBe(10);
    desk.run();
    expect(looks).toBe(10);
    desk.settle(1, [asOp(10)]);
    expect(desk.run()).toEqual([[1, [20]]]);
    expect(looks).toBe(20);
  });

  test("a long queue is looked through in several turns", () => {
    const desk = new Desk();
    const count = limits.selectorLooksPerTurnMax;
    paint(desk, ...Array.from({ length: count }, () => "blue"));
    const [last] = paint(desk, "red");
    desk.subscribe(1, { selector: red });
    expect(desk.run()).toEqual([]);
    expect(desk.dispatcher.isBehind).toBe(true);
    expect(desk.run()).toEqual([[1, [last]]]);
    expect(desk.dispatcher.isBehind).toBe(false);
  });

  test("a message that cannot be read yet holds its place", () => {
    const desk = new Desk();
    const hidden = new Set<Op>();
    const read = desk.bench.read;
    const dispatcher = new Dispatcher(
      desk.bench.broker,
      (op) => (hidden.has(op) ? null : read(op)),
      () => 1,
    );
    Object.assign(desk, { dispatcher });
    desk.bench.broker.observer = dispatcher;
    const [one] = paint(desk, "red");
    hidden.add(one!);
    desk.subscribe(1, { selector: red });
    const [two] = paint(desk, "red");
    expect(desk.run()).toEqual([]);
    expect(desk.dispatcher.isBehind).toBe(false);
    hidden.clear();
    expect(desk.run()).toEqual([[1, [one, two]]]);
  });

  test("a consumer that left is not asked any more", () => {
    const desk = new Desk().subscribe(1, { selector: red }).subscribe(2, { selector: red });
    desk.dispatcher.remove(session(1), "s");
    const [one] = paint(desk, "red");
    expect(desk.run()).toEqual([[2, [one]]]);
    desk.dispatcher.remove(session(2), "s");
    paint(desk, "red");
    expect(desk.run()).toEqual([]);
    expect(desk.subscribe(3).run()).toHaveLength(1);
  });
});

describe("a browser with a selector", () => {
  test("sees what matches, as it has room for it, and is told the end", () => {
    const desk = new Desk();
    const [one, , two] = paint(desk, "red", "blue", "red", "blue");
    desk.subscribe(1, { selector: red, browser: true, prefetchCount: 1 });
    expect(desk.run()).toEqual([[1, [one]]]);
    const browser = desk.dispatcher.consumer(session(1), "s")!;
    desk.dispatcher.settleVolatile(browser, [one!]);
    expect(desk.run()).toEqual([[1, [two]]]);
    desk.dispatcher.settleVolatile(browser, [two!]);
    expect(desk.run()).toEqual([[1, []]]);
    expect(desk.bench.waiting()).toHaveLength(4);
  });

  test("looks through a long queue in several turns", () => {
    const desk = new Desk();
    // The turn in which it comes looks at some, too.
    paint(desk, ...Array.from({ length: 2 * limits.selectorLooksPerTurnMax }, () => "blue"));
    const [last] = paint(desk, "red");
    desk.run();
    desk.subscribe(1, { selector: red, browser: true });
    expect([desk.run(), desk.run()]).toEqual([[], []]);
    expect(desk.dispatcher.isBehind).toBe(true);
    expect(desk.run()).toEqual([
      [1, [last]],
      [1, []],
    ]);
  });
});

describe("selectors of topic subscriptions", () => {
  test("a subscriber gets what matches", () => {
    const desk = new Desk().subscribe(1, { destination: prices, selector: "price > 10" });
    desk.bench.send(prices, properties({ price: 10 }));
    const high = desk.bench.send(prices, properties({ price: 11n }));
    desk.bench.send(prices, properties({ price: "11" }));
    expect(desk.run()).toEqual([[1, [high]]]);
  });

  test("a durable subscription keeps only what matches, also of a transaction and after a restart", () => {
    const bench = new Bench();
    const create = {
      kind: "create-durable",
      clientId: "c",
      name: "d",
      destination: prices,
      selector: red,
    } as const;
    bench.do(create);
    const key = durableKey("c", "d");
    const one = bench.send(prices, properties({ colour: "red" }));
    bench.send(prices, properties({ colour: "blue", big: 2n ** 60n, price: 1.5, flag: true }));
    bench.do({ kind: "begin", owner: "producer", transaction: "t" });
    const two = bench.send(prices, properties({ colour: "red" }), "t");
    bench.send(prices, properties({ colour: "blue" }), "t");
    expect(bench.waiting(key)).toEqual([one]);

    const { summary, rows } = takeSnapshot(bench.broker);
    const restored = restoreCheckpoint(summary, rows, asOp(10));
    expect(restored.durables.get(key)?.selector?.text).toBe(red);
    const finish = { kind: "finish", owner: "producer", transaction: "t", outcome: "commit" } as const;
    for (const broker of [restored, bench.broker]) {
      broker.apply(asOp(11), finish);
      expect(
        broker.queues
          .get(key)
          ?.next(9)
          .map(({ op }) => op),
      ).toEqual([one, two]);
    }
  });
});
