import { assertNever } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { SessionAnswer, SessionId } from "../core/dialogue.ts";
import type { Effect, EndReason, Input, LinkId } from "../node/contract.ts";
import type { BrokerNode } from "../node/node.ts";
import type { ReplicationMessage } from "../pair/message.ts";
import { readClocks } from "./clock.ts";
import type { Store } from "./store.ts";

/** So much of each turn goes into a checkpoint that is being saved. */
const savingSliceMs = 0.5;

/** What the loop hands effects to, besides the store. */
export interface LoopPorts {
  tellPeer(link: LinkId, message: ReplicationMessage): void;
  dropPeer(link: LinkId): void;
  seekPeer(on: boolean): void;
  answer(session: SessionId, answer: SessionAnswer): void;
  openConnectors(open: boolean): void;
  closeSessions(reason: string): void;
  /** Clients' bytes may or may not be taken now; called at every change. */
  serve(on: boolean): void;
  /** All of a turn's answers are out: what was gathered for the sockets can leave. */
  turnEnded(): void;
  askGrant(wish: "active" | "alone"): void;
  paired(epoch: number): void;
  handedOver(): void;
  statusChanged(): void;
  notice(severity: "info" | "warning" | "error", text: string): void;
  end(reason: EndReason, text: string): void;
}

/**
 * Drives the node: inputs in, effects done, in order. Everything that arrives while the process is awake is given to
 * the node first; then the turn ends, and all of it becomes one batch: one write to the disk, one to the peer.
 */
export class NodeLoop {
  readonly node: BrokerNode;
  readonly #store: Store;
  readonly #ports: LoopPorts;
  readonly #inputs: Input[] = [];
  #isRunning = false;
  #isTurnPlanned = false;
  #mustGoOn = false;
  #goOnTimer: NodeJS.Timeout | null = null;
  #hasEnded = false;
  #isNodeServing = false;
  #isCongested = false;
  #turnBytes = 0;
  /** Sizes of batches that are not safe yet. */
  readonly #uncommitted: { through: Op; sizeBytes: number }[] = [];
  #uncommittedBytes = 0;

  constructor(node: BrokerNode, store: Store, ports: LoopPorts) {
    this.node = node;
    this.#store = store;
    this.#ports = ports;
    store.onFailure = (error) => this.#end("failure", error.message);
  }

  /** Whether clients' bytes may be given to their sessions now. */
  get isServing(): boolean {
    if (this.node.mustWake(readClocks())) this.give({ kind: "woken" });
    return this.#isNodeServing && !this.#isCongested;
  }

  /** Whether the node lets clients wait, whatever else may hold their bytes up. */
  get isHolding(): boolean {
    return !this.#isNodeServing;
  }

