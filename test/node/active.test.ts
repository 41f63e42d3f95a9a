import { describe, expect, test } from "vitest";
import { messageTo, orders } from "../core/helpers.ts";
import { NodeBench, PairBench } from "./bench.ts";

const withPeer = { withPeer: true, peerInSync: true };

describe("node: nothing is confirmed before it is safe", () => {
  test("alone: a confirmation waits for the disk here", () => {
    const node = new NodeBench().start().grant(1).open();
    const receipts = node.send(2);
    node.endTurn();
    expect(node.confirmed()).toEqual([]);

    node.sync();
    expect(node.confirmed()).toEqual(receipts);
  });

  test("with a standby: it waits for both disks, whichever is the later", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    const [first] = active.send();
    active.endTurn().sync();
    expect(active.confirmed()).toEqual([]);
    pair.carry(active, standby);
    standby.endTurn();
    expect(standby.said("append-ok")).toEqual([]);
    standby.sync();
    pair.carry(standby, active);
    expect(active.confirmed()).toEqual([first]);

    pair.forget();
    const [second] = active.send();
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync();
    pair.carry(standby, active);
    expect(active.confirmed()).toEqual([]);
    active.sync();
    expect(active.confirmed()).toEqual([second]);
  });

  test("granted with its peer: nothing is served before that one is there", () => {
    const active = new NodeBench().start().grant(1, "active", withPeer);
    expect(active.node.state).toEqual({ kind: "active", commits: "both", seeking: false });
    expect(active.kinds()).not.toContain("serve");
    active.open();
    active.send();
    active.endTurn().sync();
    expect(active.confirmed()).toEqual([]);
  });

  test("an answer that changes nothing waits for what was asked before it", () => {
    const node = new NodeBench().start().grant(1).open();
    const [sent] = node.send();
    const settled = node.ask({ kind: "settle-down" });
    node.endTurn();
    expect(node.confirmed()).toEqual([]);
    node.sync();
    expect(node.confirmed()).toEqual([sent, settled]);
  });

  test("a refusal too, as it is judged by a state that is not safe yet", () => {
    const node = new NodeBench().start().grant(1).open();
    node.ask({ kind: "begin", transaction: "t" });
    node.ask({ kind: "begin", transaction: "t" });
    node.endTurn();
    expect(node.answers()).toEqual([]);
    node.sync();
    expect(node.answers().map(({ kind }) => kind)).toEqual(["confirm", "refuse"]);
  });

  test("a message is handed out only when the delivery is safe, with its count", () => {
    const node = new NodeBench().start().grant(1).open();
    node.subscribe();
    node.send();
    node.endTurn();
    expect(node.answers()).toEqual([]);
    node.sync();
    expect(node.answers().at(-1)).toMatchObject({ kind: "deliver", subscription: "s", deliveryCount: 1 });
  });
});

/** Entries in each of the batches that the standby was sent. */
function sizes(node: NodeBench): number[] {
  return node.said("append").map(({ entries }) => entries.length);
}

describe("node: batches", () => {
  test("what comes while the standby has a batch goes together, as soon as that one has answered", () => {
    const pair = new PairBench().whole().forget();
    const { active, standby } = pair;
    active.open();
    for (let count = 0; count < 4; count += 1) {
      active.send();
      active.endTurn().sync();
    }
    expect(sizes(active)).toEqual([1]);
    pair.carry(active, standby);
    standby.endTurn().sync();
    pair.carry(standby, active);
    expect(active.confirmed()).toHaveLength(1);
    active.endTurn();
    expect(sizes(active)).toEqual([3]);
    pair.settle();
    expect(active.confirmed()).toHaveLength(4);
  });

  test("much of it does not wait", () => {
    const { active } = new PairBench().whole().forget();
    active.open();
    for (let count = 0; count < 3; count += 1) {
      active.send(300);
      active.endTurn();
    }
    expect(sizes(active)).toEqual([300, 300, 300]);
  });

  test("nor does it when the standby is gone", () => {
    const pair = new PairBench().whole().forget();
    const { active } = pair;
    active.open();
    for (let count = 0; count < 2; count += 1) {
      active.send();
      active.endTurn();
    }
    pair.lose();
    active.grant(2, "alone").endTurn().sync();
    expect(active.confirmed()).toHaveLength(2);
  });
});

