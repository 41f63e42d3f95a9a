import { describe, expect, test } from "vitest";
import { asEpoch } from "../../engine/base/units.ts";
import { link, NodeBench, PairBench } from "./bench.ts";

describe("node: an active node that stood still", () => {
  test("it hears no client before its standby has answered that it follows still", () => {
    const { active, standby } = new PairBench().whole().forget();
    active.now += 5_000;
    expect(active.node.mustWake(active.moment)).toBe(true);
    active.give({ kind: "woken" });
    expect(active.node.mustWake(active.moment)).toBe(false);
    expect(active.take()).toEqual(
      expect.arrayContaining([
        { kind: "serve", on: false },
        { kind: "tell-peer", link: link(1), message: { kind: "probe", epoch: 1, number: 1 } },
      ]),
    );
    standby.hear({ kind: "probe", epoch: asEpoch(1), number: 1 });
    active.hear(standby.said("probe-ok")[0]!);
    expect(active.take()).toContainEqual({ kind: "serve", on: true });
  });

  test("an old acknowledgement lets nothing out, the answer to a probe does", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    const receipts = acknowledgeUnheard(pair);
    active.now += 5_000;
    pair.carry(standby, active);
    active.give({ kind: "ticked" });
    expect(active.confirmed()).toEqual([]);
    expect(active.node.state).toMatchObject({ seeking: false });
    pair.carry(active, standby).carry(standby, active);
    expect(active.confirmed()).toEqual(receipts);
  });

  test("the answer to an earlier probe does not count when it slept again for long", () => {
    const { active } = new PairBench().whole().forget();
    active.now += 5_000;
    active.give({ kind: "woken" });
    active.now += 751;
    active.give({ kind: "woken" });
    expect(active.said("probe").map(({ number }) => number)).toEqual([1, 2]);
    active.take();
    active.hear({ kind: "probe-ok", epoch: asEpoch(1), number: 1 });
    expect(active.kinds()).not.toContain("serve");
    active.hear({ kind: "probe-ok", epoch: asEpoch(1), number: 2 });
    expect(active.kinds()).toContain("serve");
  });

  test("it does not ask again after each nap, as on a slow link no answer would ever count", () => {
    const { active } = new PairBench().whole().forget();
    for (let count = 0; count < 3; count += 1) {
      active.now += 250;
      active.give({ kind: "woken" });
    }
    expect(active.said("probe")).toHaveLength(1);
  });

  test("a silent standby counts as lost, and sooner than it loses patience itself", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.wait(750);
    expect(active.node.state).toMatchObject({ seeking: false });
    active.wait(50);
    standby.wait(800);
    expect(active.node.state).toMatchObject({ seeking: true });
    expect(standby.kinds()).not.toContain("ask-grant");
  });

  test("awake, it loses a standby that says nothing, and waits for the arbiter", () => {
    const { active } = new PairBench().whole().forget();
    active.now += 5_000;
    active.give({ kind: "woken" }).wait(400);
    expect(active.kinds()).not.toContain("ask-grant");
    active.wait(400);
    expect(active.kinds()).toContain("ask-grant");
  });

  test("a link that ends in its sleep is a lost standby at once", () => {
    const pair = new PairBench().whole().forget();
    pair.active.now += 300;
    pair.lose();
    expect(pair.active.node.state).toMatchObject({ seeking: true });
    expect(pair.active.kinds()).toContain("ask-grant");
  });

  test("waitForReplica always: not sure of its place and without its standby, it lets nothing out before that is back", () => {
    const pair = new PairBench({ waitForReplica: "always" }).whole();
    const { active, standby } = pair;
    const receipts = acknowledgeUnheard(pair);
    active.now += 5_000;
    pair.carry(standby, active).lose();
    active.wait(1_000);
    expect(active.confirmed()).toEqual([]);
    pair.forget().connect().settle();
    expect(active.confirmed()).toEqual(receipts);
  });

  test("told to hand over in its sleep, it first finds out whether there is anything to hand over", () => {
    const { active, standby } = new PairBench().whole().forget();
    active.now += 5_000;
    active.give({ kind: "told-to-hand-over" });
    expect(active.kinds()).not.toContain("handed-over");
    standby.hear(active.said("probe")[0]!);
    active.hear(standby.said("probe-ok")[0]!);
    expect(active.kinds()).toContain("handed-over");
  });

  test("alone it needs to ask nobody", () => {
    const active = new NodeBench().start().grant(1).open();
    active.take();
    active.now += 5_000;
    active.give({ kind: "woken" });
    expect(active.take()).toEqual([]);
  });

  test("denied under a later epoch after a long sleep, it has let nothing out", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    acknowledgeUnheard(pair);
    active.now += 5_000;
    pair.carry(standby, active);
    active.deny(2, "active");
    expect(active.confirmed()).toEqual([]);
    expect(active.node.state.kind).toBe("fenced");
  });
});

/** A message that both have, whose acknowledgement waits in the active node's socket. Returns its receipt. */
function acknowledgeUnheard(pair: PairBench): number[] {
  const { active, standby } = pair;
  active.open();
  const receipts = active.send();
  active.endTurn().sync();
  pair.carry(active, standby);
  standby.endTurn().sync();
  return receipts;
}
