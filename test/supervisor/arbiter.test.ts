import { describe, expect, test } from "vitest";
import { attachTimeoutMs, createArbiter } from "../../engine/supervisor/arbiter.ts";
import {
  freshArbiterState,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterOptions,
  type ArbiterState,
} from "../../engine/supervisor/arbiter-state.ts";
import type { NodeName } from "../../engine/control/views.ts";

const defaults: ArbiterOptions = {
  profile: "guarded",
  waitForReplica: false,
  shutdownOnPrimaryFailure: false,
  shutdownOnReplicaFailure: false,
};
const at = (op: number, epoch = 0): { epoch: number; op: number; digest: string } => ({
  epoch,
  op,
  digest: "",
});

function harness(options: Partial<ArbiterOptions> = {}, state: Partial<ArbiterState> = {}) {
  const arbiter = createArbiter({ ...freshArbiterState, ...state }, { ...defaults, ...options });
  let now = 0;
  const step = (input: ArbiterInput): readonly ArbiterEffect[] => arbiter.step(input, now);
  const told = (effects: readonly ArbiterEffect[]) => effects.filter((effect) => effect.kind === "tell");
  return {
    arbiter,
    step,
    orders: (input: ArbiterInput) => told(step(input)).map(({ node, order }) => ({ node, ...order })),
    later: (ms: number) => (now += ms),
    start(node: NodeName, op = 0) {
      return [
        ...step({ kind: "starting", node }),
        ...step({ kind: "opened", node, position: at(op), pairId: null }),
      ];
    },
    ask: (node: NodeName, wish: "active" | "alone" = "active", op = 5): ArbiterInput => ({
      kind: "asked",
      node,
      wish,
      position: at(op),
    }),
    /** Both run, the primary is active and the replica mirrors it. */
    whole() {
      this.start("primary");
      this.start("replica");
      step(this.ask("primary"));
      step({ kind: "status", node: "replica", state: "standby", attached: true, position: at(0) });
      step({ kind: "paired", node: "primary", epoch: arbiter.state.epoch, position: at(5) });
      return this;
    },
  };
}

