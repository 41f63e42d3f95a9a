import { expect, test } from "vitest";
import { asInstant as at } from "../../engine/base/units.ts";
import { Liveness, stillMs, tickMs } from "../../engine/pair/liveness.ts";
import { holderPingTimeoutMs } from "../../engine/supervisor/arbiter.ts";

test("liveness: a peer is overdue after the time-out, and not before", () => {
  const liveness = new Liveness(1_000, at(5_000));
  expect(liveness.isOverdue(at(6_000))).toBe(false);
  expect(liveness.isOverdue(at(6_001))).toBe(true);
  liveness.heard(at(6_500));
  expect(liveness.isOverdue(at(7_500))).toBe(false);
  expect(liveness.isOverdue(at(7_501))).toBe(true);
});

test("liveness: time in which the process stood still is no silence, but for what a tick may be late", () => {
  const liveness = new Liveness(1_000, at(0));
  liveness.heard(at(500));
  liveness.awake(at(500));
  expect(liveness.stoodStill(at(500 + stillMs))).toBe(false);
  expect(liveness.stoodStill(at(501 + stillMs))).toBe(true);
  liveness.awake(at(9_500));
  expect(liveness.stoodStill(at(9_500))).toBe(false);
  expect(liveness.isOverdue(at(10_500 - stillMs))).toBe(false);
  expect(liveness.isOverdue(at(10_501 - stillMs))).toBe(true);
});

test("liveness: what was heard before the first tick after a long sleep counts from then on, not from later", () => {
  const liveness = new Liveness(1_000, at(0));
  liveness.heard(at(4_999));
  liveness.awake(at(5_000));
  expect(liveness.isOverdue(at(6_001))).toBe(true);
});

test("liveness: one who was passed over knows that it may have been", () => {
  expect(stillMs).toBeLessThan(holderPingTimeoutMs);
});

test("liveness: each side speaks four times within the time-out, and at once when it never spoke", () => {
  const liveness = new Liveness(1_000, at(0));
  expect(liveness.shouldSpeak(at(0))).toBe(true);
  liveness.said(at(0));
  expect(liveness.shouldSpeak(at(250 - tickMs))).toBe(false);
  expect(liveness.shouldSpeak(at(251 - tickMs))).toBe(true);
});

test("liveness: with the shortest time-out of all, what was said between two ticks leaves no silence that alarms", () => {
  const shortest = 200;
  // The active node's patience is shorter than the time-out; a third of it is for the way and for late ticks.
  const alarmMs = shortest * 0.75 * 0.67;
  for (let saidAt = 0; saidAt < tickMs; saidAt += 1) {
    const liveness = new Liveness(shortest, at(0));
    liveness.said(at(saidAt));
    let tick = tickMs;
    while (!liveness.shouldSpeak(at(tick))) tick += tickMs;
    expect(tick - saidAt).toBeLessThanOrEqual(alarmMs);
  }
});
