import { describe, expect, test } from "vitest";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import type { FailoverUri } from "../../engine/client/failover-uri.ts";
import { nextAttempt, reconnectAfterLoss, reconnectStart } from "../../engine/client/reconnect.ts";
import type { ReconnectState } from "../../engine/client/reconnect.ts";

const pair = (options: string): FailoverUri => parseFailoverUri(`failover:(tcp://a:1,tcp://b:2)?${options}`);

/** Tries until `count` addresses have not answered, each after `costMs`; what was tried when. */
function tryAll(
  uri: FailoverUri,
  from: ReconnectState,
  options: { count: number; costMs?: number; random?: () => number },
): string[] {
  const tried: string[] = [];
  let now = from.passAt ?? 0;
  let state = from;
  for (let index = 0; index < options.count; index += 1) {
    const step = nextAttempt(uri, state, now, options.random ?? (() => 0));
    if (step.kind === "give-up") return [...tried, `gave up after ${step.failedPassCount}`];
    tried.push(`${step.address.host}@${step.at}`);
    now = step.at + (options.costMs ?? 0);
    state = step.state;
  }
  return tried;
}

describe("reconnect: times", () => {
  test("the first pass starts at once, the next ones ever later up to the limit", () => {
    const uri = pair("randomize=false&maxReconnectDelay=50");
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 12 })).toEqual([
      "a@0",
      "b@0",
      "a@10",
      "b@10",
      "a@30",
      "b@30",
      "a@70",
      "b@70",
      "a@120",
      "b@120",
      "a@170",
      "b@170",
    ]);
  });

  test("a delay starts when the pass has ended", () => {
    const uri = pair("randomize=false");
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 4, costMs: 100 })).toEqual([
      "a@0",
      "b@100",
      "a@210",
      "b@310",
    ]);
  });

  test("without exponential back-off the delay stays", () => {
    const uri = pair("randomize=false&useExponentialBackOff=false&initialReconnectDelay=7");
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 6 })).toEqual([
      "a@0",
      "b@0",
      "a@7",
      "b@7",
      "a@14",
      "b@14",
    ]);
  });

  test("after a loss the first pass waits for the initial delay, and longer after short lives", () => {
    const uri = pair("randomize=false");
    expect(reconnectAfterLoss(uri, "tcp://a:1", 100, 0).passAt).toBe(110);
    expect(reconnectAfterLoss(uri, "tcp://a:1", 100, 3).passAt).toBe(180);
    expect(reconnectAfterLoss(uri, "tcp://a:1", 0, 1_000_000).passAt).toBe(30_000);
  });
});

describe("reconnect: order", () => {
  test("the address that was lost is tried last", () => {
    const uri = pair("randomize=false");
    expect(tryAll(uri, reconnectAfterLoss(uri, "tcp://a:1", 0, 0), { count: 2 })).toEqual(["b@10", "a@10"]);
  });

  test("randomize shuffles each pass and keeps the lost one last", () => {
    const uri = parseFailoverUri("failover:(tcp://a:1,tcp://b:2,tcp://c:3)");
    const pass = (random: () => number): string[] =>
      tryAll(uri, reconnectAfterLoss(uri, "tcp://b:2", 0, 0), { count: 3, random });
    expect(pass(() => 0)).toEqual(["c@10", "a@10", "b@10"]);
    expect(pass(() => 0.999)).toEqual(["a@10", "c@10", "b@10"]);
  });

  test("priorityBackup puts the preferred address first, also when it is not the first of the list", () => {
    const uri = parseFailoverUri(
      "failover:(tcp://a:1,tcp://b:2,tcp://c:3)?randomize=false&priorityBackup=true&priorityURIs=tcp://c:3",
    );
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 3 })).toEqual(["c@0", "a@0", "b@0"]);
  });
});

describe("reconnect: limits", () => {
  test("maxReconnectAttempts counts passes", () => {
    const uri = pair("randomize=false&maxReconnectAttempts=2");
    expect(tryAll(uri, reconnectAfterLoss(uri, "tcp://a:1", 0, 0), { count: 9 })).toEqual([
      "b@10",
      "a@10",
      "b@20",
      "a@20",
      "gave up after 2",
    ]);
  });

  test("startupMaxReconnectAttempts counts only before the first connection", () => {
    const uri = pair("randomize=false&maxReconnectAttempts=1&startupMaxReconnectAttempts=2");
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 9 }).at(-1)).toBe("gave up after 2");
    expect(tryAll(uri, reconnectAfterLoss(uri, "tcp://a:1", 0, 0), { count: 9 }).at(-1)).toBe(
      "gave up after 1",
    );
  });

  test("a plain address is tried once and not again after a loss", () => {
    const uri = parseFailoverUri("tcp://a:1");
    expect(tryAll(uri, reconnectStart(uri, 0), { count: 9 })).toEqual(["a@0", "gave up after 1"]);
    expect(tryAll(uri, reconnectAfterLoss(uri, "tcp://a:1", 0, 0), { count: 9 })).toEqual([
      "gave up after 0",
    ]);
  });
});