describe("arbiter: at start", () => {
  test("a fresh pair: the primary is granted, with the replica that is about to come", () => {
    const pair = harness();
    pair.step({ kind: "starting", node: "replica" });
    pair.start("primary");
    expect(pair.orders(pair.ask("primary"))).toEqual([
      { node: "primary", kind: "granted", wish: "active", epoch: 1, withPeer: true, peerInSync: true },
    ]);
    expect(pair.arbiter.state.inSync).toEqual(["primary", "replica"]);
  });

  test("a store that was deleted while nothing ran is not served, and the other one is, at once", () => {
    const before = harness().whole();
    before.step({ kind: "paired", node: "primary", epoch: 1, position: at(0), pairId: "this pair" });
    const pair = harness({}, before.arbiter.state);
    pair.step({ kind: "starting", node: "replica" });
    pair.step({ kind: "starting", node: "primary" });
    pair.step({ kind: "opened", node: "replica", position: at(5), pairId: "this pair" });
    const empty = { kind: "opened", node: "primary", position: at(0), pairId: null } as const;
    expect(pair.orders(empty)).toMatchObject([{ node: "replica", kind: "granted", withPeer: false }]);
    expect(pair.orders(pair.ask("primary", "active", 0))).toMatchObject([
      { node: "primary", kind: "denied" },
    ]);
  });

  test("every grant is on disk before it leaves", () => {
    const pair = harness();
    pair.start("primary");
    const effects = pair.step(pair.ask("primary"));
    const kinds = effects.map(({ kind }) => kind);
    expect(kinds.indexOf("persist")).toBeLessThan(kinds.indexOf("tell"));
    expect(effects[kinds.indexOf("persist")]).toMatchObject({
      state: { epoch: 1, holder: "primary", inSync: ["primary"] },
    });
  });

  test("a replica that was promoted before is granted as soon as its store is open, and the primary is denied", () => {
    const pair = harness({}, { epoch: 4, holder: "replica", alone: true, inSync: ["replica"] });
    pair.step({ kind: "starting", node: "primary" });
    const effects = pair.start("replica");
    expect(effects.filter(({ kind }) => kind === "tell")).toMatchObject([
      { node: "replica", order: { kind: "granted", epoch: 5 } },
    ]);
    pair.start("primary");
    const [denied] = pair.orders(pair.ask("primary"));
    expect(denied).toMatchObject({ node: "primary", kind: "denied" });
    expect(JSON.stringify(denied)).toContain("Epoch 5");
    expect(JSON.stringify(denied)).toContain("understudy -- recover");
  });

  test("a primary that came to follow a replica which is gone is granted, as it would not ask", () => {
    const pair = harness({}, { epoch: 2, holder: "replica", inSync: ["primary", "replica"] });
    pair.start("replica");
    pair.start("primary");
    const left = {
      kind: "status",
      node: "primary",
      state: "standby",
      attached: false,
      position: at(5),
    } as const;
    expect(pair.orders(left)).toMatchObject([{ node: "primary", kind: "granted", wish: "active", epoch: 3 }]);
  });

  test("a replica that finds no primary waits until it is promoted", () => {
    const pair = harness();
    pair.start("replica");
    expect(pair.orders(pair.ask("replica"))).toEqual([]);
    expect(pair.arbiter.promotionRefusal("replica")).toBeNull();
    expect(pair.orders({ kind: "promote", node: "replica" })).toMatchObject([
      { node: "replica", kind: "granted", withPeer: false },
    ]);
    expect(pair.arbiter.state.inSync).toEqual(["replica"]);
  });

  test("the replica takes over when the primary cannot even start", () => {
    const pair = harness();
    pair.step({ kind: "starting", node: "primary" });
    pair.start("replica");
    expect(pair.orders({ kind: "exited", node: "primary", how: "failed" })).toMatchObject([
      { node: "replica", kind: "granted" },
    ]);
  });

  test("a primary whose replica does not attach in time goes on alone", () => {
    const pair = harness();
    pair.start("primary");
    pair.start("replica");
    pair.step(pair.ask("primary"));
    pair.later(attachTimeoutMs - 1);
    expect(pair.orders({ kind: "woken" })).toEqual([]);
    pair.later(1);
    expect(pair.orders({ kind: "woken" })).toMatchObject([{ kind: "granted", wish: "alone", epoch: 2 }]);
    expect(pair.arbiter.state).toMatchObject({ inSync: ["primary"], alone: true });
  });

  test("a store that was emptied behind the supervisor's back is not served", () => {
    const pair = harness({}, { epoch: 3, holder: "primary", provenOp: 12 });
    pair.start("primary", 0);
    expect(pair.orders(pair.ask("primary", "active", 0))).toMatchObject([{ kind: "denied" }]);
    const taken = pair.start("replica", 12).filter(({ kind }) => kind === "tell");
    expect(taken).toMatchObject([{ node: "replica", order: { kind: "granted", withPeer: false } }]);
  });

  test("an epoch is never granted twice, even when the book was lost", () => {
    const pair = harness();
    pair.step({ kind: "starting", node: "primary" });
    pair.step({ kind: "opened", node: "primary", position: at(9, 7), pairId: "p" });
    expect(pair.orders(pair.ask("primary", "active", 9))).toMatchObject([{ kind: "granted", epoch: 8 }]);
  });

  test("a primary that was killed before the pair was whole does not name it instead of the replica that served", () => {
    const pair = harness({}, { epoch: 2, holder: "replica", alone: true, inSync: ["replica"] });
    pair.step({ kind: "starting", node: "primary" });
    pair.step({ kind: "opened", node: "primary", position: at(0, 1), pairId: "of the primary" });
    expect(pair.arbiter.state.pairId).toBeNull();
    pair.step({ kind: "starting", node: "replica" });
    pair.step({ kind: "opened", node: "replica", position: at(5, 2), pairId: "of the replica" });
    expect(pair.arbiter.state.pairId).toBe("of the replica");
  });

  test("a store of another pair is denied", () => {
    const pair = harness({}, { pairId: "ours" });
    pair.step({ kind: "starting", node: "primary" });
    pair.step({ kind: "opened", node: "primary", position: at(9), pairId: "theirs" });
    expect(pair.orders(pair.ask("primary", "active", 9))).toMatchObject([{ kind: "denied" }]);
  });
});

