import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NodeName } from "../control/views.ts";
import { arbiterState, freshArbiterState, type ArbiterState } from "./arbiter-state.ts";
import { readJson, writeJsonDurably } from "./durable-file.ts";
import type { StoreCheck } from "./store-check.ts";

/** The arbiter's memory on disk. */
export class ArbiterBook {
  readonly #data: string;

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
  }

  read(): ArbiterState | null {
    return readJson(this.#path, arbiterState);
  }

  write(state: ArbiterState): void {
    writeJsonDurably(this.#path, state);
  }

  /**
   * Makes a book where there is none. Without stores it is a fresh pair; with stores it was lost, and only what they
   * show can be believed: a store that is behind the other does not count as in sync.
   */
  async rebuild(storeCheck: StoreCheck): Promise<ArbiterState> {
    const [primary, replica] = await Promise.all([
      this.#positionOf("primary", storeCheck),
      this.#positionOf("replica", storeCheck),
    ]);
    if (primary === null && replica === null) return freshArbiterState;
    const epoch = Math.max(primary?.epoch ?? 0, replica?.epoch ?? 0);
    const order = compare(primary, replica);
    const inSync: NodeName[] = order === 0 ? ["primary", "replica"] : [order > 0 ? "primary" : "replica"];
    const state = { ...freshArbiterState, epoch, inSync, alone: inSync.length === 1 };
    this.write(state);
    return state;
  }

  async #positionOf(
    node: NodeName,
    storeCheck: StoreCheck,
  ): Promise<{ epoch: number; op: number; digest: string } | null> {
    const directory = join(this.#data, node);
    if (!existsSync(directory)) return null;
    const report = await storeCheck(directory);
    return report.sound ? report.position : null;
  }

  get #path(): string {
    return join(this.#data, "arbiter.json");
  }
}

type Position = { epoch: number; op: number; digest: string } | null;

function compare(one: Position, other: Position): number {
  if (one === null || other === null) return one === null ? -1 : 1;
  if (one.op === other.op && one.digest === other.digest) return 0;
  return Math.sign(one.epoch - other.epoch) || Math.sign(one.op - other.op) || 1;
}
