import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Recovery } from "../../engine/supervisor/recovery.ts";
import type { RecoveryHands } from "../../engine/supervisor/recovery-steps.ts";
import { RecoveryFiles, settleInterrupted } from "../../engine/supervisor/recovery-journal.ts";
import {
  failedOver,
  keptIn,
  newDirectory,
  prove,
  recoveryWorld,
  storeOf,
  writeStore,
} from "./recovery-world.ts";

let directory: string;
beforeEach(() => {
  directory = newDirectory();
  failedOver(directory);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a recovery to its end. */
async function recover(
  overrides: Partial<RecoveryHands> = {},
  wish: { force?: boolean; from?: "primary" | "replica" } = {},
) {
  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const world = recoveryWorld(directory, {
    reached: (point) => {
      if (point.startsWith("end ")) ended();
    },
    ...overrides,
  });
  world.running.add("replica");
  const recovery = new Recovery(world.hands);
  await recovery.start({ dryRun: false, force: false, ...wish });
  await end;
  return { ...world, recovery };
}

describe("recovery copy", () => {
  test("says that it is done together with what it kept, as whoever sees it may act on it", async () => {
    const seen: unknown[] = [];
    await recover({
      changed: ({ state, kept }) => state === "done" && seen.push(kept?.node ?? null),
    });
    expect(seen).toEqual(["primary"]);
  });

  test("replaces the failed primary's store, keeps the old one, and starts both in order", async () => {
    const { recovery, log, book } = await recover();
    expect(recovery.view).toMatchObject({ state: "done", from: "replica", to: "primary", error: null });
    expect(recovery.view.steps.map(({ state }) => state)).toEqual(Array(7).fill("done"));
    expect(recovery.view.copiedBytes).toBeGreaterThan(300_000);
    expect(recovery.view.copiedBytes).toBe(recovery.view.totalBytes);
    expect(storeOf(directory, "primary")).toBe("9r");
    expect(keptIn(directory)).toEqual(["primary.kept-20260102-030405"]);
    expect(storeOf(directory, "primary.kept-20260102-030405")).toBe("5p");
    expect(log).toEqual([
      "suspend",
      "stop replica",
      "resume",
      "expect replica",
      "start primary",
      "start replica",
    ]);
    expect(book()).toEqual(["primary", "replica"]);
  });

  test("a dry run says what would happen and changes nothing", async () => {
    const { hands, log } = recoveryWorld(directory);
    const view = await new Recovery(hands).start({ dryRun: true, force: false });
    expect(view.preflight).toMatchObject({ allowed: true, ahead: "replica", aheadByEntries: 4 });
    expect(view.preflight?.sentence).toContain("ahead of the primary's by 4 entries");
    expect(log).toEqual([]);
    expect(storeOf(directory, "primary")).toBe("5p");
  });

  test("a store that holds what the other lacks is not overwritten, unless told so", async () => {
    const { hands } = recoveryWorld(directory);
    await expect(new Recovery(hands).start({ dryRun: false, from: "primary", force: false })).rejects.toThrow(
      /holds confirmed messages.*--force/,
    );
    await recover({}, { from: "primary", force: true });
    expect(storeOf(directory, "replica")).toBe("5p");
    expect(storeOf(directory, keptIn(directory)[0]!)).toBe("9r");
  });

  test("the only store that holds everything is not given up because it cannot be read now", async () => {
    const { hands, running } = recoveryWorld(directory, { position: () => null });
    running.add("replica");
    await expect(new Recovery(hands).start({ dryRun: false, force: false })).rejects.toThrow(
      /The replica's store cannot be read/,
    );
    await expect(new Recovery(hands).start({ dryRun: false, from: "primary", force: false })).rejects.toThrow(
      /cannot be read now/,
    );
  });

  test("a tail that was confirmed to nobody does not stop it", async () => {
    writeStore(directory, "primary", 12, "p");
    const { recovery } = await recover();
    expect(recovery.view.preflight?.sentence).toContain("Only the replica's holds everything confirmed");
    expect(storeOf(directory, "primary")).toBe("9r");
  });

  test("a history of its own is refused after a split", async () => {
    const { hands } = recoveryWorld(directory, { isSplit: () => true });
    await expect(new Recovery(hands).start({ dryRun: false, force: false })).rejects.toThrow(
      /active at once/,
    );
  });

  test("behind a broken link nothing is stopped, not even with force", async () => {
    const { hands, log } = recoveryWorld(directory, { isLinkBroken: () => true });
    await expect(new Recovery(hands).start({ dryRun: false, force: true })).rejects.toThrow(
      /Heal it first \(npm run --silent understudy -- link heal\)/,
    );
    expect(log).toEqual([]);
  });

  test("too little room is found before anything is touched", async () => {
    const { planRecovery } = await import("../../engine/supervisor/recovery-preflight.ts");
    const store = { position: { epoch: 1, op: 9, digest: "r" }, unsound: null, bytes: 1e9 };
    const facts = {
      stores: { primary: store, replica: store },
      inSync: ["replica"],
      split: false,
      profile: "guarded",
      isProtected: false,
      isLinkBroken: false,
      freeBytes: 5e8,
    } as const;
    expect(planRecovery(facts, { force: true }).preflight.refusal).toContain("477 MiB are free");
  });

  test("a protected pair has nothing to recover", async () => {
    prove(directory, ["primary", "replica"]);
    const { hands, running } = recoveryWorld(directory);
    running.add("primary").add("replica");
    await expect(new Recovery(hands).start({ dryRun: false, force: false })).rejects.toThrow(
      /nothing to recover/,
    );
  });

  test("a copy that differs is rolled back, and the source goes on", async () => {
    let checks = 0;
    const { hands } = recoveryWorld(directory);
    const { recovery, log, book } = await recover({
      storeCheck: async (path) => {
        checks += 1;
        const report = await hands.storeCheck(path);
        return checks > 2 && path.endsWith("primary") && report.sound
          ? { ...report, position: { ...report.position, digest: "x" } }
          : report;
      },
    });
    expect(recovery.view).toMatchObject({ state: "failed", kept: null });
    expect(recovery.view.error).toMatch(
      /digests differ\. Both stores are as they were, and nothing is lost\..*again\./,
    );
    expect(recovery.view.steps.find(({ name }) => name === "verify")?.state).toBe("failed");
    expect([storeOf(directory, "primary"), storeOf(directory, "replica")]).toEqual(["5p", "9r"]);
    expect(log.slice(-2)).toEqual(["resume", "start replica"]);
    expect(book()).toEqual(["replica"]);
  });

  test("a broker that does not start leaves two proven stores and says so", async () => {
    const { recovery, book } = await recover({
      servingOf: () => Promise.reject(new Error("the primary ended: port in use")),
    });
    expect(recovery.view.error).toMatch(/^The primary ended: port in use\. Both stores hold everything/);
    expect(book()).toEqual(["primary", "replica"]);
    expect(recovery.view.kept).not.toBeNull();
  });
});

describe("recovery copy: undo", () => {
  test("puts the old store back, and the source goes on alone", async () => {
    const { recovery, book } = await recover();
    await recovery.undo();
    expect(recovery.view).toMatchObject({ state: "undone", kept: null });
    expect([storeOf(directory, "primary"), storeOf(directory, "replica")]).toEqual(["5p", "9r"]);
    expect(book()).toEqual(["replica"]);
    await expect(recovery.undo()).rejects.toThrow(/no recovery to undo/);
  });

  test("is refused when the source lacks what was confirmed since", async () => {
    const { recovery } = await recover();
    prove(directory, ["primary"]);
    await expect(recovery.undo()).rejects.toThrow(/would lose them/);
    expect(storeOf(directory, "primary")).toBe("9r");
  });

  test("the kept directory goes when the user says so", async () => {
    const { recovery } = await recover();
    await recovery.removeKept();
    expect(keptIn(directory)).toEqual([]);
    expect(recovery.view.kept).toBeNull();
    await expect(recovery.undo()).rejects.toThrow(/no recovery to undo/);
    await expect(recovery.removeKept()).rejects.toThrow(/nothing to delete/);
  });
});

/** Runs the victim until it kills itself at step `count`; returns the step's name, or `null` when it came to its end. */
function runVictim(what: "recover" | "undo", count: number): Promise<string | null> {
  const victim = fileURLToPath(new URL("recovery-victim.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [victim, directory, what, String(count)], (error, stdout, stderr) => {
      if (error !== null && error.signal !== "SIGKILL") reject(new Error(stderr));
      else resolve(error === null ? null : stdout);
    });
  });
}

