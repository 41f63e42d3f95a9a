import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asInstant, asOp } from "../../engine/base/units.ts";
import { emptyDigest } from "../../engine/base/checksum.ts";
import { StandbyFeed, type Parcel } from "../../engine/node/feed.ts";
import { history } from "../host/journal-bench.ts";
import { Clock } from "../world/clock.ts";
import { SimulatedDisk } from "../world/disk.ts";
import { link } from "./bench.ts";

const now = asInstant(1);

/** So many entries of this size, of which the first are in the journal, and a standby that has none of them. */
function begun(count: number, size: number, writtenCount = count) {
  const disk = new SimulatedDisk(new Clock());
  const entries = history(count, size);
  disk.append(entries.slice(0, writtenCount), () => undefined);
  const feed = new StandbyFeed(link(1), "replica 1", asOp(0), emptyDigest, disk);
  feed.acknowledge(asOp(0), emptyDigest, now);
  const acknowledge = (op: number): boolean => feed.acknowledge(asOp(op), entries[op - 1]!.digest, now);
  return { feed, entries, acknowledge };
}

const opsOf = (parcel: Parcel | null): number[] =>
  parcel === null ? [] : parcel.entries.map((_, index) => parcel.after + 1 + index);

test("a standby that catches up gets batch after batch, each once it has the one before", () => {
  const { feed, acknowledge } = begun(9, limits.batchBytesMax / 4);
  const first = feed.catchUp(asOp(9), [], now);
  expect(opsOf(first)).toEqual([1, 2, 3]);
  expect([feed.isLevel, feed.catchUp(asOp(9), [], now)]).toEqual([false, null]);
  expect(acknowledge(3)).toBe(true);
  expect(opsOf(feed.catchUp(asOp(9), [], now))).toEqual([4, 5, 6]);
});

test("it becomes level with what is left and what is on its way to the disk, though more comes all the time", () => {
  const { feed, entries, acknowledge } = begun(9, 20, 5);
  expect(opsOf(feed.catchUp(asOp(4), entries.slice(4, 6), now))).toEqual([1, 2, 3, 4, 5, 6]);
  expect([feed.isLevel, feed.hasCaughtUp]).toEqual([true, false]);
  expect(opsOf(feed.live(entries.slice(6, 9), now))).toEqual([7, 8, 9]);
  expect([acknowledge(6), feed.hasCaughtUp, acknowledge(9), feed.isBusy]).toEqual([true, true, true, false]);
});

test("what is on its way to the disk does not go with the rest where it is large", () => {
  const { feed, entries, acknowledge } = begun(3, limits.batchBytesMax, 1);
  expect(opsOf(feed.catchUp(asOp(1), entries.slice(1, 3), now))).toEqual([1]);
  expect([feed.isLevel, acknowledge(1)]).toEqual([false, true]);
  expect(opsOf(feed.catchUp(asOp(1), entries.slice(1, 3), now))).toEqual([2, 3]);
  expect(feed.isLevel).toBe(true);
});
