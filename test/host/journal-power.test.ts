import { expect, test } from "vitest";
import { emptyDigest, digestText } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime } from "../../engine/base/units.ts";
import { Journal } from "../../engine/host/journal.ts";
import { nextEntry, type Head, type JournalEntry } from "../../engine/pair/entry.ts";
import { Clock } from "../world/clock.ts";
import { SimulatedFiles } from "../world/files.ts";
import { Random } from "../world/random.ts";

const beginning: Head = { op: asOp(0), epoch: asEpoch(1), stampedAt: asWallTime(0), digest: emptyDigest };

/** The real journal writes, syncs and cuts; after `steps` of that the power goes, and it is opened again. */
function loseThePower(seed: number, steps: number): { confirmed: number; kept: string[]; written: string[] } {
  const random = new Random(seed);
  const clock = new Clock();
  const files = new SimulatedFiles(clock, random.split(1));
  const pace = { ...files.pace, isQuick: () => random.chance(0.2) };
  const surroundings = { files, segmentBytesMax: 4_000, reserveBytes: 1_500, pace };
  const open = (): Journal =>
    new Journal("anywhere", "power-loss", asOp(1), (error) => expect.fail(error.message), surroundings);
  const journal = open();
  const entries: JournalEntry[] = [];
  let confirmed = 0;
  for (let step = 0; step < steps; step += 1) {
    const kind = random.below(8);
    if (kind < 5) {
      const batch: JournalEntry[] = [];
      for (let count = 1 + random.below(4); count > 0; count -= 1) {
        // Less than a sector and several, some of them with nothing but zeros.
        const owner = random.pick(["x", "\0"]).repeat(random.below(random.pick([60, 2_000])));
        const leave = { kind: "leave", owner, keepsTemporaries: false } as const;
        const head = entries.at(-1) ?? beginning;
        batch.push(nextEntry(head, asEpoch(1), asWallTime(step), leave));
        entries.push(batch.at(-1)!);
      }
      const last = entries.length;
      journal.append(batch, () => (confirmed = last));
      journal.sync();
    } else if (kind < 7) {
      clock.run(clock.now + random.between(0, 3));
    } else {
      clock.run(clock.now + 100);
      const after = confirmed - random.below(Math.min(confirmed + 1, 6));
      journal.cut(asOp(after));
      entries.length = after;
      confirmed = after;
    }
  }
  files.losePower();
  const again = open();
  const kept = again.read(asOp(1), 0).length === 0 ? [] : everything(again);
  return { confirmed, kept, written: entries.map(({ digest }) => digestText(digest)) };
}

function everything(journal: Journal): string[] {
  const ops = Array.from({ length: journal.last }, (_, index) => asOp(index + 1));
  return [...journal.findAll(ops)].map(({ digest }) => digestText(digest));
}

test("journal: whatever is lost with the power, what was confirmed is there, and nothing that was not written", () => {
  for (let seed = 1; seed <= 100; seed += 1)
    for (let steps = 0; steps <= 24; steps += 1) {
      const { confirmed, kept, written } = loseThePower(seed, steps);
      expect(kept.length, `seed ${seed}, ${steps} steps`).toBeGreaterThanOrEqual(confirmed);
      expect(kept).toEqual(written.slice(0, kept.length));
    }
});