describe("arbiter: failures of the active node", () => {
  test("its exit grants the standby at once, unasked and alone", () => {
    const pair = harness().whole();
    expect(pair.orders({ kind: "exited", node: "primary", how: "failed" })).toEqual([
      { node: "replica", kind: "granted", wish: "active", epoch: 2, withPeer: false, peerInSync: false },
    ]);
    expect(pair.arbiter.state).toMatchObject({ holder: "replica", alone: true, inSync: ["replica"] });
  });

  test("an ordered stop counts as a failure, as in the original", () => {
    const pair = harness().whole();
    expect(pair.orders({ kind: "exited", node: "primary", how: "ordered" })).toMatchObject([
      { node: "replica", kind: "granted" },
    ]);
  });

  test("a stop of the whole pair hands nothing over", () => {
    const pair = harness().whole();
    pair.step({ kind: "suspended" });
    expect(pair.orders({ kind: "exited", node: "primary", how: "ordered" })).toEqual([]);
    expect(pair.orders(pair.ask("replica"))).toEqual([]);
    expect(pair.arbiter.state.inSync).toEqual(["primary", "replica"]);
  });

  test("shutdownOnPrimaryFailure: the standby is told to end, and both stay in sync", () => {
    const pair = harness({ shutdownOnPrimaryFailure: true }).whole();
    expect(pair.orders({ kind: "exited", node: "primary", how: "failed" })).toMatchObject([
      { node: "replica", kind: "shut-down", reason: "primary-failed" },
    ]);
    expect(pair.arbiter.state.inSync).toEqual(["primary", "replica"]);
  });

  test("a standby out of sync gets nothing when the active node dies", () => {
    const pair = harness().whole();
    pair.step(pair.ask("primary", "alone"));
    expect(pair.arbiter.state.inSync).toEqual(["primary"]);
    expect(pair.orders({ kind: "exited", node: "primary", how: "failed" })).toEqual([]);
    expect(pair.orders(pair.ask("replica"))).toMatchObject([{ kind: "denied" }]);
    expect(pair.arbiter.promotionRefusal("replica")).toContain("would lose them");
  });

  test("a frozen one is superseded when the standby asks and the ping stays unanswered; thawed, it is denied", () => {
    const pair = harness().whole();
    expect(pair.step(pair.ask("replica"))).toEqual([{ kind: "ping", node: "primary", timeoutMs: 250 }]);
    expect(pair.orders({ kind: "unanswered", node: "primary" })).toMatchObject([
      { node: "replica", kind: "granted", wish: "active", epoch: 2, withPeer: false },
      { node: "primary", kind: "denied", epoch: 2 },
    ]);
    expect(pair.orders(pair.ask("primary", "alone"))).toMatchObject([
      { node: "primary", kind: "denied", epoch: 2 },
    ]);
  });

  test("one that answers keeps its grant, and the standby is told why", () => {
    const pair = harness().whole();
    pair.step(pair.ask("replica"));
    expect(pair.orders({ kind: "answered", node: "primary" })).toMatchObject([
      { node: "replica", kind: "denied" },
    ]);
    expect(pair.arbiter.state).toMatchObject({ epoch: 1, inSync: ["primary", "replica"] });
  });

  test("a frozen one that is alone keeps its berth: nobody else holds what it confirmed", () => {
    const pair = harness().whole();
    pair.step(pair.ask("primary", "alone"));
    expect(pair.orders(pair.ask("replica"))).toMatchObject([{ kind: "denied" }]);
  });

  test("the former holder that returns is denied, then takes part again once the holder reports it paired", () => {
    const pair = harness().whole();
    pair.step({ kind: "exited", node: "primary", how: "failed" });
    pair.start("primary", 5);
    expect(pair.orders(pair.ask("primary", "active", 5))).toMatchObject([
      { node: "primary", kind: "denied", epoch: 2 },
    ]);
    pair.step({ kind: "paired", node: "replica", epoch: 2, position: at(9) });
    expect(pair.arbiter.state).toMatchObject({ inSync: ["primary", "replica"], alone: false });
    expect(pair.orders({ kind: "exited", node: "replica", how: "failed" })).toMatchObject([
      { node: "primary", kind: "granted" },
    ]);
  });
});

