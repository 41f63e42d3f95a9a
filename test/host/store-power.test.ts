import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { digestText } from "../../engine/base/checksum.ts";
import { asOp } from "../../engine/base/units.ts";
import { referredAfter } from "../../engine/core/references.ts";
import { Store } from "../../engine/host/store.ts";
import { fingerprint } from "../world/fingerprint.ts";
import { Random } from "../world/random.ts";
import { TracedDisk, type Fate } from "./power/image.ts";
import { readTrace, watchedCalls, type FileEvent } from "./power/trace.ts";

const root = mkdtempSync(join(tmpdir(), "understudy-power-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** What the store's process had promised at one moment. */
class Promises {
  safe = { op: 0, digest: "" };
  term = 0;
  /** By digest of the head: the state that a store with that head is in. */
  readonly states = new Map<string, string>();

  take(line: string): void {
    const [word, number = "0", digest = "", state = ""] = line.split(" ");
    if (word === "safe") this.safe = { op: Number(number), digest };
    else if (word === "floor") this.safe = { op: Math.min(this.safe.op, Number(number)), digest: "" };
    else if (word === "term") this.term = Number(number);
    else if (word === "state") this.states.set(digest, state);
  }
}

function traceOf(seed: number, work: string): FileEvent[] {
  const output = join(root, `${seed}.trace`);
  const flags = ["-f", "-y", "-xx", "-s", "50000000", "-e", `trace=${watchedCalls}`, "-o", output];
  const program = [process.execPath, join(import.meta.dirname, "power", "writer.ts"), work, String(seed)];
  const { status, stderr } = spawnSync("strace", [...flags, "--", ...program], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return readTrace(readFileSync(output, "latin1")).filter(
    (event) => event.kind === "synced" || event.path.startsWith(work),
  );
}

/** Opens what is found, and holds it against what was promised. */
function check(directory: string, { safe, term, states }: Promises, when: string): void {
  const store = new Store(join(directory, "data"), "power-loss");
  try {
    const { head, epoch, broker } = store.load();
    expect(head.op, when).toBeGreaterThanOrEqual(safe.op);
    expect(epoch, when).toBeGreaterThanOrEqual(term);
    const state = states.get(digestText(head.digest)) ?? (head.op === 0 ? null : "a state that never was");
    if (state !== null) expect(Buffer.from(fingerprint(broker)).toString("base64"), when).toBe(state);
    const digest = safe.digest === "" ? null : store.digestAt(asOp(safe.op));
    if (digest !== null) expect(digestText(digest), when).toBe(safe.digest);
    for (const op of referredAfter(broker, asOp(0))) expect(store.message(op), when).not.toBeNull();
    expect(store.findDamage(), when).toBeNull();
  } finally {
    store.close();
  }
}

/**
 * Takes the power away after each change of a file, and opens what is left. `deaf`: files whose syncs do nothing, as on
 * a disk that lies.
 */
function loseThePower(seed: number, work: string, events: readonly FileEvent[], deaf: RegExp | null): number {
  const random = new Random(seed);
  const disk = new TracedDisk();
  const promises = new Promises();
  const found = join(root, "found");
  let losses = 0;
  for (const [index, event] of events.entries()) {
    if (event.kind === "write" && event.path === join(work, "marks")) {
      promises.take(event.bytes.toString().trimEnd());
      continue;
    }
    if (event.kind === "sync" && deaf?.test(event.path) === true) continue;
    disk.take(event);
    if (event.kind === "create" || event.kind === "sync") continue;
    const fate: Fate = random.pick(["lost", "kept", "by the sector", "by the sector"]);
    rmSync(found, { recursive: true, force: true });
    mkdirSync(found);
    disk.write(found, work, fate, random);
    check(found, promises, `seed ${seed}, after event ${index} (${event.kind}), un-synced writes ${fate}`);
    losses += 1;
  }
  return losses;
}

const isWatchable = spawnSync("strace", ["-f", "true"]).status === 0;
if (!isWatchable)
  process.stdout.write("skipped: the store under loss of power (strace is not here, or not allowed)\n");

describe.skipIf(!isWatchable)("store: the power goes while SQLite and the journal are at work", () => {
  const seeds = Array.from({ length: Number(process.env["UNDERSTUDY_SEEDS"] ?? 2) }, (_, index) => index + 1);
  const timeout = 120_000;
  for (const seed of seeds)
    test(
      `seed ${seed}: whatever is lost of what they really wrote, no promise is broken`,
      { timeout },
      () => {
        const work = join(root, `work-${seed}`);
        const losses = loseThePower(seed, work, traceOf(seed, work), null);
        process.stdout.write(`${losses} losses of power\n`);
        expect(losses).toBeGreaterThan(50);
      },
    );

  test("a disk that does not sync when it is told is noticed, whichever file it forgets", { timeout }, () => {
    const work = join(root, "work-deaf");
    const events = traceOf(1, work);
    for (const deaf of [/journal-\d+\.log$/, /store\.sqlite-wal$/, /work-deaf$/])
      expect(() => loseThePower(1, work, events, deaf), String(deaf)).toThrow();
  });
});
