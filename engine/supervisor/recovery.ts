import { BrokerError } from "../base/errors.ts";
import type { NodeName, RecoveryView } from "../control/views.ts";
import { copyDirectory, directoryBytes, freeBytes } from "./copy.ts";
import { RecoveryFiles, type RecoveryRecord, type RecoveryStage } from "./recovery-journal.ts";
import {
  planRecovery,
  type RecoveryFacts,
  type RecoveryPlan,
  type StoreFacts,
} from "./recovery-preflight.ts";
import {
  idleRecovery,
  recoveryStepsOf,
  RecoveryMeter,
  stepLabel,
  type RecoveryHands,
  type StepName,
} from "./recovery-steps.ts";
import { keptStoreName } from "./kept-store.ts";

/** The recovery copy: the classic steps, each written down before it is taken, each undone if a later one fails. */
export class Recovery {
  readonly #hands: RecoveryHands;
  readonly #files: RecoveryFiles;
  #view: RecoveryView = idleRecovery();
  #isBusy = false;

  constructor(hands: RecoveryHands) {
    this.#hands = hands;
    this.#files = new RecoveryFiles(hands.dataDirectory);
  }

  get view(): RecoveryView {
    return this.#view;
  }

  get isRunning(): boolean {
    return this.#isBusy;
  }