describe("node: a batch waits for clients that ask again as soon as they are answered", () => {
  /** Client 1 has just been answered, having asked so long after its answer before; what client 2 sent waits. */
  function afterAnswer(turnaroundMs: number): NodeBench {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open(1).open(2).send(1, 1);
    pair.settle();
    active.now += turnaroundMs;
    active.send(1, 1);
    active.endTurn().sync();
    active.send(1, 2);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync();
    active.take();
    pair.carry(standby, active);
    expect(active.confirmed()).toHaveLength(1);
    active.endTurn();
    return active;
  }

  test("so both go together", () => {
    const active = afterAnswer(0.5);
    expect(sizes(active)).toEqual([]);
    active.send(1, 1);
    active.endTurn();
    expect(sizes(active)).toEqual([2]);
  });

  test("but not for long", () => {
    const active = afterAnswer(0.5);
    expect(active.effects).toContainEqual({ kind: "go-on", afterMs: 1 });
    active.now += 1;
    active.endTurn();
    expect(sizes(active)).toEqual([1]);
  });

  test("nor for one that took its time", () => {
    expect(sizes(afterAnswer(1.5))).toEqual([1]);
  });
});

describe("node: the pair comes together", () => {
  test("pairing is reported once the standby has noted that it is in sync", () => {
    const pair = new PairBench();
    const { active, standby } = pair;
    active.grant(1, "active", withPeer).open();
    active.send(2);
    active.endTurn().sync();
    pair.connect();
    // hello, welcome, append-ok: level; then the entries, and their acknowledgement.
    pair.carry(standby, active).carry(active, standby).carry(standby, active).carry(active, standby);
    standby.endTurn().sync();
    pair.carry(standby, active);
    expect(active.confirmed()).toHaveLength(2);
    pair.carry(active, standby);
    expect(standby.said("in-sync-ok")).toHaveLength(1);
    expect(active.kinds()).not.toContain("paired");
    pair.carry(standby, active);
    expect(active.kinds()).toContain("paired");
    expect(active.node.isAttached).toBe(true);
    expect(pair.standby.node.state).toEqual({ kind: "standby", attached: true });
  });

  test("a switch that is ordered before the standby was told that it is in sync waits for that", () => {
    const pair = new PairBench();
    const { active, standby } = pair;
    active.grant(1, "active", withPeer);
    pair.connect();
    pair.carry(standby, active).carry(active, standby).carry(standby, active);
    expect(active.said("in-sync")).toHaveLength(1);
    active.give({ kind: "told-to-hand-over" }).endTurn().sync();
    expect(active.kinds()).not.toContain("handed-over");
    pair.carry(active, standby).carry(standby, active);
    expect(active.kinds()).toContain("handed-over");
  });

  test("a standby that attaches to a node that is alone is level first; then nothing is confirmed without it", () => {
    const pair = new PairBench({}, { synchronisation: "automatic" });
    const { active, standby } = pair;
    Object.assign(active.options, { synchronisation: "automatic" });
    active.grant(1).open();
    active.send(5);
    active.endTurn().sync();
    expect(active.confirmed()).toHaveLength(5);

    pair.forget().connect().settle();
    expect(active.node.state).toMatchObject({ commits: "both" });
    expect(standby.node.history.head.op).toBe(active.node.history.head.op);

    active.take();
    active.send();
    active.endTurn().sync();
    expect(active.confirmed()).toEqual([]);
  });

  test("a standby that is ahead of the active node's disk is not sent again what it has", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    active.send(3);
    active.endTurn();
    pair.carry(active, standby);
    standby.endTurn().sync();
    pair.lose().forget();
    // The arbiter has not decided yet when the link is back; the disk of the active node is still busy.
    active.grant(2, "alone").give({ kind: "turn-ended" });
    pair.connect();
    pair.carry(standby, active);
    pair.carry(active, standby);
    pair.carry(standby, active);
    for (const { after } of active.said("append")) expect(after).toBe(standby.node.history.head.op);
    pair.settle();
    expect(standby.node.isAttached).toBe(true);
    expect(standby.node.history.head.op).toBe(active.node.history.head.op);
  });

  test("a second replica is refused, and the first goes on", () => {
    const pair = new PairBench().whole();
    const { active } = pair;
    const second = new NodeBench({ role: "replica", instance: "another one" }).start();
    second.give({ kind: "peer-reached", link: 9 as never });
    const [hello] = second.said("hello");
    pair.forget();
    active.hear(hello!, 9);
    expect(active.said("refused")).toMatchObject([
      { retry: true, reason: expect.stringContaining("only one replica") as string },
    ]);
    expect(active.node.isAttached).toBe(true);
  });
});

