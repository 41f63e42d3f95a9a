import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { digestText } from "../../engine/base/checksum.ts";
import type { RecoveryView } from "../../engine/control/views.ts";
import { Recovery } from "../../engine/supervisor/recovery.ts";
import { RecoveryFiles, settleInterrupted } from "../../engine/supervisor/recovery-journal.ts";
import type { RecoveryHands } from "../../engine/supervisor/recovery-steps.ts";
import type { StoreReport } from "../../engine/supervisor/store-check.ts";
import { SimulatedDisk } from "../world/disk.ts";
import type { NodeName } from "../world/host.ts";
import type { World } from "../world/world.ts";

const nodeNames = ["primary", "replica"] as const;

interface StoreFile {
  readonly id: number;
  readonly epoch: number;
  readonly op: number;
  readonly digest: string;
  /** Every store is as large as every other, so that a story's bytes do not depend on a digest. */
  readonly filler: string;
}

/** One supervisor's process, as far as a recovery goes. */
interface Life {
  isDead: boolean;
  readonly killAt: string | null;
  readonly isCopyDamaged: boolean;
  isCopyMade: boolean;
}

export interface RecoverySurroundings {
  readonly world: World;
  readonly say: (words: string) => void;
  /** One store was copied over the other. */
  readonly copied: (from: NodeName, to: NodeName) => void;
  readonly isProtected: () => boolean;
}

/**
 * The product's own recovery copy on the simulated pair. Directories and files are real, so that what a kill leaves
 * behind is what it would leave; a simulated disk stands behind the one file of each store. Virtual time passes only
 * while the recovery waits for a process.
 */
export class StageRecovery {
  readonly #around: RecoverySurroundings;
  #directory = mkdtempSync(join(tmpdir(), "understudy-story-"));
  readonly #used: string[] = [this.#directory];
  readonly #disks = new Map<number, SimulatedDisk>();
  /** The file that stands for a node's disk as it is now. */
  readonly #live: Record<NodeName, number> = { primary: 0, replica: 0 };
  #run: Life | null = null;
  #waits: (() => boolean)[] = [];
  #recovery: Recovery | null = null;
  #shown = "";

  constructor(around: RecoverySurroundings) {
    this.#around = around;
  }

  get view(): RecoveryView | null {
    return this.#recovery?.view ?? null;
  }