  /** Shows the last result again after a restart. */
  async restore(): Promise<void> {
    const record = this.#files.read();
    if (record === null) return;
    const state = record.stage === "done" ? "done" : record.stage === "undone" ? "undone" : "failed";
    this.#update({
      state,
      from: record.from,
      to: record.to,
      error: record.error,
      startedAt: record.startedAt,
      endedAt: record.endedAt,
      kept: await this.#keptBy(record),
    });
  }

  /** Compares the stores and says what would happen. */
  async preflight(wish: { from?: NodeName | undefined; force: boolean }): Promise<RecoveryPlan> {
    const [primary, replica] = await Promise.all([this.#factsOf("primary"), this.#factsOf("replica")]);
    const facts: RecoveryFacts = {
      stores: { primary, replica },
      inSync: this.#hands.inSync(),
      split: this.#hands.isSplit(),
      profile: this.#hands.profile,
      isProtected: this.#hands.isProtected(),
      isLinkBroken: this.#hands.isLinkBroken(),
      freeBytes: await freeBytes(this.#hands.dataDirectory),
    };
    return planRecovery(facts, wish);
  }

  /** Begins a recovery; resolves once its preflight has passed, with the rest under way. */
  async start(wish: { dryRun: boolean; from?: NodeName | undefined; force: boolean }): Promise<RecoveryView> {
    if (this.#isBusy) throw new BrokerError("RECOVERY_REFUSED", { detail: "A recovery is running already." });
    this.#isBusy = true;
    try {
      const plan = await this.preflight(wish);
      if (wish.dryRun) {
        this.#isBusy = false;
        return {
          ...idleRecovery(),
          from: plan.from,
          to: plan.to,
          preflight: plan.preflight,
          kept: this.#view.kept,
        };
      }
      if (plan.preflight.refusal !== null)
        throw new BrokerError("RECOVERY_REFUSED", { detail: plan.preflight.refusal });
      this.#begin(plan);
      void this.#run(plan).finally(() => (this.#isBusy = false));
      return this.#view;
    } catch (error) {
      this.#isBusy = false;
      throw error;
    }
  }

  /** Puts the kept directory back; the source's node goes on alone. */
  async undo(): Promise<RecoveryView> {
    const record = this.#files.read();
    if (this.#isBusy)
      throw new BrokerError("RECOVERY_REFUSED", { detail: "A recovery is running: wait for its end." });
    if (record?.stage !== "done" || this.#files.kept(record) === null) {
      throw new BrokerError("RECOVERY_REFUSED", {
        detail: "There is no recovery to undo: no replaced directory is kept.",
      });
    }
    if (!this.#hands.inSync().includes(record.from)) {
      const detail = `The ${record.to} has confirmed messages that the ${record.from} does not hold: undoing would lose them. Recover the ${record.from} first.`;
      throw new BrokerError("RECOVERY_REFUSED", { detail });
    }
    this.#isBusy = true;
    try {
      await this.#undo(record);
    } finally {
      this.#isBusy = false;
    }
    return this.#view;
  }

  /** Deletes the kept directory. */
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
  async removeKept(): Promise<RecoveryView> {
    const record = this.#files.read();
    if (this.#isBusy)
      throw new BrokerError("RECOVERY_REFUSED", { detail: "A recovery is running: wait for its end." });
    if (record === null || this.#files.kept(record) === null)
      throw new BrokerError("RECOVERY_REFUSED", {
        detail: "There is nothing to delete: no replaced directory is kept.",
      });
    this.#files.removeKept(record);
    this.#files.write({ ...record, kept: null });
    this.#update({ kept: null });
    return this.#view;
  }

  async #factsOf(node: NodeName): Promise<StoreFacts> {
    const bytes = await directoryBytes(this.#files.store(node));
    const position = await this.#hands.position(node);
    if (position !== null) return { position, unsound: null, bytes };
    if (bytes === 0) return { position: null, unsound: null, bytes };
    if (this.#hands.isRunning(node))
      return { position: null, unsound: "its process does not say where it stands", bytes };
    const report = await this.#hands.storeCheck(this.#files.store(node));
    return report.sound
      ? { position: report.position, unsound: null, bytes }
      : { position: null, unsound: report.detail, bytes };
  }

  #begin(plan: RecoveryPlan): void {
    this.#view = {
      ...idleRecovery(),
      state: "running",
      from: plan.from,
      to: plan.to,
      preflight: plan.preflight,
      steps: recoveryStepsOf(plan),
      totalBytes: plan.preflight.sourceBytes,
      startedAt: this.#hands.now(),
    };
    this.#step("preflight", "done", plan.preflight.sentence);
  }

  async #run(plan: RecoveryPlan): Promise<void> {
    const { from, to } = plan;
    const wasRunning = { [from]: this.#hands.isRunning(from), [to]: this.#hands.isRunning(to) };
    let record = this.#recordFor(plan);
    const reach = (stage: RecoveryStage): void => {
      record = { ...record, stage };
      this.#files.write(record);
      this.#hands.reached?.(`intent ${stage}`);
    };
    try {
      reach("stop-source");
      await this.#doing("stop-source", () => this.#stopBoth(from, to));
      reach("set-aside");
      await this.#doing("set-aside", () => this.#setAside(record));
      reach("copy");
      await this.#doing("copy", () => this.#copy(from, to));
      reach("verify");
      const op = Number(await this.#doing("verify", () => this.#verify(from, to)));
      record = { ...record, op };
      reach("verified");
      this.#hands.prove(["primary", "replica"], op);
      this.#hands.reached?.("proven");
      reach("done");
    } catch (error) {
      await this.#rollBack(record, wasRunning, messageOf(error));
      return;
    }
    await this.#startBoth(record);
  }

  #recordFor({ from, to }: RecoveryPlan): RecoveryRecord {
    const startedAt = this.#hands.now();
    const kept = this.#files.hasStore(to) ? this.#files.freeName(keptStoreName(to, startedAt)) : null;
    const inSyncBefore = [...this.#hands.inSync()];
    return {
      stage: "stop-source",
      from,
      to,
      kept,
      inSyncBefore,
      op: 0,
      error: null,
      startedAt,
      endedAt: null,
    };
  }

  async #stopBoth(from: NodeName, to: NodeName): Promise<string> {
    this.#hands.suspend();
    await this.#hands.stop(to, true);
    this.#hands.reached?.("target stopped");
    await this.#hands.stop(from, true);
    this.#hands.reached?.("source stopped");
    return `The ${from} is stopped in order; its clients wait.`;
  }

  #setAside(record: RecoveryRecord): Promise<string> {
    if (record.kept === null) return Promise.resolve(`The ${record.to} has no store to keep.`);
    this.#files.setAside(record.to, record.kept);
    this.#hands.reached?.("set aside");
    return Promise.resolve(`Kept as ${record.kept}.`);
  }

  async #copy(from: NodeName, to: NodeName): Promise<string> {
    this.#files.removeCopying(to);
    const total = await directoryBytes(this.#files.store(from));
    const meter = new RecoveryMeter(total, this.#hands.now());
    this.#update({ totalBytes: total });
    await copyDirectory(this.#files.store(from), this.#files.copying(to), (bytes) =>
      this.#update(meter.add(bytes, this.#hands.now())),
    );
    this.#hands.reached?.("copied");
    this.#files.adoptCopy(to);
    this.#hands.reached?.("adopted");
    this.#update({ ...meter.add(0, this.#hands.now()), remainingMs: 0 });
    return `${meter.summary(this.#hands.now())}.`;
  }

  /** Returns the last entry, the same in both stores. */
  async #verify(from: NodeName, to: NodeName): Promise<string> {
    const [source, target] = await Promise.all([
      this.#hands.storeCheck(this.#files.store(from)),
      this.#hands.storeCheck(this.#files.store(to)),
    ]);
    if (!source.sound) throw new Error(`the ${from}'s store is damaged: ${source.detail}`);
    if (!target.sound) throw new Error(`the copy is damaged: ${target.detail}`);
    if (source.position.op !== target.position.op || source.position.digest !== target.position.digest) {
      throw new Error(
        `the copy ends at entry ${target.position.op}, the original at ${source.position.op}, or their digests differ`,
      );
    }
    return String(source.position.op);
  }

  /** The stores are equal and proven: whatever fails from here on, nothing needs to be put back. */
  async #startBoth(record: RecoveryRecord): Promise<void> {
    this.#hands.resume();
    try {
      await this.#doing("start-primary", async () => {
        this.#hands.expect("replica");
        await this.#hands.start("primary");
        await this.#hands.servingOf("primary");
        return "The primary is active.";
      });
      await this.#doing("start-replica", async () => {
        await this.#hands.start("replica");
        await this.#hands.mirroringOf("replica");
        return "The replica mirrors the primary.";
      });
      await this.#finish({ ...record, endedAt: this.#hands.now() }, "done", null);
    } catch (error) {
      if (!this.#hands.isRunning(record.from)) await this.#hands.start(record.from).catch(() => undefined);
      const text = `${capital(messageOf(error))}. Both stores hold everything: the copy was verified, and nothing is lost. Start the broker that does not run, or run the recovery again.`;
      await this.#finish({ ...record, error: text, endedAt: this.#hands.now() }, "failed", text);
    }
  }

  async #rollBack(
    record: RecoveryRecord,
    wasRunning: Partial<Record<NodeName, boolean>>,
    why: string,
  ): Promise<void> {
    let consequence =
      "Both stores are as they were, and nothing is lost. Put the cause right and run the recovery again.";
    try {
      if (record.stage === "verified") this.#hands.prove(record.inSyncBefore, record.op);
      this.#files.putBack(record);
      this.#hands.reached?.("put back");
    } catch (error) {
      consequence = `Putting the kept directory back failed too (${messageOf(error)}). Nothing is lost: the original is in ${record.kept ?? "its place"}; it is put back at the next start.`;
      const text = `${capital(why)}. ${consequence}`;
      this.#hands.resume();
      this.#fail(text);
      return;
    }
    this.#hands.resume();
    for (const node of [record.from, record.to]) {
      if (wasRunning[node] === true && !this.#hands.isRunning(node))
        await this.#hands.start(node).catch(() => undefined);
    }
    const text = `${capital(why)}. ${consequence}`;
    await this.#finish(
      { ...record, stage: "failed", kept: null, error: text, endedAt: this.#hands.now() },
      "failed",
      text,
    );
  }

  async #undo(record: RecoveryRecord): Promise<void> {
    this.#files.write({ ...record, stage: "undo" });
    this.#hands.reached?.("intent undo");
    // As after a failure of the target: the source's node takes over and goes on alone.
    await this.#hands.stop(record.to, false);
    this.#hands.reached?.("target stopped");
    if (this.#hands.isRunning(record.from)) await this.#hands.servingOf(record.from);
    if (this.#hands.inSync().join() !== record.from) this.#hands.prove([record.from], record.op);
    this.#hands.reached?.("proven");
    this.#files.putBack(record);
    this.#hands.reached?.("put back");
    const text = `The ${record.to} has its own store again and does not run; the ${record.from} goes on alone.`;
    await this.#finish(
      { ...record, stage: "undone", kept: null, endedAt: this.#hands.now() },
      "undone",
      null,
    );
    this.#hands.notice(text);
  }

  async #finish(record: RecoveryRecord, state: RecoveryView["state"], error: string | null): Promise<void> {
    this.#files.write(record);
    const kept = await this.#keptBy(record);
    // Whoever sees the end may act on it at once, and sees all of it.
    this.#isBusy = false;
    if (error === null) this.#update({ state, error: null, endedAt: record.endedAt, kept });
    else this.#fail(error, { kept });
    this.#hands.reached?.(`end ${state}`);
  }

  #fail(error: string, changes: Partial<RecoveryView> = {}): void {
    const steps = this.#view.steps.map((step) =>
      step.state === "running" ? { ...step, state: "failed" as const } : step,
    );
    this.#update({
      ...changes,
      state: "failed",
      error,
      steps,
      endedAt: this.#hands.now(),
      remainingMs: null,
    });
  }

  async #keptBy(record: RecoveryRecord): Promise<RecoveryView["kept"]> {
    const directory = this.#files.kept(record);
    return directory === null ? null : { directory, bytes: await directoryBytes(directory), node: record.to };
  }

  /** Runs one step; what the work returns is its detail. */
  async #doing(name: StepName, work: () => Promise<string>): Promise<string> {
    this.#step(name, "running", "");
    const detail = await work();
    this.#step(
      name,
      "done",
      name === "verify" ? `Both end at entry ${detail} with the same digest.` : detail,
    );
    return detail;
  }

  #step(name: StepName, state: "running" | "done", detail: string): void {
    const steps = this.#view.steps.map((step) =>
      step.name === name ? { ...step, state, detail, label: stepLabel(name, this.#view) } : step,
    );
    this.#update({ steps });
  }

  #update(changes: Partial<RecoveryView>): void {
    this.#view = { ...this.#view, ...changes };
    this.#hands.changed(this.#view);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
