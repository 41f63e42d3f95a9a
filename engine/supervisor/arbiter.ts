import { assert, assertNever } from "../base/assert.ts";
import type { NodeName } from "../control/views.ts";
import {
  noFacts,
  otherNode,
  type NodeFacts,
  type PairArbiter,
  type ArbiterEffect,
  type ArbiterInput,
  type ArbiterOptions,
  type ArbiterState,
  type ExitKind,
} from "./arbiter-state.ts";
import { ClassicBook } from "./classic-book.ts";
import { denialFor, promotionRefusal } from "./arbiter-words.ts";

/** A granted active node that is still without its peer after this long goes on alone. */
export const attachTimeoutMs = 5_000;
/** A holder that leaves a ping unanswered for so long counts as hung. */
export const holderPingTimeoutMs = 250;

/**
 * Decides alone who may serve in the guarded profile, as a harbour master with one berth: a ship moors only with the
 * newest permit, and a new permit is written into the book before it is handed out. Two nodes could both confirm only
 * if one held a permit to be alone while the other got any: that cannot be, because going alone strikes the other
 * from `inSync`, and only nodes in `inSync` get permits. A holder that is merely not alone is harmless once its peer
 * has a newer epoch, as it can confirm nothing without that peer.
 *
 * No I/O and no clock: `now` is an argument, in milliseconds of any clock that does not jump.
 */
export class Arbiter implements PairArbiter {
  #state: ArbiterState;
  readonly #options: ArbiterOptions;
  readonly #nodes: Record<NodeName, NodeFacts> = { primary: noFacts(), replica: noFacts() };
  /** Moment at which a holder without its peer is told to go on alone; `null`: nobody waits. */
  #attachBy: number | null = null;
  /** The pair was whole once since the configured primary was last started. */
  #wasWhole = false;
  #suspended = false;
  #effects: ArbiterEffect[] = [];

  constructor(state: ArbiterState, options: ArbiterOptions) {
    this.#state = state;
    this.#options = options;
  }

  get state(): ArbiterState {
    return this.#state;
  }

  /** What is known of a node's process now. */
  facts(node: NodeName): Readonly<NodeFacts> {
    return this.#nodes[node];
  }

