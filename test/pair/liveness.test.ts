import { expect, test } from "vitest";
import { asInstant as at } from "../../engine/base/units.ts";
import { Liveness } from "../../engine/pair/liveness.ts";

test("liveness: a peer is overdue after the time-out, and not before", () => {
  const liveness = new Liveness(1_000, at(5_000));
  expect(liveness.isOverdue(at(6_000))).toBe(false);
  expect(liveness.isOverdue(at(6_001))).toBe(true);
  liveness.heard(at(6_500));
  expect(liveness.isOverdue(at(7_500))).toBe(false);
  expect(liveness.isOverdue(at(7_501))).toBe(true);
});

test("liveness: each side speaks four times within the time-out, and at once when it never spoke", () => {
  const liveness = new Liveness(1_000, at(0));
  expect(liveness.shouldSpeak(at(0))).toBe(true);
  liveness.said(at(0));
  expect(liveness.shouldSpeak(at(249))).toBe(false);
  expect(liveness.shouldSpeak(at(250))).toBe(true);
});
