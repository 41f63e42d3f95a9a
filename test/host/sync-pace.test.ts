import { expect, test } from "vitest";
import { SyncPace } from "../../engine/host/sync-pace.ts";

interface Disk {
  readonly pace: SyncPace;
  readonly sync: (tookMs: number) => void;
  readonly pass: (ms: number) => void;
}

/** A pace on a clock that stands still but for the disk. */
function paceOf(): Disk {
  let now = 0;
  const pace = new SyncPace(() => now);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { pace, sync: (tookMs) => pace.timed(() => pass(tookMs)), pass };
}

test("sync pace: a quick disk is waited for, with a slow sync now and then too", () => {
  const { pace, sync } = paceOf();
  for (let round = 0; round < 50; round += 1) {
    expect(pace.isQuick()).toBe(true);
    sync(round % 10 === 9 ? 2 : 0.1);
  }
});

test("sync pace: a slow disk is not waited for, but for a try now and then; a quick one is again", () => {
  const { pace, sync, pass } = paceOf();
  let waited = 0;
  for (let round = 0; round < 100 && pace.isQuick(); round += 1, waited += 1) sync(2);
  expect(waited).toBeLessThan(10);
  pass(900);
  expect(pace.isQuick()).toBe(false);
  pass(100);
  expect(pace.isQuick()).toBe(true);
  sync(2);
  expect(pace.isQuick()).toBe(false);
  pass(1_000);
  sync(0.1);
  expect(pace.isQuick()).toBe(true);
});

test("sync pace: a sync that fails has taken its time too", () => {
  const { pace, pass } = paceOf();
  expect(() =>
    pace.timed(() => {
      pass(100);
      throw new Error("no more");
    }),
  ).toThrow("no more");
  expect(pace.isQuick()).toBe(false);
});