  /** Why the user's wish to promote `node` cannot be granted now; `null` when it can. */
  promotionRefusal(node: NodeName): string | null {
    return promotionRefusal(node, this.#state, this.#nodes);
  }

  /** Takes in what happened; returns what to do about it. */
  step(input: ArbiterInput, now: number): readonly ArbiterEffect[] {
    this.#effects = [];
    this.#decide(input, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #decide(input: ArbiterInput, now: number): void {
    switch (input.kind) {
      case "starting":
        return this.#started(input.node);
      case "opened":
        return this.#opened(input, now);
      case "asked":
        if (input.wish === "alone") return this.#askedAlone(input.node);
        return this.#askedActive(input.node, input.position.op, now);
      case "paired":
        return this.#paired(input);
      case "status":
        return this.#heard(input, now);
      case "stopping":
        this.#nodes[input.node].stopping = true;
        return undefined;
      case "answered":
      case "unanswered":
        return this.#pingEnded(input.node, input.kind === "answered", now);
      case "exited":
        return this.#exited(input.node, input.how, now);
      case "promote":
        return this.#promote(input.node, now);
      case "handed-over":
        return this.#handedOver(input.node, now);
      case "suspended":
      case "resumed":
        this.#suspended = input.kind === "suspended";
        return undefined;
      case "stores-proven":
        return this.#storesProven(input.inSync, input.op);
      case "woken":
        return this.#woken(now);
      default:
        return assertNever(input);
    }
  }

  #promote(node: NodeName, now: number): void {
    if (this.promotionRefusal(node) !== null) return;
    const other = otherNode(node);
    if (!this.#isServing(other)) return this.#grantActive(node, now);
    this.#effects.push({ kind: "tell", node: other, order: { kind: "hand-over" } });
  }

  /** A planned switch: the one that served has no grant any more, and follows the other as soon as that one serves. */
  #handedOver(node: NodeName, now: number): void {
    const next = otherNode(node);
    if (this.#state.holder !== node || !this.#isServing(node) || this.#state.alone) return;
    this.#nodes[node].granted = false;
    this.#nodes[next].followed = false;
    this.#grantActive(next, now);
  }

  #started(node: NodeName): void {
    this.#nodes[node] = { ...noFacts(), process: "expected", lastEnd: this.#nodes[node].lastEnd };
    if (node === "primary" && !this.#isServing("replica")) this.#wasWhole = false;
  }

  #opened(input: Extract<ArbiterInput, { kind: "opened" }>, now: number): void {
    const { node } = input;
    const facts = this.#nodes[node];
    facts.process = "opened";
    // Each node makes a name up when it is first granted: that of the last one counts, until the pair was whole.
    const isNameless = this.#state.pairId === null && this.#state.holder !== otherNode(node);
    if (input.pairId !== null && isNameless) this.#persist({ pairId: input.pairId });
    if (input.pairId !== null && this.#state.pairId !== null && input.pairId !== this.#state.pairId) {
      facts.lacking = true;
      this.#notice(
        "error",
        `The ${node}'s store belongs to another pair. It is neither served nor attached.`,
      );
    }
    // The book may have been lost while the stores were not: an epoch is never granted twice.
    if (input.position.epoch > this.#state.epoch) this.#persist({ epoch: input.position.epoch });
    this.#checkNamed(node, input.pairId);
    this.#checkHeld(node, input.position.op);
    // The other one may have opened before, and have waited for what is now found to lack something.
    for (const each of [node, otherNode(node)]) if (this.#takesOverAtOnce(each)) this.#grantActive(each, now);
  }

  /** Once the pair was whole, both stores carry its name: one without a name was deleted or replaced behind our back. */
  #checkNamed(node: NodeName, pairId: string | null): void {
    const facts = this.#nodes[node];
    if (pairId !== null || this.#state.pairId === null || facts.lacking) return;
    facts.lacking = true;
    if (this.#state.inSync.includes(node))
      this.#notice(
        "error",
        `The ${node}'s store is empty, but was in use before: it was deleted or replaced.`,
      );
  }

  /** A store in sync that is suddenly empty was deleted behind our back: it must not serve as if it had all. */
  #checkHeld(node: NodeName, op: number): void {
    const facts = this.#nodes[node];
    if (!this.#state.inSync.includes(node) || op > 0 || this.#state.provenOp === 0 || facts.lacking) return;
    facts.lacking = true;
    this.#notice(
      "error",
      `The ${node}'s store is empty, but held ${this.#state.provenOp} entries before: it was deleted or replaced.`,
    );
  }