describe("recovery copy: the supervisor is killed", () => {
  /** Opens the directory as the next supervisor does. */
  function settle(): string | null {
    return settleInterrupted(new RecoveryFiles(directory), 0, (inSync) => prove(directory, inSync));
  }

  test("at any step: both originals are there, the book tells the truth, and it can be run again", async () => {
    const points: string[] = [];
    for (let count = 1; ; count += 1) {
      rmSync(directory, { recursive: true });
      directory = newDirectory();
      failedOver(directory);
      const point = await runVictim("recover", count);
      if (point === null) break;
      points.push(point);
      const notice = settle();
      const [primary, kept] = [
        storeOf(directory, "primary"),
        keptIn(directory).map((name) => storeOf(directory, name)),
      ];
      const { book } = recoveryWorld(directory);
      expect(storeOf(directory, "replica"), point).toBe("9r");
      if (primary === "9r")
        expect({ kept, book: book() }, point).toEqual({ kept: ["5p"], book: ["primary", "replica"] });
      else
        expect({ primary, kept, book: book() }, point).toEqual({
          primary: "5p",
          kept: [],
          book: ["replica"],
        });
      expect(existsSync(join(directory, "primary.copying")), point).toBe(false);
      if (!point.startsWith("end"))
        expect(notice ?? "done before", point).toMatch(/rolled back|now complete|done before/);
      expect(settle(), point).toBeNull();

      prove(directory, primary === "9r" ? ["primary", "replica"] : ["replica"]);
      await recover();
      expect(storeOf(directory, "primary"), point).toBe("9r");
    }
    expect(points).toEqual(
      expect.arrayContaining([
        "intent set-aside",
        "set aside",
        "copied",
        "adopted",
        "intent verified",
        "proven",
        "intent done",
      ]),
    );
  }, 120_000);

  test("at any step of an undo: it is completed at the next start", async () => {
    const points: string[] = [];
    for (let count = 1; ; count += 1) {
      rmSync(directory, { recursive: true });
      directory = newDirectory();
      failedOver(directory);
      await recover();
      const point = await runVictim("undo", count);
      if (point === null) break;
      points.push(point);
      settle();
      expect(
        [storeOf(directory, "primary"), storeOf(directory, "replica"), keptIn(directory)],
        point,
      ).toEqual(["5p", "9r", []]);
      expect(recoveryWorld(directory).book(), point).toEqual(["replica"]);
      expect(existsSync(join(directory, "primary.copying")), point).toBe(false);
    }
    expect(points).toEqual(expect.arrayContaining(["intent undo", "proven", "put back"]));
  }, 120_000);
});