describe("node: the standby is lost", () => {
  test("before it could say that it is in sync: it asks to be alone all the same", () => {
    const pair = new PairBench();
    const { active, standby } = pair;
    active.grant(1, "active", withPeer).open();
    active.send(2);
    active.endTurn().sync();
    pair.connect().carry(standby, active).carry(active, standby).carry(standby, active);
    expect(active.node.isAttached).toBe(true);
    pair.forget().lose();
    expect(active.kinds()).not.toContain("paired");
    expect(active.take()).toContainEqual({ kind: "ask-grant", wish: "alone" });
    active.grant(2, "alone");
    expect(active.confirmed()).toHaveLength(2);
  });

  test("it asks to be alone, and is silent until it may", () => {
    const pair = new PairBench().whole();
    const { active } = pair;
    active.open();
    const receipts = active.send();
    active.endTurn().sync();
    pair.lose();
    expect(active.take()).toContainEqual({ kind: "ask-grant", wish: "alone" });
    active.wait(10);
    expect(active.confirmed()).toEqual([]);

    active.grant(2, "alone");
    expect(active.confirmed()).toEqual(receipts);
    expect(active.node.history.epoch).toBe(2);
  });

  test("denied under a later epoch, it is fenced and lets its clients go", () => {
    const pair = new PairBench().whole();
    const { active } = pair;
    pair.lose().forget();
    active.deny(2, "alone");
    expect(active.node.state).toMatchObject({ kind: "fenced" });
    expect(active.kinds()).toEqual(expect.arrayContaining(["connectors", "close-sessions"]));
  });

  test("told of a later epoch without having asked, it is fenced as well", () => {
    const active = new NodeBench({ waitForReplica: "always" }).start().grant(1, "active", withPeer);
    active.deny(2, "active");
    expect(active.node.state).toMatchObject({ kind: "fenced" });
  });

  test("denied under its own epoch, it waits for its standby instead", () => {
    const pair = new PairBench().whole();
    const { active, standby } = pair;
    active.open();
    pair.lose().forget();
    active.deny(1, "alone");
    expect(active.node.state).toEqual({ kind: "active", commits: "both", seeking: false });
    const receipts = active.send();
    active.endTurn().sync();
    expect(active.confirmed()).toEqual([]);
    pair.connect().settle();
    expect(active.confirmed()).toEqual(receipts);
    expect(standby.node.isAttached).toBe(true);
  });

  test("waitForReplica always: it does not even ask", () => {
    const pair = new PairBench({ waitForReplica: "always" }).whole();
    pair.forget().lose();
    expect(pair.active.kinds()).not.toContain("ask-grant");
    expect(pair.active.kinds()).toContain("serve");
    expect(pair.active.node.state).toMatchObject({ commits: "both", seeking: false });
  });

  test("shutdownOnReplicaFailure: it ends, but only once it had a replica", () => {
    const pair = new PairBench({ shutdownOnReplicaFailure: true }).whole();
    pair.lose();
    expect(pair.active.take()).toContainEqual(
      expect.objectContaining({ kind: "end", reason: "replica-failed" }),
    );
  });

  test("a standby that comes a second time before it was level keeps what was confirmed with it", () => {
    const pair = new PairBench({ waitForReplica: "always" });
    const { active, standby } = pair;
    active.grant(1, "active", withPeer).open();
    const large = messageTo(orders, { body: new Uint8Array(700_000) });
    const [first] = [1, 2].map(() => active.ask({ kind: "send", message: large, transaction: null }));
    active.endTurn().sync();
    // The first parcel holds one of the two, and is confirmed; the second is lost with the link.
    pair.connect();
    pair.carry(standby, active).carry(active, standby).carry(standby, active).carry(active, standby);
    standby.endTurn().sync();
    pair.carry(standby, active);
    expect(active.confirmed()).toEqual([first]);
    expect(active.kinds()).not.toContain("paired");

    pair.lose().forget().connect().carry(standby, active);
    expect(active.said("welcome")).toMatchObject([{ common: 1 }]);
    pair.settle();
    expect(standby.node.history.head.op).toBe(2);
  });

  test("a standby whose digest differs is detached, and the difference is told", () => {
    const pair = new PairBench().whole();
    const { active } = pair;
    active.open();
    active.send();
    active.endTurn().sync();
    const { op } = active.node.history.head;
    pair.forget();
    active.hear({ kind: "append-ok", epoch: 1 as never, head: op, digest: new Uint8Array(16) });
    expect(active.node.isAttached).toBe(false);
    expect(active.said("refused")).toMatchObject([{ retry: false }]);
    expect(active.take()).toContainEqual(expect.objectContaining({ kind: "notice", severity: "error" }));
    expect(active.confirmed()).toEqual([]);
  });

  test("a fenced node that is denied once more stays fenced", () => {
    const active = new NodeBench().start().grant(1);
    active.deny(2, "active");
    expect(active.node.state.kind).toBe("fenced");
    active.deny(2, "alone");
    expect(active.node.state.kind).toBe("fenced");
  });

  test("old grants and old denials change nothing", () => {
    const active = new NodeBench().start().grant(3);
    active.take();
    active.grant(3, "alone").grant(2, "alone");
    expect(active.kinds()).toEqual([]);
    active.deny(2, "alone");
    expect(active.node.state.kind).toBe("active");
  });
});
