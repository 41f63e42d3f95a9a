import type { NodeName, RecoveryView } from "../control/views.ts";
import type { JournalPosition } from "./channel.ts";
import { byteSize, duration } from "../base/words.ts";
import type { StoreCheck } from "./store-check.ts";

export type StepName = RecoveryView["steps"][number]["name"];

const order: readonly StepName[] = [
  "preflight",
  "stop-source",
  "set-aside",
  "copy",
  "verify",
  "start-primary",
  "start-replica",
];

export function idleRecovery(): RecoveryView {
  return {
    state: "idle",
    from: null,
    to: null,
    preflight: null,
    steps: [],
    copiedBytes: 0,
    totalBytes: 0,
    bytesPerSecond: 0,
    remainingMs: null,
    kept: null,
    error: null,
    startedAt: null,
    endedAt: null,
  };
}

/** All steps, waiting. */
export function recoveryStepsOf(ends: { from: NodeName; to: NodeName }): RecoveryView["steps"] {
  return order.map((name) => ({ name, label: stepLabel(name, ends), state: "waiting", detail: "" }));
}

export function stepLabel(name: StepName, ends: { from: NodeName | null; to: NodeName | null }): string {
  const [from, to] = [ends.from ?? "source", ends.to ?? "target"];
  const labels: Record<StepName, string> = {
    preflight: "Compare the stores",
    "stop-source": `Stop the ${from}`,
    "set-aside": `Set the ${to}'s store aside`,
    copy: `Copy the ${from}'s store`,
    verify: "Verify the copy",
    "start-primary": "Start the primary",
    "start-replica": "Start the replica",
  };
  return labels[name];
}

/** Bytes, speed and time left of the copy. Time is an argument. */
export class RecoveryMeter {
  readonly #totalBytes: number;
  readonly #startedAt: number;
  #copiedBytes = 0;

  constructor(totalBytes: number, now: number) {
    this.#totalBytes = totalBytes;
    this.#startedAt = now;
  }

  add(bytes: number, now: number): Pick<RecoveryView, "copiedBytes" | "bytesPerSecond" | "remainingMs"> {
    this.#copiedBytes += bytes;
    const bytesPerSecond = this.#copiedBytes / Math.max(0.001, (now - this.#startedAt) / 1_000);
    const leftBytes = Math.max(0, this.#totalBytes - this.#copiedBytes);
    const remainingMs = bytesPerSecond === 0 ? null : Math.round((leftBytes / bytesPerSecond) * 1_000);
    return { copiedBytes: this.#copiedBytes, bytesPerSecond: Math.round(bytesPerSecond), remainingMs };
  }

  /** `12 MB in 340 ms`. */
  summary(now: number): string {
    return `${byteSize(this.#copiedBytes)} in ${duration(now - this.#startedAt)}`;
  }
}

/** What a recovery needs of the running pair. */
export interface RecoveryHands {
  readonly dataDirectory: string;
  readonly profile: "guarded" | "classic";
  readonly storeCheck: StoreCheck;
  inSync(): readonly NodeName[];
  isSplit(): boolean;
  isProtected(): boolean;
  isLinkBroken(): boolean;
  isRunning(node: NodeName): boolean;
  /** Where a running node stands; `null` when it does not run or has not said. */
  position(node: NodeName): Promise<JournalPosition | null> | JournalPosition | null;
  /** From here on nobody takes over from anybody, until `resume`. */
  suspend(): void;
  resume(): void;
  /** Stops the node in order; does nothing when it does not run. `pairStops`: the other one does not take over. */
  stop(node: NodeName, pairStops: boolean): Promise<void>;
  /** Announces that the node is about to be started, so that its peer waits for it. */
  expect(node: NodeName): void;
  start(node: NodeName): Promise<void>;
  /** Resolves when the node is active, or blocked only by its peer being away; rejects with the reason when it cannot be. */
  servingOf(node: NodeName): Promise<void>;
  /** Resolves when the node mirrors the active one and the pair is protected. */
  mirroringOf(node: NodeName): Promise<void>;
  /** Writes down, durably, which stores hold everything. */
  prove(inSync: readonly NodeName[], op: number): void;
  changed(view: RecoveryView): void;
  notice(text: string): void;
  /** Wall time. */
  now(): number;
  /** Called behind every step that is durable; a test ends the process there. */
  reached?(point: string): void;
}