  get kept(): readonly string[] {
    return readdirSync(this.#directory).filter((name) => name.includes(".kept-"));
  }

  /** Runs to its end, or to the point at which the supervisor's process is killed. */
  async run(
    wish: { from?: NodeName; force: boolean },
    { killAt = null, isCopyDamaged = false }: { killAt?: string | null; isCopyDamaged?: boolean } = {},
  ): Promise<void> {
    for (const node of nodeNames) this.#save(node);
    const run: Life = { isDead: false, killAt, isCopyDamaged, isCopyMade: false };
    this.#run = run;
    const recovery = new Recovery(this.#hands(run));
    this.#recovery = recovery;
    try {
      await recovery.start({ dryRun: false, ...wish });
    } catch (error) {
      this.#around.say(`is refused: ${(error as Error).message}`);
      return;
    }
    await this.#passUntil(() => run.isDead || !recovery.isRunning);
    if (run.isDead && killAt === null) return;
    await this.#passUntil(() => !recovery.isRunning);
  }

  async undo(): Promise<void> {
    const recovery = this.#recovery;
    if (recovery === null) throw new Error("there was no recovery");
    for (const node of nodeNames) this.#save(node);
    let isOver = false;
    const undone = recovery
      .undo()
      .catch((error: unknown) => this.#around.say(`is refused: ${(error as Error).message}`))
      .finally(() => (isOver = true));
    await this.#passUntil(() => isOver);
    await undone;
    for (const node of nodeNames) this.#load(node);
  }

  /** The supervisor's process is killed: what it has put on the disk stays, and it does nothing more. */
  die(): void {
    if (this.#run === null || this.#run.isDead) return;
    this.#run.isDead = true;
    this.#waits = [];
    const next = mkdtempSync(join(tmpdir(), "understudy-story-"));
    cpSync(this.#directory, next, { recursive: true });
    this.#directory = next;
    this.#used.push(next);
  }

  /** What a new supervisor does before it starts a broker. */
  settle(): void {
    const { world, say } = this.#around;
    const notice = settleInterrupted(new RecoveryFiles(this.#directory), this.#now(), (inSync, op) => {
      const { state } = world.book;
      world.book.state = {
        ...state,
        inSync: [...inSync],
        alone: inSync.length === 1,
        provenOp: op,
        split: false,
      };
      say(`proves that the ${inSync.join(" and the ")} hold${inSync.length === 1 ? "s" : ""} everything`);
    });
    if (notice !== null) say(`notes: ${notice}`);
    for (const node of nodeNames) if (this.#live[node] !== 0) this.#load(node);
  }

  dispose(): void {
    for (const directory of this.#used) rmSync(directory, { recursive: true, force: true });
  }

  #hands(life: Life): RecoveryHands {
    const { world, say } = this.#around;
    const supervisor = world.supervisor!;
    const alive = (action: () => void): void => {
      if (!life.isDead) action();
    };
    return {
      dataDirectory: this.#directory,
      profile: world.options.profile ?? "guarded",
      storeCheck: (path) => Promise.resolve(this.#check(path)),
      inSync: () => supervisor.state.inSync,
      isSplit: () => supervisor.state.split,
      isProtected: this.#around.isProtected,
      isLinkBroken: () => false,
      isRunning: (node) => world.hosts[node] !== null,
      position: (node) => positionOf(world, node),
      suspend: () => alive(() => supervisor.tell({ kind: "suspended" })),
      resume: () => alive(() => supervisor.tell({ kind: "resumed" })),
      stop: (node, pair) => this.#stop(node, pair, life),
      expect: (node) => alive(() => supervisor.tell({ kind: "starting", node })),
      start: (node) => {
        alive(() => {
          this.#load(node);
          supervisor.start(node);
        });
        return Promise.resolve();
      },
      servingOf: (node) =>
        this.#until(
          () => world.hosts[node]?.node?.state.kind === "active",
          () => failureOf(world, node),
        ),
      mirroringOf: (node) => this.#until(this.#around.isProtected, () => failureOf(world, node)),
      prove: (inSync, op) => alive(() => supervisor.tell({ kind: "stores-proven", inSync, op })),
      changed: (view) => alive(() => this.#show(view)),
      notice: (text) => alive(() => say(`notes: ${text}`)),
      now: () => this.#now(),
      reached: (point) => this.#reached(point, life),
    };
  }

  #reached(point: string, life: Life): void {
    if (life.isDead) return;
    if (point === "adopted") {
      life.isCopyMade = true;
      const { from, to } = this.#recovery!.view;
      this.#around.copied(from!, to!);
      this.#load(to!);
    }
    if (point === "put back") this.#load(this.#recovery!.view.to!);
    if (point !== life.killAt) return;
    this.#around.say(`*** the supervisor's process is killed here (${point})`);
    this.die();
    this.#around.world.killSupervisor();
    // The process is gone, but this function is not: whatever it does from here on, it does to a copy.
    throw new Error("killed");
  }

  #stop(node: NodeName, pair: boolean, life: Life): Promise<void> {
    const { world } = this.#around;
    const host = world.hosts[node];
    if (host === null || life.isDead) return Promise.resolve();
    host.thaw();
    world.supervisor?.tell({ kind: "stopping", node });
    host.take({ kind: "stop", pair });
    // Whoever stops a process knows that it ended when the arbiter knows.
    let goneAt = Infinity;
    return this.#until(() => {
      if (world.hosts[node] !== host) goneAt = Math.min(goneAt, world.clock.now);
      return world.clock.now > goneAt + 2;
    }).then(() => this.#save(node));
  }

  #until(isTrue: () => boolean, failure: () => string | null = () => null): Promise<void> {
    if (this.#run?.isDead === true) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const reason = failure();
        if (isTrue()) resolve();
        else if (reason !== null) reject(new Error(reason));
        else return false;
        return true;
      };
      this.#waits.push(look);
    });
  }

  /** Lets files be moved in real time, and processes run in virtual time while they are waited for. */
  async #passUntil(isOver: () => boolean): Promise<void> {
    const { clock } = this.#around.world;
    const until = clock.now + 30_000;
    while (!isOver()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#waits.length === 0) continue;
      if (clock.now > until) throw new Error("the recovery waits for something that does not come");
      clock.run(clock.now + 1);
      this.#waits = this.#waits.filter((look) => !look());
    }
  }