  /** Unasked grants: the other node was promoted before and is what counts, or failed while this one was starting. */
  #takesOverAtOnce(node: NodeName): boolean {
    const other = otherNode(node);
    if (this.#suspended || !this.#isEligible(node) || this.#isServing(node)) return false;
    if (this.#nodes[node].process !== "opened" || this.#isServing(other)) return false;
    if (!this.#state.inSync.includes(other) || this.#nodes[other].lacking) return true;
    return (
      this.#nodes[other].process === "none" &&
      this.#nodes[other].lastEnd === "failed" &&
      !this.#options.shutdownOnPrimaryFailure
    );
  }

  #askedActive(node: NodeName, op: number, now: number): void {
    const facts = this.#nodes[node];
    const other = otherNode(node);
    this.#checkHeld(node, op);
    if (facts.granted || this.#suspended) return undefined;
    if (!this.#isEligible(node)) return this.#deny(node, "active");
    if (this.#isServing(other)) {
      // It may be hung: then it can confirm nothing without this node, and this node takes over. If it is alone,
      // this node is not in sync and was denied above.
      facts.asked = "active";
      if (this.#nodes[other].pinged || this.#nodes[other].stopping) return undefined;
      this.#nodes[other].pinged = true;
      this.#effects.push({ kind: "ping", node: other, timeoutMs: holderPingTimeoutMs });
      return undefined;
    }
    if (node === "primary" || facts.followed || this.#nodes[other].barred || this.#takesOverAtOnce(node)) {
      if (facts.followed && this.#options.shutdownOnPrimaryFailure) return this.#shutDown(node);
      return this.#grantActive(node, now);
    }
    // A replica that was just started waits for its primary, or for the user to promote it.
    facts.asked = "active";
    return undefined;
  }

  #askedAlone(node: NodeName): void {
    const facts = this.#nodes[node];
    if (this.#state.holder !== node || !facts.granted) return this.#deny(node, "alone");
    // Asked before the grant that was pushed to it: nobody could have attached since.
    if (this.#state.alone && this.#nodes[otherNode(node)].process === "none") return undefined;
    if (this.#mustWait()) return this.#deny(node, "alone");
    return this.#grantAlone(node);
  }

  #paired(input: Extract<ArbiterInput, { kind: "paired" }>): void {
    const { node } = input;
    if (input.epoch !== this.#state.epoch || this.#state.holder !== node || !this.#nodes[node].granted)
      return;
    this.#attachBy = null;
    this.#wasWhole = true;
    const other = this.#nodes[otherNode(node)];
    other.followed = true;
    other.barred = false;
    other.lacking = false;
    const provenOp = Math.max(this.#state.provenOp, input.position.op);
    const pairId = this.#state.pairId ?? input.pairId ?? null;
    this.#persist({ inSync: ["primary", "replica"], alone: false, provenOp, split: false, pairId });
  }

  #heard(input: Extract<ArbiterInput, { kind: "status" }>, now: number): void {
    const facts = this.#nodes[input.node];
    const other = otherNode(input.node);
    if (facts.process === "none") return;
    if (input.state === "standby" && input.attached) {
      facts.followed = true;
      facts.barred = false;
    }
    if (input.state === "fenced" || input.state === "out of sync" || input.state === "shut down") {
      facts.barred = true;
      // It will not attach as it is: no use in letting the clients wait for it.
      if (this.#attachBy !== null && this.#state.holder === other && !this.#mustWait())
        this.#grantAlone(other);
    }
    if (input.attached && this.#isServing(input.node) && this.#state.holder === input.node)
      this.#attachBy = null;
    // A primary that was started to follow the replica does not ask for itself; if that one went before it could be
    // followed, both would wait for each other for ever.
    const isLeftAlone = input.state === "standby" && !input.attached && !this.#isServing(other);
    if (input.node === "primary" && isLeftAlone) this.#askedActive(input.node, input.position.op, now);
  }

  #pingEnded(node: NodeName, answered: boolean, now: number): void {
    this.#nodes[node].pinged = false;
    const asker = otherNode(node);
    if (this.#nodes[asker].asked !== "active") return;
    this.#nodes[asker].asked = null;
    if (!this.#isEligible(asker) || this.#suspended) return this.#deny(asker, "active");
    if (this.#isServing(node) && answered) return this.#deny(asker, "active");
    if (this.#isServing(node) && this.#state.alone) return this.#deny(asker, "active");
    if (this.#options.shutdownOnPrimaryFailure) return this.#shutDown(asker);
    this.#notice("warning", `The ${node} does not answer; the ${asker} takes over.`);
    const superseded = this.#isServing(node);
    this.#nodes[node].granted = false;
    this.#grantActive(asker, now);
    if (superseded) this.#deny(node, "active");
  }

  #exited(node: NodeName, how: ExitKind, now: number): void {
    const other = otherNode(node);
    const wasServing = this.#isServing(node);
    this.#nodes[node] = { ...noFacts(), lastEnd: how };
    if (this.#suspended || this.#nodes[other].process !== "opened") return;
    if (this.#isServing(other)) return this.#peerLeft(other);
    // Whether the one that is gone failed or was stopped: as in the original, what follows it takes over.
    if (!this.#isEligible(other) || (!wasServing && how === "ordered")) return undefined;
    const primaryFailed = wasServing || node === "primary";
    return this.#options.shutdownOnPrimaryFailure && primaryFailed
      ? this.#shutDown(other)
      : this.#grantActive(other, now);
  }

  /** The standby's process is gone: the holder goes on alone at once, unless it is to wait or to end. */
  #peerLeft(holder: NodeName): void {
    if (this.#mustWait() || this.#state.alone) return;
    if (this.#options.shutdownOnReplicaFailure && this.#wasWhole) return;
    this.#grantAlone(holder);
  }

  #woken(now: number): void {
    if (this.#attachBy === null || now < this.#attachBy) return;
    this.#attachBy = null;
    const holder = this.#state.holder;
    if (holder === null || !this.#isServing(holder) || this.#state.alone || this.#mustWait()) return;
    this.#notice(
      "warning",
      `The ${otherNode(holder)} did not attach within ${attachTimeoutMs} ms; the ${holder} goes on alone.`,
    );
    this.#grantAlone(holder);
  }

  #storesProven(inSync: readonly NodeName[], op: number): void {
    const holder = this.#state.holder;
    for (const node of inSync) this.#nodes[node] = { ...this.#nodes[node], barred: false, lacking: false };
    const alone = this.#state.alone && inSync.length === 1;
    assert(
      holder === null || !this.#isServing(holder) || inSync.includes(holder),
      "a serving node stays in sync",
    );
    this.#persist({ inSync: [...inSync], alone, provenOp: op, split: false });
  }

  #grantActive(node: NodeName, now: number): void {
    const other = otherNode(node);
    const peer = this.#nodes[other];
    assert(this.#isEligible(node), "only a node in sync gets to be active");
    assert(!(this.#isServing(other) && this.#state.alone), "nobody is granted beside a node that is alone");
    const peerInSync = this.#state.inSync.includes(other) && !peer.lacking;
    const isTakeover = this.#nodes[node].followed;
    const waits =
      this.#options.waitForReplica === "always" ||
      (this.#options.waitForReplica && !isTakeover && !this.#wasWhole);
    const peerComes =
      peerInSync && peer.process !== "none" && !this.#isServing(other) && !peer.barred && !isTakeover;
    const withPeer = peerComes || waits;
    this.#nodes[other].granted = false;
    this.#grant(node, "active", { withPeer, peerInSync: withPeer && peerInSync });
    this.#attachBy = null;
    if (!withPeer || waits) return;
    this.#attachBy = now + attachTimeoutMs;
    this.#effects.push({ kind: "wake", afterMs: attachTimeoutMs });
  }

  #grantAlone(node: NodeName): void {
    assert(this.#state.holder === node && this.#isServing(node), "only the holder goes on alone");
    this.#attachBy = null;
    const other = otherNode(node);
    this.#grant(node, "alone", { withPeer: false, peerInSync: false });
    if (this.#nodes[other].asked !== null) this.#deny(other, "active");
  }

  #grant(node: NodeName, wish: "active" | "alone", peer: { withPeer: boolean; peerInSync: boolean }): void {
    const epoch = this.#state.epoch + 1;
    // Struck from the list before the grant leaves: from here on the other node misses what is confirmed.
    const inSync = peer.withPeer ? this.#state.inSync : [node];
    this.#persist({ epoch, holder: node, alone: !peer.withPeer, inSync });
    const facts = this.#nodes[node];
    facts.granted = true;
    facts.asked = null;
    this.#effects.push({ kind: "tell", node, order: { kind: "granted", wish, epoch, ...peer } });
  }

  #deny(node: NodeName, wish: "active" | "alone"): void {
    this.#nodes[node].asked = null;
    const reason = denialFor({ node, wish, state: this.#state, nodes: this.#nodes, options: this.#options });
    this.#effects.push({
      kind: "tell",
      node,
      order: { kind: "denied", wish, epoch: this.#state.epoch, reason },
    });
  }

  #shutDown(node: NodeName): void {
    this.#nodes[node].asked = null;
    const text = `The ${otherNode(node)} failed, and shutdownOnPrimaryFailure says to shut down instead of taking over. Both stores hold everything confirmed.`;
    this.#effects.push({ kind: "tell", node, order: { kind: "shut-down", reason: "primary-failed", text } });
  }

  /** Whether the holder may not go on alone, whatever happens to its peer. */
  #mustWait(): boolean {
    return this.#options.waitForReplica === "always" || (this.#options.waitForReplica && !this.#wasWhole);
  }

  #isEligible(node: NodeName): boolean {
    return this.#state.inSync.includes(node) && !this.#nodes[node].lacking;
  }

  /** Its process lives and holds the newest grant. */
  #isServing(node: NodeName): boolean {
    return this.#nodes[node].granted && this.#nodes[node].process !== "none";
  }

  #persist(changes: Partial<ArbiterState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#effects.push({ kind: "persist", state: this.#state });
  }

  #notice(severity: "info" | "warning" | "error", text: string): void {
    this.#effects.push({ kind: "notice", severity, text });
  }
}

/** The arbiter of the configured profile. */
export function createArbiter(state: ArbiterState, options: ArbiterOptions): PairArbiter {
  return options.profile === "classic" ? new ClassicBook(state) : new Arbiter(state, options);
}