describe("arbiter: going on alone", () => {
  test("the standby's exit grants it at once", () => {
    const pair = harness().whole();
    expect(pair.orders({ kind: "exited", node: "replica", how: "failed" })).toMatchObject([
      { node: "primary", wish: "alone", epoch: 2 },
    ]);
    // Asked before that grant arrived.
    expect(pair.orders(pair.ask("primary", "alone"))).toEqual([]);
  });

  test("only the holder may", () => {
    const pair = harness().whole();
    expect(pair.orders(pair.ask("replica", "alone"))).toMatchObject([{ node: "replica", kind: "denied" }]);
  });

  test("a standby that asked to take over is denied when the holder goes on alone first", () => {
    const pair = harness().whole();
    pair.step(pair.ask("replica"));
    expect(pair.orders(pair.ask("primary", "alone"))).toMatchObject([
      { node: "primary", kind: "granted", wish: "alone" },
      { node: "replica", kind: "denied" },
    ]);
    expect(pair.orders({ kind: "unanswered", node: "primary" })).toEqual([]);
  });

  test("a paired report of an older epoch counts for nothing", () => {
    const pair = harness().whole();
    pair.step(pair.ask("primary", "alone"));
    pair.step({ kind: "paired", node: "primary", epoch: 1, position: at(5) });
    expect(pair.arbiter.state.inSync).toEqual(["primary"]);
  });

  test('waitForReplica "always": never', () => {
    const pair = harness({ waitForReplica: "always" }).whole();
    expect(pair.orders({ kind: "exited", node: "replica", how: "failed" })).toEqual([]);
    expect(pair.orders(pair.ask("primary", "alone"))).toMatchObject([{ kind: "denied" }]);
    expect(pair.arbiter.state.inSync).toEqual(["primary", "replica"]);
  });

  test("waitForReplica: not before the first attach, and freely after it", () => {
    const pair = harness({ waitForReplica: true });
    pair.start("primary");
    expect(pair.orders(pair.ask("primary"))).toMatchObject([{ kind: "granted", withPeer: true }]);
    pair.later(attachTimeoutMs);
    expect(pair.orders({ kind: "woken" })).toEqual([]);
    expect(pair.orders(pair.ask("primary", "alone"))).toMatchObject([{ kind: "denied" }]);
    pair.start("replica");
    pair.step({ kind: "paired", node: "primary", epoch: 1, position: at(0) });
    expect(pair.orders({ kind: "exited", node: "replica", how: "failed" })).toMatchObject([
      { kind: "granted", wish: "alone" },
    ]);
  });

  test("a replica that is out of sync is not waited for", () => {
    const pair = harness();
    pair.start("primary");
    pair.start("replica");
    pair.step(pair.ask("primary"));
    const effects = pair.orders({
      kind: "status",
      node: "replica",
      state: "out of sync",
      attached: false,
      position: at(3),
    });
    expect(effects).toMatchObject([{ node: "primary", wish: "alone" }]);
  });

  test("shutdownOnReplicaFailure: nothing is pushed to a node that is about to end", () => {
    const pair = harness({ shutdownOnReplicaFailure: true }).whole();
    expect(pair.orders({ kind: "exited", node: "replica", how: "failed" })).toEqual([]);
  });
});

describe("arbiter: recovery and promotion", () => {
  test("stores proven equal count as in sync, and the configured primary gets its turn", () => {
    const pair = harness({}, { epoch: 6, holder: "replica", alone: true, inSync: ["replica"] });
    pair.step({ kind: "stores-proven", inSync: ["primary", "replica"], op: 40 });
    pair.step({ kind: "starting", node: "replica" });
    pair.start("primary", 40);
    expect(pair.orders(pair.ask("primary", "active", 40))).toMatchObject([
      { kind: "granted", epoch: 7, withPeer: true, peerInSync: true },
    ]);
  });

  test("promotion is refused while the other node runs and this one does not mirror it", () => {
    const pair = harness();
    pair.start("primary");
    pair.step(pair.ask("primary"));
    pair.start("replica");
    expect(pair.arbiter.promotionRefusal("replica")).toContain("understudy -- stop primary");
    expect(pair.orders({ kind: "promote", node: "replica" })).toEqual([]);
  });

  test("a planned switch: the active one hands over first, and the other waits for it to follow", () => {
    const pair = harness().whole();
    expect(pair.orders({ kind: "promote", node: "replica" })).toEqual([
      { node: "primary", kind: "hand-over" },
    ]);
    expect(pair.arbiter.state.holder).toBe("primary");
    expect(pair.orders({ kind: "handed-over", node: "primary" })).toMatchObject([
      { node: "replica", kind: "granted", wish: "active", withPeer: true, peerInSync: true },
    ]);
    expect(pair.arbiter.state).toMatchObject({
      holder: "replica",
      inSync: ["primary", "replica"],
      alone: false,
    });
  });

  test("a hand-over that nobody asked for, or of a node that is alone, grants nothing", () => {
    const pair = harness().whole();
    expect(pair.orders({ kind: "handed-over", node: "replica" })).toEqual([]);
    pair.step({ kind: "exited", node: "replica", how: "failed" });
    expect(pair.arbiter.state.alone).toBe(true);
    expect(pair.orders({ kind: "handed-over", node: "primary" })).toEqual([]);
  });
});

test("arbiter: classic: only keeps book, and sees the split", () => {
  const pair = harness({ profile: "classic" });
  pair.start("primary");
  pair.start("replica");
  pair.step({ kind: "status", node: "primary", state: "active", attached: true, position: at(1, 1) });
  pair.step({ kind: "paired", node: "primary", epoch: 1, position: at(1, 1) });
  expect(pair.orders({ kind: "exited", node: "nobody" as NodeName, how: "failed" })).toEqual([]);
  pair.step({ kind: "status", node: "primary", state: "active", attached: false, position: at(1, 1) });
  pair.step({ kind: "status", node: "replica", state: "active", attached: false, position: at(1, 2) });
  expect(pair.arbiter.state).toMatchObject({ split: true, inSync: [], epoch: 2 });
});