  #show(view: RecoveryView): void {
    const step = view.steps.findLast(({ state }) => state === "done" || state === "failed");
    const now = `${view.state} ${step?.name ?? ""} ${step?.state ?? ""}`;
    if (now === this.#shown) return;
    this.#shown = now;
    const { say } = this.#around;
    if (view.state !== "running")
      return say(`is ${view.state}${view.error === null ? "" : `: ${view.error}`}`);
    if (step !== undefined) say(`${step.label}: ${step.detail}`);
  }

  /** Makes the node's directory stand for its disk as it is now. */
  #save(node: NodeName): void {
    const { world } = this.#around;
    const disk = new SimulatedDisk(world.clock);
    disk.copyFrom(world.disks[node]);
    const id = this.#disks.size + 1;
    this.#disks.set(id, disk);
    this.#live[node] = id;
    const { epoch, headOp: op } = disk;
    const file: StoreFile = { id, epoch, op, digest: disk.chainAt(op) ?? "", filler: "" };
    const text = JSON.stringify(file);
    mkdirSync(join(this.#directory, node), { recursive: true });
    writeFileSync(
      join(this.#directory, node, "store.json"),
      JSON.stringify({ ...file, filler: "x".repeat(4_096 - text.length) }),
    );
  }

  /** Makes the node's disk what its directory stands for. */
  #load(node: NodeName): void {
    const { id } = this.#read(join(this.#directory, node));
    if (id === this.#live[node]) return;
    this.#around.world.disks[node].copyFrom(this.#disks.get(id)!);
    this.#around.world.oracle.classic?.replaced(node);
    this.#live[node] = id;
  }

  #read(path: string): StoreFile {
    return JSON.parse(readFileSync(join(path, "store.json"), "utf8")) as StoreFile;
  }

  #check(path: string): StoreReport {
    const isCopy = basename(path) === this.#recovery?.view.to && dirname(path) === this.#directory;
    if (isCopy && this.#run?.isCopyDamaged === true && this.#run.isCopyMade)
      return { sound: false, detail: "entry 2 of the journal does not fit its digest" };
    const { epoch, op, digest } = this.#read(path);
    return { sound: true, position: { epoch, op, digest }, pairId: null, messages: 0, storeBytes: 0 };
  }

  #now(): number {
    return 1_700_000_000_000 + Math.floor(this.#around.world.clock.now);
  }
}

/** Why a node that was started will not come; as `engine/supervisor/recovery-hands.ts` has it. */
function failureOf(world: World, node: NodeName): string | null {
  const host = world.hosts[node];
  if (host === null) return `the ${node} ended`;
  const kind = host.node?.state.kind;
  return kind === "out-of-sync" || kind === "fenced"
    ? `the ${node} is ${kind}: ${host.node?.reason ?? ""}`
    : null;
}

function positionOf(world: World, node: NodeName): ReturnType<RecoveryHands["position"]> {
  const history = world.hosts[node]?.node?.history;
  if (history === undefined) return null;
  return { epoch: history.epoch, op: history.head.op, digest: digestText(history.head.digest) };
}