  give(input: Input): void {
    if (this.#hasEnded) return;
    this.#inputs.push(input);
    this.planTurn();
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#untilFailure(() => this.#takeInputs());
    this.#isRunning = false;
    this.#watchCongestion();
  }

  /** Only the store throws: a full or broken disk. Nothing more can be made safe, so nothing more is said. */
  #untilFailure(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#end("failure", error.message);
    }
  }

  #takeInputs(): void {
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      for (const effect of this.node.step(next, readClocks())) this.#perform(effect);
      if (this.#hasEnded) return;
    }
  }

  /** Counts what clients sent in this turn; a full batch does not wait for the turn's end. */
  countReceived(sizeBytes: number): void {
    this.#turnBytes += sizeBytes;
    if (this.#turnBytes >= limits.batchBytesMax) this.#endTurn();
  }

  /** Makes sure that a turn ends soon, as something waits to be written. */
  planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    // After all sockets that have something were read, and before the process sleeps again.
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#endTurn();
    });
  }

  #endTurn(): void {
    this.#turnBytes = 0;
    const wasPlanned = this.#isTurnPlanned;
    this.#isTurnPlanned = true;
    this.give({ kind: "turn-ended" });
    this.#isTurnPlanned = wasPlanned;
    // What can leave does so first: the peer then writes while this disk does.
    this.#ports.turnEnded();
    this.#store.sync();
    this.#ports.turnEnded();
    this.#untilFailure(() => this.#goOnSaving());
    if (!this.#mustGoOn) return;
    this.#mustGoOn = false;
    this.planTurn();
  }

  /** In between what others wait for. */
  #goOnSaving(): void {
    if (!this.#hasEnded && this.#store.goOnSaving(savingSliceMs)) this.#mustGoOn = true;
  }

  #goOn(): void {
    this.#goOnTimer = null;
    this.#endTurn();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "journal": {
        const last = effect.entries.at(-1);
        if (last === undefined) return;
        this.#store.append(effect.entries, () => {
          this.give({ kind: "journalled", through: last.op });
        });
        this.#countUncommitted(
          last.op,
          effect.entries.reduce((sum, entry) => sum + entry.bytes.length, 0),
        );
        return;
      }
      case "save-checkpoint":
        return this.#store.beginCheckpoint(effect.checkpoint);
      case "save-term":
        return this.#store.saveTerm(effect.term);
      case "cut":
        this.#store.cut(effect.after);
        this.#inputs.push({ kind: "restored", stored: this.#store.load() });
        return;
      case "begin-snapshot":
        return this.#store.beginSnapshot();
      case "take-snapshot-part":
        return this.#store.takeSnapshotPart(effect.part);
      case "install-snapshot":
        this.#ports.notice(
          "info",
          `Its former store is kept in ${this.#store.installSnapshot(effect.head, effect.pairId)}.`,
        );
        this.#inputs.push({ kind: "restored", stored: this.#store.load() });
        return;
      case "tell-peer":
        return this.#ports.tellPeer(effect.link, effect.message);
      case "drop-peer":
        return this.#ports.dropPeer(effect.link);
      case "seek-peer":
        return this.#ports.seekPeer(effect.on);
      case "answer":
        return this.#ports.answer(effect.session, effect.answer);
      case "connectors":
        return this.#ports.openConnectors(effect.open);
      case "serve":
        this.#isNodeServing = effect.on;
        return this.#ports.serve(effect.on);
      case "go-on":
        if (effect.afterMs === 0) this.#mustGoOn = true;
        else if (this.#goOnTimer === null) this.#goOnTimer = setTimeout(() => this.#goOn(), effect.afterMs);
        return;
      case "close-sessions":
        return this.#ports.closeSessions(effect.reason);
      case "ask-grant":
        return this.#ports.askGrant(effect.wish);
      case "paired":
        return this.#ports.paired(effect.epoch);
      case "handed-over":
        return this.#ports.handedOver();
      case "status-changed":
        return this.#ports.statusChanged();
      case "notice":
        return this.#ports.notice(effect.severity, effect.text);
      case "end":
        return this.#end(effect.reason, effect.text);
      default:
        assertNever(effect);
    }
  }

  #end(reason: EndReason, text: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ports.turnEnded();
    this.#ports.end(reason, text);
  }

  #countUncommitted(through: Op, sizeBytes: number): void {
    this.#uncommitted.push({ through, sizeBytes });
    this.#uncommittedBytes += sizeBytes;
  }

  /**
   * Stops reading from clients while too much waits for the standby, or to be handed out: their own connections then hold
   * them back.
   */
  #watchCongestion(): void {
    const { committed } = this.node.history;
    while (this.#uncommitted[0] !== undefined && this.#uncommitted[0].through <= committed)
      this.#uncommittedBytes -= (this.#uncommitted.shift() as { sizeBytes: number }).sizeBytes;
    const isCongested = this.#uncommittedBytes > limits.uncommittedBytesMax || this.node.isFlooded;
    if (isCongested === this.#isCongested) return;
    this.#isCongested = isCongested;
    this.#ports.serve(this.#isNodeServing && !isCongested);
  }
}
