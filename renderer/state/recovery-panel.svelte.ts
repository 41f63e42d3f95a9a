import type { NodeName } from "../../engine/control/views.ts";
import { sentenceOf, type Backend } from "../backend.ts";
import type { Plan } from "../recovery/plan.ts";

export class RecoveryPanel {
  plan = $state.raw<Plan>({ kind: "closed" });
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Says what a recovery would do; changes nothing. `from`: whose side is to be kept, `null`: the one that is ahead. */
  async check(from: NodeName | null = null): Promise<void> {
    this.plan = { kind: "checking" };
    await this.#try(async () => {
      const view = await this.#backend.call("startRecovery", {
        dryRun: true,
        ...(from === null ? {} : { from }),
      });
      if (view.preflight === null)
        throw new Error("The preflight gave no answer. Nothing was changed; try again.");
      this.plan = { kind: "ready", preflight: view.preflight, from: view.from, to: view.to };
    });
  }

  /**
   * Does what the check said, in the direction that was shown. `force` overwrites a store that is ahead or has a history
   * of its own; its directory is kept all the same.
   */
  async run(force: boolean): Promise<void> {
    const from = this.plan.kind === "ready" ? this.plan.from : null;
    this.plan = { kind: "following" };
    await this.#try(async () => {
      await this.#backend.call("startRecovery", {
        ...(from === null ? {} : { from }),
        ...(force ? { force } : {}),
      });
    });
  }

  async undo(): Promise<void> {
    this.plan = { kind: "following" };
    await this.#try(async () => {
      await this.#backend.call("undoRecovery", {});
    });
  }

  async removeKept(): Promise<void> {
    await this.#try(async () => {
      await this.#backend.call("removeKept", {});
      this.plan = { kind: "closed" };
    });
  }

  /** The running copy, or the last one's result. */
  show(): void {
    this.plan = { kind: "following" };
  }

  close(): void {
    this.plan = { kind: "closed" };
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.plan = { kind: "failed", reason: sentenceOf(error) };
    }
  }
}
