import { describe, expect, test } from "vitest";
import type { SessionAnswer } from "../../engine/core/dialogue.ts";
import { limits } from "../../engine/base/limits.ts";
import { asOp } from "../../engine/base/units.ts";
import { Interrupted } from "../../engine/node/interrupted.ts";
import { messageTo, orders } from "../core/helpers.ts";
import { NodeBench, PairBench } from "./bench.ts";

const transaction = "ID:a-1:1";

type Delivery = Extract<SessionAnswer, { kind: "deliver" }>;

function delivered(node: NodeBench): Delivery[] {
  return node.answers().filter((answer) => answer.kind === "deliver");
}

function identify(node: NodeBench, number: number): void {
  node.ask({ kind: "identify", clientId: null, connection: "ID:a-1" }, number);
}

function settle(node: NodeBench, { id }: Delivery, number: number): void {
  node.ask({ kind: "settle", subscription: "s", messages: [id], outcome: "accepted", transaction }, number);
}

/** What a failover client repeats: its transaction and the sends in it. */
function begin(node: NodeBench, number: number): void {
  node.ask({ kind: "begin", transaction }, number);
  node.ask({ kind: "send", message: messageTo(orders, { correlationId: "sent" }), transaction }, number);
}

/** Takes one of two messages and sends another, in an open transaction. */
function work(node: NodeBench, settled: () => unknown): void {
  node.open(1);
  identify(node, 1);
  node.subscribe(1, 2);
  node.send(2, 1);
  settled();
  begin(node, 1);
  settle(node, delivered(node)[0]!, 1);
  settled();
}

/** The same client on the node that took over. */
function failedOver(): NodeBench {
  const pair = new PairBench().whole();
  work(pair.active, () => pair.settle());
  pair.lose();
  return comeBack(pair.standby.wait(1_500).grant(2));
}

/** The same client over another connection, the broker having heard nothing of the former one's end. */
function reconnected(): NodeBench {
  const node = new NodeBench().start().grant(1);
  work(node, () => node.endTurn().sync());
  return comeBack(node);
}

function comeBack(node: NodeBench): NodeBench {
  node.open(2);
  identify(node, 2);
  node.take();
  node.subscribe(2, 2);
  begin(node, 2);
  node.endTurn().sync();
  return node;
}

function commit(node: NodeBench, exposed: readonly string[] = []): SessionAnswer | undefined {
  const receipt = node.ask({ kind: "commit", transaction, exposed }, 2);
  node.endTurn().sync();
  return node.answers().find((answer) => "receipt" in answer && answer.receipt === receipt);
}

const depth = (node: NodeBench): number => node.node.history.broker.queues.get("queue://orders")!.depth;

describe.each([
  ["another node", failedOver],
  ["another connection", reconnected],
])("node: a transaction begun anew over %s", (_, start) => {
  test("is not committed without the acknowledgements it had", () => {
    const node = start();
    expect(commit(node)).toMatchObject({ kind: "refuse", error: { code: "TRANSACTION_INCOMPLETE" } });
    expect(depth(node)).toBe(2);
    // What the client does from now on is new, even under that name.
    begin(node, 2);
    expect(commit(node)).toMatchObject({ kind: "confirm" });
    expect(depth(node)).toBe(3);
  });

  test("is committed once it has them again", () => {
    const node = start();
    settle(node, delivered(node)[0]!, 2);
    expect(commit(node)).toMatchObject({ kind: "confirm" });
    expect(depth(node)).toBe(2);
  });

  test("may be rolled back, and is forgotten", () => {
    const node = start();
    node.ask({ kind: "rollback", transaction }, 2);
    begin(node, 2);
    expect(commit(node)).toMatchObject({ kind: "confirm" });
    expect(depth(node)).toBe(3);
  });
});

test("node: acknowledgements that never came are missing when their consumer had messages in its hands", () => {
  const acknowledged = failedOver();
  settle(acknowledged, delivered(acknowledged)[0]!, 2);
  expect(commit(acknowledged, ["another"])).toMatchObject({ kind: "confirm" });

  const silent = failedOver();
  settle(silent, delivered(silent)[0]!, 2);
  expect(commit(silent, ["s"])).toMatchObject({ kind: "refuse", error: { code: "TRANSACTION_INCOMPLETE" } });
});

test("node: what nobody asked to carry over is committed as it is", () => {
  const node = failedOver();
  const receipt = node.ask({ kind: "commit", transaction }, 2);
  node.endTurn().sync();
  expect(node.confirmed()).toContain(receipt);
});

describe("node: what is remembered of broken connections", () => {
  const settlement = (count: number) => ({
    subscription: "s",
    messages: Array.from({ length: count }, (_, index) => asOp(index + 1)),
    outcome: "accepted" as const,
  });
  const owner = (name: string, count: number) => ({
    held: new Map(),
    transactions: new Map([[name, { sends: [], settlements: [settlement(count)] }]]),
    temporaries: new Set<string>(),
    groups: new Map(),
  });

  test("a transaction too large to remember can only be rolled back", () => {
    const interrupted = new Interrupted();
    interrupted.note(owner("large", limits.interruptedSettlementsMax));
    interrupted.note(owner("one more", 1));
    expect(interrupted.lacks("one more", [settlement(1)], [])).toBe(true);
    expect(interrupted.lacks("large", [settlement(limits.interruptedSettlementsMax)], [])).toBe(false);
    interrupted.over("large");
    interrupted.note(owner("small", 1));
    expect(interrupted.lacks("small", [settlement(1)], [])).toBe(false);
  });

  test("the oldest transaction is forgotten when there are too many", () => {
    const interrupted = new Interrupted();
    for (let number = 0; number <= limits.interruptedNamesMax; number += 1)
      interrupted.note(owner(`t${number}`, 1));
    expect(interrupted.lacks("t0", [], [])).toBe(false);
    expect(interrupted.lacks("t1", [], [])).toBe(true);
  });
});
