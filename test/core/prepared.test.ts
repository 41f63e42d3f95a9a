import { describe, expect, test } from "vitest";
import { asOp } from "../../engine/base/units.ts";
import { takeSnapshot, restoreCheckpoint } from "../../engine/core/checkpoint.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { Bench, ordersKey } from "./helpers.ts";

const branch = "xa:1:ab:cd";
const bench = (): Bench => new Bench();

/** A connection takes one message and sends another one, in one prepared transaction. */
function prepared(): { bench: Bench; taken: number; sent: number } {
  const one = bench();
  const taken = one.send();
  one.deliver([taken]);
  one.do({ kind: "begin", owner: "consumer", transaction: branch });
  one.settle([taken], "accepted", branch);
  const sent = one.send(undefined, {}, branch, "consumer");
  one.do({ kind: "prepare", owner: "consumer", transaction: branch });
  return { bench: one, taken, sent };
}

describe("broker: two-phase commit", () => {
  test("prepared work survives its connection, and is nobody else's", () => {
    const { bench: one, taken } = prepared();
    one.do({ kind: "leave", owner: "consumer", keepsTemporaries: false });
    expect(one.waiting()).toEqual([]);
    expect(one.broker.queues.get(ordersKey)?.delivered.get(asOp(taken))?.owner).toBe(branch);
    expect(() => one.settle([asOp(taken)])).toThrow(/not awaiting an acknowledgement/);
  });

  test("its commit shows what was sent and removes what was taken, whoever asks", () => {
    const { bench: one, sent } = prepared();
    one.do({ kind: "leave", owner: "consumer", keepsTemporaries: false });
    one.do({ kind: "finish-prepared", transaction: branch, outcome: "commit" });
    expect(one.waiting()).toEqual([sent]);
    expect(one.broker.queues.get(ordersKey)?.depth).toBe(1);
    expect([one.broker.owners.size, one.broker.prepared.size]).toEqual([0, 0]);
  });

  test("its rollback gives what was taken back to the connection that prepared it", () => {
    const { bench: one, taken, sent } = prepared();
    one.takeContents();
    one.do({ kind: "finish-prepared", transaction: branch, outcome: "rollback" });
    expect(one.waiting()).toEqual([]);
    expect(one.takeContents().dead).toEqual([sent]);
    one.settle([asOp(taken)]);
    expect(one.broker.queues.get(ordersKey)?.depth).toBe(0);
    expect(one.broker.owners.size).toBe(0);
  });

  test("what is prepared cannot be worked on or begun again, and what is not cannot be finished as such", () => {
    const { bench: one } = prepared();
    const begin = { kind: "begin", transaction: branch } as const;
    expect(() => one.do({ ...begin, owner: "other" })).toThrow(/already begun/);
    expect(() => one.send(undefined, {}, branch, "consumer")).toThrow(/no open transaction/);
    expect(() => one.do({ kind: "finish-prepared", transaction: "xa:2:ab:cd", outcome: "commit" })).toThrow(
      /no open transaction/,
    );
    one.do({ kind: "begin", owner: "consumer", transaction: "local" });
    expect(() => one.do({ kind: "prepare", owner: "consumer", transaction: "local" })).toThrow(/only an XA/);
  });

  test("a global transaction is one connection's until it is prepared", () => {
    const one = bench();
    one.do({ kind: "begin", owner: "a", transaction: branch });
    expect(() => one.do({ kind: "begin", owner: "b", transaction: branch })).toThrow(/already begun/);
    one.do({ kind: "begin", owner: "a", transaction: "t" });
    one.do({ kind: "begin", owner: "b", transaction: "t" });
  });

  test("a checkpoint keeps it", () => {
    const { bench: one, sent } = prepared();
    one.do({ kind: "leave", owner: "consumer", keepsTemporaries: false });
    const { summary, rows, ops } = takeSnapshot(one.broker);
    expect(ops).toContain(sent);
    const restored = restoreCheckpoint(summary, rows, asOp(100));
    expect(fingerprint(restored)).toBe(fingerprint(one.broker));
    restored.apply(asOp(101), { kind: "finish-prepared", transaction: branch, outcome: "commit" });
    expect(
      restored.queues
        .get(ordersKey)
        ?.next(10)
        .map(({ op }) => op),
    ).toEqual([sent]);
  });
});
