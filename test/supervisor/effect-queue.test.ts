import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshArbiterState, type ArbiterEffect } from "../../engine/supervisor/arbiter-state.ts";
import { EffectQueue } from "../../engine/supervisor/effect-queue.ts";

let isDiskFull: boolean;
let done: string[];
let complaints: string[];
let queue: EffectQueue;

beforeEach(() => {
  vi.useFakeTimers();
  isDiskFull = false;
  done = [];
  complaints = [];
  queue = new EffectQueue(
    (effect) => {
      if (effect.kind === "persist" && isDiskFull) throw new Error("no space");
      done.push(effect.kind === "tell" ? `tell ${effect.node}` : effect.kind);
    },
    ({ message }) => complaints.push(message),
  );
});
afterEach(() => vi.useRealTimers());

const persist: ArbiterEffect = { kind: "persist", state: freshArbiterState };
const tell = (node: "primary" | "replica"): ArbiterEffect => ({
  kind: "tell",
  node,
  order: { kind: "denied", epoch: 1, reason: "the other serves" } as never,
});

test("what can be written down is carried out at once and in order", () => {
  queue.add([persist, tell("primary")]);
  expect(done).toEqual(["persist", "tell primary"]);
});

test("nobody is told anything before the decision is on the disk, and everything once it is", async () => {
  isDiskFull = true;
  queue.add([persist, tell("primary")]);
  queue.add([tell("replica")]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual([]);
  expect(complaints).toEqual(["no space"]);

  isDiskFull = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual(["persist", "tell primary", "tell replica"]);

  isDiskFull = true;
  queue.add([persist]);
  expect(complaints).toEqual(["no space", "no space"]);
});

test("what a process was to be told is not told to the next one in its place", async () => {
  isDiskFull = true;
  queue.add([persist, tell("primary"), tell("replica")]);
  queue.forget("primary");
  isDiskFull = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual(["persist", "tell replica"]);
});
