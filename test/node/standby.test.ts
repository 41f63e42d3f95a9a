import { describe, expect, test } from "vitest";
import { asEpoch, asOp } from "../../engine/base/units.ts";
import { link, NodeBench, PairBench } from "./bench.ts";

const withPeer = { withPeer: true, peerInSync: true };

describe("node: the standby", () => {
  test("it acknowledges what is on its disk, not what it was told", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send(3);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn();
    expect(standby.said("append-ok")).toEqual([]);
    standby.sync();
    expect(standby.said("append-ok")).toMatchObject([{ head: 3 }]);
  });

  test("it greets only when all that it names is on its disk", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send(3);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn();
    pair.lose().connect();
    expect(standby.said("hello")).toEqual([]);
    standby.sync();
    expect(standby.said("hello")).toMatchObject([{ head: 3 }]);
  });

  test("when the link is lost it asks to take over, and keeps mirroring when that is denied", () => {
    const pair = new PairBench().whole();
    const { standby } = pair;
    pair.forget().lose();
    expect(standby.take()).toContainEqual({ kind: "ask-grant", wish: "active" });
    standby.deny(2, "active");
    expect(standby.node.state).toEqual({ kind: "standby", attached: false });
    expect(standby.node.reason).toBe("so it is");
  });

  test("it asks once it has followed, and not before", () => {
    const standby = new NodeBench({ role: "replica" }).start();
    standby.give({ kind: "peer-reached", link: link(1) }).give({ kind: "peer-lost", link: link(1) });
    expect(standby.kinds()).not.toContain("ask-grant");
  });

  test("granted, it opens its port; all that it holds is safe, also what was not told so", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send(2);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync();
    pair.lose().forget();
    standby.grant(2);
    expect(standby.kinds()).toEqual(expect.arrayContaining(["save-term", "connectors", "serve"]));
    expect(standby.node.history).toMatchObject({ epoch: 2, committed: 2 });
  });

  test("granted while entries are on their way to its disk, it confirms nothing before they are there", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send(2);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn();
    pair.lose();
    standby.grant(2).open();
    const receipt = standby.ask({ kind: "settle-down" });
    standby.endTurn();
    expect(standby.confirmed()).toEqual([]);
    standby.sync();
    expect(standby.confirmed()).toEqual([receipt]);
    expect(standby.disk.headOp).toBe(standby.node.history.head.op);
  });

  test("what it has beyond the active node's store is cut off, and it follows from there", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send();
    pair.settle();
    // Sent, and on the standby's disk only: both die before the active node's has it.
    active.send(2);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync();
    active.restart();
    standby.restart({ instance: "replica 2" });
    active.grant(2, "active", withPeer);
    pair.connect().settle();
    expect(standby.disk.chain).toEqual(active.disk.chain);
    expect(standby.node.isAttached).toBe(true);
    expect(standby.node.history.head.op).toBe(active.node.history.head.op);
  });

  test("an active node of an older epoch is told that it is fenced", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    pair.lose().forget();
    standby.grant(5).restart({ instance: "replica 2" });
    active.grant(2, "alone");
    pair.connect();
    const [hello] = standby.said("hello");
    active.hear(hello!, 2);
    expect(active.node.state).toMatchObject({
      kind: "fenced",
      reason: expect.stringContaining("epoch 5") as string,
    });
  });

  test("words of an older epoch are answered with the later one", () => {
    const standby = new NodeBench({ role: "replica" });
    standby.disk.saveTerm({ epoch: asEpoch(5), pairId: "pair", isBehind: false });
    standby.restart().give({ kind: "peer-reached", link: link(1) });
    standby.hear({
      kind: "welcome",
      pairId: "pair",
      epoch: asEpoch(4),
      common: asOp(0),
      digest: Buffer.alloc(16),
      lacks: false,
    });
    expect(standby.said("fenced")).toEqual([{ kind: "fenced", epoch: 5 }]);
    expect(standby.node.isAttached).toBe(false);
  });

  test("an entry that does not fit detaches it for good, with the way on", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send();
    active.endTurn();
    const [append] = active.said("append").slice(-1);
    const [bytes] = append!.entries;
    standby.hear({ ...append!, entries: [Buffer.concat([Buffer.alloc(16, 1), bytes!.subarray(16)])] });
    expect(standby.node.state).toMatchObject({
      kind: "out-of-sync",
      reason: expect.stringContaining("recovery copy") as string,
    });
  });

  test("refused for good it says why; refused for now it comes again", () => {
    const standby = new NodeBench({ role: "replica" }).start();
    standby.give({ kind: "peer-reached", link: link(1) });
    standby.hear({ kind: "refused", epoch: asEpoch(1), retry: true, reason: "wait" });
    expect(standby.node.state.kind).toBe("standby");
    standby.give({ kind: "peer-reached", link: link(2) });
    standby.hear({ kind: "refused", epoch: asEpoch(1), retry: false, reason: "never" }, 2);
    expect(standby.node.state).toMatchObject({
      kind: "out-of-sync",
      reason: "The active node refused it: never.",
    });
  });

  test("a silent active node counts as failed", () => {
    const pair = new PairBench().whole();
    pair.forget();
    pair.standby.wait(1_001);
    expect(pair.standby.take()).toContainEqual({ kind: "ask-grant", wish: "active" });
  });

  test("while the arbiter is asked the link stays, and the active node is told nothing it could go by", () => {
    const { standby } = new PairBench().whole().forget();
    standby.wait(1_100);
    expect(standby.kinds()).toContain("ask-grant");
    expect(standby.kinds()).not.toContain("drop-peer");
    standby.take();
    standby.hear({ kind: "probe", epoch: asEpoch(1), number: 3 });
    expect(standby.said("probe-ok")).toEqual([]);
    standby.deny(1, "active");
    expect(standby.said("probe-ok")).toEqual([{ kind: "probe-ok", epoch: 1, number: 3 }]);
    expect(standby.node.state).toEqual({ kind: "standby", attached: true });
    expect(standby.node.reason).toBe(null);
  });

  test("denied, it gives an active node that it does not hear half of the time, and then the link up", () => {
    const { standby } = new PairBench().whole();
    standby.wait(1_100).deny(1, "active");
    standby.take();
    standby.wait(500);
    expect(standby.kinds()).not.toContain("drop-peer");
    standby.wait(100);
    expect(standby.kinds()).toContain("drop-peer");
  });

  test("denied because the active node went on without it, it gives the link up at once", () => {
    const { standby } = new PairBench().whole();
    standby.wait(1_100).take();
    standby.deny(2, "active");
    expect(standby.kinds()).toContain("drop-peer");
    expect(standby.node.reason).toBe("so it is");
  });

  test("granted while it waits, it says goodbye and serves, with all that came meanwhile", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    standby.wait(1_100);
    active.open();
    active.send();
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync().take();
    standby.grant(2);
    expect(standby.said("goodbye")).toHaveLength(1);
    expect(standby.kinds()).toContain("drop-peer");
    expect(standby.node.history).toMatchObject({ epoch: 2, committed: 1 });
  });

  test("time in which it stood still itself is no silence of the active node", () => {
    const { standby } = new PairBench().whole().forget();
    standby.now += 5_000;
    standby.give({ kind: "ticked" });
    expect(standby.kinds()).not.toContain("ask-grant");
    standby.wait(1_000);
    expect(standby.kinds()).toContain("ask-grant");
  });

  test("an active node that is sending a large message is not silent", () => {
    const { standby } = new PairBench().whole();
    standby.wait(900).give({ kind: "peer-heard", link: link(1) });
    standby.wait(900);
    expect(standby.kinds()).not.toContain("ask-grant");
    standby.give({ kind: "peer-heard", link: link(2) }).wait(200);
    expect(standby.kinds()).toContain("ask-grant");
  });

  test("what it is told of goodbye: the active node's end is a failure to follow, the pair's end is not", () => {
    const one = new PairBench().whole();
    one.forget().standby.hear({ kind: "goodbye", pair: false, reason: "it stops" });
    expect(one.standby.kinds()).toContain("ask-grant");
    const other = new PairBench().whole();
    other.forget().standby.hear({ kind: "goodbye", pair: true, reason: "the pair stops" });
    expect(other.standby.kinds()).not.toContain("ask-grant");
  });

  test("both keep the same state through redeliveries, transactions and expiry", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open(1).open(2);
    active.subscribe(1, 2);
    active.send(4, 2);
    pair.settle();
    const [first] = active.answers().flatMap((answer) => (answer.kind === "deliver" ? [answer.id] : []));
    active.ask({ kind: "begin", transaction: "t" });
    active.ask({
      kind: "settle",
      subscription: "s",
      messages: [first!],
      outcome: "rejected",
      transaction: "t",
    });
    active.ask({ kind: "commit", transaction: "t" });
    active.give({ kind: "session-closed", session: 1 as never });
    pair.settle();
    const depths = (node: NodeBench): unknown =>
      [...node.node.history.broker.queues.values()].map(({ key, depth, waitingCount }) => [
        key,
        depth,
        waitingCount,
      ]);
    expect(depths(standby)).toEqual(depths(active));
    expect(depths(standby)).toEqual([
      ["queue://orders", 3, 3],
      ["queue://ActiveMQ.DLQ", 1, 1],
    ]);
  });
});

