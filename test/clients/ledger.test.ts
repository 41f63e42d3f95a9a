import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ledger } from "../../engine/clients/ledger.ts";
import type { LedgerBounds, Received } from "../../engine/clients/ledger.ts";
import { LedgerTwin } from "./ledger-twin.ts";

const producers = {
  p1: "queue://orders",
  p2: "queue://orders",
  p3: "queue://paint.red",
  p4: "topic://prices",
} as const;
const producerName = fc.constantFrom("p1", "p2", "p3", "p4");
const destination = fc.constantFrom("queue://orders", "queue://paint.red");
/** Few numbers, so that they meet; blocks of four, so that these fill several. */
const sequence = fc.integer({ min: 1, max: 14 });
const smallBlocks: LedgerBounds = { blockSize: 4, openBlocksMax: 1_000, producersMax: 100 };

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("confirm" as const), producer: producerName, sequence }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("receive" as const),
      consumer: fc.constantFrom("c1", "c2"),
      producer: fc.constantFrom("p1", "p2", "p3", "p4", "stranger"),
      sequence,
      redelivered: fc.boolean(),
      resent: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("watch" as const),
      pattern: fc.constantFrom("queue://orders", "queue://paint.*", "queue://>"),
      isAutomatic: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mark" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("judge" as const),
      stored: fc.uniqueArray(
        fc.record({ destination, depth: fc.integer({ min: 0, max: 6 }), othersConsume: fc.boolean() }),
        { selector: (one) => one.destination },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forgive" as const), destination }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const) }) },
);

test("ledger: whatever happens, it says the same as its simple twin", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const ledger = new Ledger(smallBlocks);
      const twin = new LedgerTwin();
      for (const [name, where] of Object.entries(producers))
        for (const one of [ledger, twin]) one.open(name, where);
      let marks = { ledger: ledger.mark(), twin: twin.mark() };
      for (const one of steps) {
        if (one.kind === "mark") marks = { ledger: ledger.mark(), twin: twin.mark() };
        else if (one.kind === "judge") {
          ledger.judge(marks.ledger, one.stored);
          twin.judge(marks.twin, one.stored);
        } else {
          for (const book of [ledger, twin]) {
            if (one.kind === "confirm") book.confirm(one.producer, one.sequence);
            else if (one.kind === "receive") book.receive(one);
            else if (one.kind === "watch") book.watch(one.pattern, one.isAutomatic);
            else if (one.kind === "forgive") book.forgive(one.destination);
            else book.reset();
          }
          // A mark of before a reset says nothing any more; the host drops it.
          if (one.kind === "reset") marks = { ledger: ledger.mark(), twin: twin.mark() };
        }
        expect(ledger.snapshot()).toEqual(twin.snapshot());
      }
      const inOrder = (list: { producer: string; sequence: number }[]): string[] =>
        list.map((one) => `${one.producer} ${one.sequence}`).sort();
      expect(inOrder(ledger.outstanding(1_000))).toEqual(inOrder(twin.outstanding()));
    }),
    { numRuns: 1_500 },
  );
});

const arrival = (number: number, more: Partial<Received> = {}): Received => ({
  consumer: "c1",
  producer: "p",
  sequence: number,
  redelivered: false,
  resent: false,
  ...more,
});

function begun(bounds?: LedgerBounds): Ledger {
  const ledger = new Ledger(bounds);
  ledger.open("p", "queue://orders");
  ledger.watch("queue://orders", false);
  return ledger;
}

describe("ledger: losses", () => {
  test("a message that is stored is not yet received; one that no broker has is lost", () => {
    const ledger = begun();
    for (const number of [1, 2, 3]) ledger.confirm("p", number);
    ledger.receive(arrival(1));
    const stored = (depth: number) => [{ destination: "queue://orders", depth, othersConsume: false }];

    ledger.judge(ledger.mark(), stored(2));
    expect(ledger.snapshot()).toMatchObject({ notYet: 2, lost: 0 });
    ledger.judge(ledger.mark(), stored(1));
    expect(ledger.snapshot()).toMatchObject({ notYet: 1, lost: 1 });
    ledger.receive(arrival(2));
    ledger.receive(arrival(3));
    expect(ledger.snapshot()).toMatchObject({ receivedOnce: 3, notYet: 0, lost: 0 });
  });

  test("what was confirmed after the mark is not judged", () => {
    const ledger = begun();
    const mark = ledger.mark();
    ledger.confirm("p", 1);
    ledger.judge(mark, []);
    expect(ledger.snapshot()).toMatchObject({ notYet: 1, lost: 0 });
  });

  test("without a built-in consumer, or with others on the queue, what is gone was taken", () => {
    const ledger = new Ledger();
    ledger.open("p", "queue://orders");
    ledger.confirm("p", 1);
    ledger.judge(ledger.mark(), []);
    expect(ledger.snapshot()).toMatchObject({ takenByOthers: 1, lost: 0 });
    ledger.watch("queue://orders", false);
    ledger.judge(ledger.mark(), [{ destination: "queue://orders", depth: 0, othersConsume: true }]);
    expect(ledger.snapshot()).toMatchObject({ takenByOthers: 1, lost: 0 });
    ledger.judge(ledger.mark(), [{ destination: "queue://orders", depth: 0, othersConsume: false }]);
    expect(ledger.snapshot()).toMatchObject({ takenByOthers: 0, lost: 1 });
  });
});

describe("ledger: memory", () => {
  test("a million messages received in order leave two blocks open at most", () => {
    const ledger = begun();
    for (let number = 1; number <= 1_000_000; number += 1) {
      ledger.confirm("p", number);
      if (number > 100) ledger.receive(arrival(number - 100));
      if (number % 100_000 === 0) expect(ledger.openBlockCount).toBeLessThanOrEqual(2);
    }
    expect(ledger.snapshot()).toMatchObject({ confirmed: 1_000_000, receivedOnce: 999_900, notYet: 100 });
  });

  test("with gaps everywhere the oldest blocks are closed, and the totals stay right", () => {
    const ledger = begun({ blockSize: 16, openBlocksMax: 8, producersMax: 10 });
    for (let number = 1; number <= 10_000; number += 1) {
      ledger.confirm("p", number);
      if (number % 2 === 0) ledger.receive(arrival(number));
    }
    expect(ledger.openBlockCount).toBeLessThanOrEqual(8);
    expect(ledger.snapshot()).toMatchObject({ confirmed: 10_000, receivedOnce: 5_000, notYet: 5_000 });
    ledger.receive(arrival(1));
    expect(ledger.snapshot()).toMatchObject({ receivedOnce: 5_001, notYet: 4_999 });
  });

  test("the number of producers is bounded: settled ones are forgotten first", () => {
    const ledger = new Ledger({ blockSize: 16, openBlocksMax: 8, producersMax: 2 });
    ledger.open("p", "queue://orders");
    ledger.open("settled", "queue://orders");
    ledger.confirm("p", 1);
    ledger.open("third", "queue://orders");
    ledger.receive(arrival(1));
    expect(ledger.snapshot()).toMatchObject({ confirmed: 1, receivedOnce: 1 });
  });
});
