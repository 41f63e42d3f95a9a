import { describe, expect, test } from "vitest";
import { messageTo, orders } from "../core/helpers.ts";
import { NodeBench, PairBench } from "./bench.ts";

const transaction = "xa:1:ab:cd";

/** Takes the one message that waits and sends another, in one transaction, and prepares it. */
function prepare(node: NodeBench, settle = (): unknown => node.endTurn().sync()): void {
  node.subscribe(1, 1);
  node.send();
  settle();
  const delivered = node.answers().find((answer) => answer.kind === "deliver")!;
  node.ask({ kind: "begin", transaction });
  node.ask({
    kind: "settle",
    subscription: "s",
    messages: [delivered.id],
    outcome: "accepted",
    transaction,
  });
  node.ask({ kind: "send", message: messageTo(orders, { correlationId: "sent" }), transaction });
  node.ask({ kind: "prepare", transaction });
  settle();
}

const prepared = (node: NodeBench) =>
  node.answers().flatMap((answer) => (answer.kind === "prepared" ? [answer.transactions] : []));
const depth = (node: NodeBench) => node.node.history.broker.queues.get("queue://orders")!;

describe("node: two-phase commit", () => {
  test("a prepare is answered by its name, one without work by none and is done with", () => {
    const node = new NodeBench().start().grant(1).open();
    prepare(node);
    expect(prepared(node)).toEqual([[transaction]]);
    node.take();
    node.ask({ kind: "begin", transaction: "xa:1:ef:01" });
    const empty = node.ask({ kind: "prepare", transaction: "xa:1:ef:01" });
    node.endTurn().sync();
    expect(prepared(node)).toEqual([[]]);
    expect(node.confirmed()).toContain(empty);
    node.ask({ kind: "recover" });
    node.endTurn().sync();
    expect(prepared(node)).toEqual([[], [transaction]]);
  });

  test("it survives a failover and a restart, and any connection ends it", () => {
    const pair = new PairBench().whole();
    pair.active.open();
    prepare(pair.active, () => pair.settle());
    pair.lose();
    const { standby } = pair;
    standby.wait(1_500).grant(2).open(5);
    standby.ask({ kind: "recover" }, 5);
    standby.endTurn().sync();
    expect(prepared(standby)).toEqual([[transaction]]);
    expect(depth(standby)).toMatchObject({ depth: 1, waitingCount: 0 });

    standby.restart({}).grant(3).open(6);
    standby.ask({ kind: "recover" }, 6);
    const commit = standby.ask({ kind: "commit", transaction }, 6);
    const again = standby.ask({ kind: "commit", transaction }, 6);
    standby.endTurn().sync();
    expect(prepared(standby)).toEqual([[transaction]]);
    expect(standby.confirmed()).toContain(commit);
    expect(standby.answers()).toContainEqual(expect.objectContaining({ kind: "refuse", receipt: again }));
    expect(depth(standby)).toMatchObject({ depth: 1, waitingCount: 1 });
  });

  test("a failover client's repetition of its steps changes nothing, and more work is refused", () => {
    const node = new NodeBench().start().grant(1).open(1).open(2);
    const origin = { producer: "p", sequence: 1 };
    const send = (of: typeof origin, session: number): number =>
      node.ask({ kind: "send", message: messageTo(orders, { origin: of }), transaction }, session);
    for (const session of [1, 2]) {
      node.ask({ kind: "begin", transaction }, session);
      send(origin, session);
      node.ask({ kind: "prepare", transaction }, session);
    }
    const more = send({ ...origin, sequence: 2 }, 2);
    node.ask({ kind: "commit", transaction }, 2);
    node.endTurn().sync();

    expect(prepared(node)).toEqual([[transaction], [transaction], [transaction]]);
    expect(node.answers().filter(({ kind }) => kind === "refuse")).toMatchObject([{ receipt: more }]);
    expect(depth(node)).toMatchObject({ depth: 1 });
  });

  test("a rollback puts its messages back into the hands that had them, with the room they take", () => {
    const node = new NodeBench().start().grant(1).open();
    prepare(node);
    node.send();
    node.endTurn().sync();
    node.take();
    node.ask({ kind: "rollback", transaction });
    node.endTurn().sync();
    node.send();
    node.endTurn().sync();
    expect(node.answers().filter(({ kind }) => kind === "deliver")).toEqual([]);
    expect(depth(node).delivered.size).toBe(2);
  });

  test("a rollback gives its messages to others when their consumer, or its connection, is gone", () => {
    for (const isConnected of [true, false]) {
      const node = new NodeBench().start().grant(1).open(1).open(2);
      prepare(node);
      if (isConnected) node.ask({ kind: "unsubscribe", subscription: "s", unseen: [] });
      else node.give({ kind: "session-closed", session: 1 as never });
      node.take();
      node.ask({ kind: "forget", transaction }, 2);
      node.subscribe(2);
      node.endTurn().sync();
      expect(node.answers().filter(({ kind }) => kind === "deliver")).toMatchObject([{ deliveryCount: 2 }]);
      expect(depth(node)).toMatchObject({ depth: 1 });
    }
  });

  test("what is open and not prepared is undone when its connection leaves", () => {
    const node = new NodeBench().start().grant(1).open(1).open(2);
    node.ask({ kind: "begin", transaction });
    node.ask({ kind: "send", message: messageTo(orders), transaction });
    node.give({ kind: "session-closed", session: 1 as never });
    node.ask({ kind: "begin", transaction }, 2);
    const forget = node.ask({ kind: "forget", transaction }, 2);
    node.endTurn().sync();
    expect(node.answers().filter(({ kind }) => kind === "refuse")).toMatchObject([{ receipt: forget }]);
    expect(node.node.history.broker.queues.has("queue://orders")).toBe(false);
  });
});