describe("node: the classic profile", () => {
  test("the primary serves without being asked, the replica takes over by itself", () => {
    const pair = new PairBench({ profile: "classic" }, { profile: "classic" });
    expect(pair.active.node.state).toMatchObject({ kind: "active", commits: "alone" });
    pair.connect().settle();
    expect(pair.standby.node.isAttached).toBe(true);
    pair.forget().lose();
    expect(pair.standby.node.state).toMatchObject({ kind: "active", commits: "alone" });
    expect(pair.standby.kinds()).not.toContain("ask-grant");
  });

  test("a replica that still catches up does not take over, nor after a restart, until it is told that it is in sync", () => {
    const automatic = { profile: "classic", synchronisation: "automatic" } as const;
    const pair = new PairBench(automatic, automatic);
    const { active, standby } = pair;
    active.open();
    active.send(5);
    active.endTurn().sync();
    expect(active.confirmed()).toHaveLength(5);
    pair.connect();
    pair.carry(standby, active).carry(active, standby);
    expect(standby.node.isAttached).toBe(true);

    pair.lose();
    expect(standby.node.state).toEqual({ kind: "standby", attached: false });
    expect(standby.node.reason).toMatch(/does not take over: .*had not caught up.* Start the primary again/);
    standby.restart({ instance: "replica 2" }).wait(5_001);
    expect(standby.node.state).toEqual({ kind: "standby", attached: false });
    expect(standby.node.reason).toMatch(/does not take over: the primary was never reached/);

    pair.connect().settle();
    expect(standby.node.isAttached).toBe(true);
    expect(standby.disk.isBehind).toBe(false);
    pair.lose();
    expect(standby.node.state).toMatchObject({ kind: "active", commits: "alone" });
    expect(standby.node.history.head.op).toBeGreaterThanOrEqual(5);
  });

  test("it notes that it is in sync before it says so, and a restart knows", () => {
    const pair = new PairBench({ profile: "classic" }, { profile: "classic" });
    const { active, standby } = pair;
    pair.connect();
    pair.carry(standby, active).carry(active, standby);
    expect(standby.disk.isBehind).toBe(true);
    pair.carry(standby, active);
    pair.forget().standby.hear({ kind: "in-sync", epoch: active.node.history.epoch });
    expect(standby.kinds()).toEqual(["save-term", "tell-peer"]);
    expect(standby.said()).toMatchObject([{ kind: "in-sync-ok" }]);
    standby.restart({ instance: "replica 2" }).wait(5_001);
    expect(standby.node.state.kind).toBe("active");
  });

  test("shutdownOnPrimaryFailure: it ends instead", () => {
    const pair = new PairBench(
      { profile: "classic" },
      { profile: "classic", shutdownOnPrimaryFailure: true },
    );
    pair.connect().settle().lose();
    expect(pair.standby.take()).toContainEqual(
      expect.objectContaining({ kind: "end", reason: "primary-failed" }),
    );
  });

  test("a replica that never reaches its primary serves alone after a while", () => {
    const standby = new NodeBench({ role: "replica", profile: "classic" }).start();
    // Stood still, it tried nothing.
    standby.now += 9_000;
    standby.give({ kind: "ticked" });
    standby.wait(4_800);
    expect(standby.node.state.kind).toBe("standby");
    standby.wait(1);
    expect(standby.node.state.kind).toBe("active");
  });

  test("waitForReplica: the primary serves nobody before its replica is there", () => {
    const pair = new PairBench({ profile: "classic", waitForReplica: true }, { profile: "classic" });
    expect(pair.active.kinds()).not.toContain("serve");
    pair.connect().settle();
    expect(pair.active.kinds()).toContain("serve");
  });
});
