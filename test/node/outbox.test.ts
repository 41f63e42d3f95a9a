import { expect, test } from "vitest";
import { asOp } from "../../engine/base/units.ts";
import type { SessionId } from "../../engine/core/dialogue.ts";
import { Outbox } from "../../engine/outbox.ts";

const session = 1 as SessionId;
const answer = (after: number): Parameters<Outbox["add"]>[0] => ({
  after: asOp(after),
  session,
  answer: { kind: "confirm", receipt: after },
});

test("outbox: answers leave in order, each when what it waits for is safe", () => {
  const outbox = new Outbox();
  for (const after of [0, 1, 1, 3]) outbox.add(answer(after));
  expect(outbox.release(asOp(0))).toHaveLength(1);
  expect(outbox.release(asOp(0))).toEqual([]);
  expect(outbox.release(asOp(2)).map(({ after }) => after)).toEqual([1, 1]);
  expect(outbox.release(asOp(9)).map(({ after }) => after)).toEqual([3]);
});

test("outbox: an answer for an entry before the last one's is our own mistake", () => {
  const outbox = new Outbox();
  outbox.add(answer(5));
  expect(() => outbox.add(answer(4))).toThrow(/in the order of the entries/);
});

test("outbox: many answers are let go of", () => {
  const outbox = new Outbox();
  for (let after = 1; after <= 5_000; after += 1) {
    outbox.add(answer(after));
    if (after % 7 === 0) expect(outbox.release(asOp(after))).toHaveLength(7);
  }
  expect(outbox.release(asOp(5_000))).toHaveLength(5_000 % 7);
});
