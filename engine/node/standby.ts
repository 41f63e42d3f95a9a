import { digestsEqual, type Digest } from "../base/checksum.ts";
import type { Epoch, Moment, Op } from "../base/units.ts";
import { Liveness } from "../pair/liveness.ts";
import { replicationVersion, type ReplicationMessage, type SnapshotHead } from "../pair/message.ts";
import type { LinkId, StoredState, Term } from "./contract.ts";
import { History } from "./history.ts";
import type { RoleChange, RoleContext } from "./role.ts";
import { Suspicion } from "./suspicion.ts";

type Append = Extract<ReplicationMessage, { kind: "append" }>;
type Welcome = Extract<ReplicationMessage, { kind: "welcome" }>;

/**
 * The node that mirrors the active one and serves nobody. It takes entries in order, makes them durable, says so, and
 * keeps its state up to date with them, so that taking over needs no replay.
 */
export class StandbyRole {
  #context: RoleContext;
  #liveness: Liveness;
  #link: LinkId | null = null;
  #isAttached = false;
  readonly #suspicion = new Suspicion();
  /** The link stands and the active node waits to hear who this is. */
  #isGreetingDue = false;
  #everReached = false;
  #reason: string | null = null;
  /** Where to take place once the store has been cut, or replaced by a snapshot. */
  #restoring: Pick<Welcome, "common" | "digest"> | null = null;
  /** A snapshot that is coming in. */
  #incoming: { readonly head: SnapshotHead; readonly pairId: string } | null = null;
  /** How far the active node says that all is safe; what is here of it may be less. */
  #toldCommitted = 0 as Op;
  readonly #firstContact: Liveness;
  /** Digests at the ends of the batches that are being journalled. */
  readonly #ends: { op: Op; digest: Digest }[] = [];

  constructor(context: RoleContext, now: Moment) {
    this.#context = context;
    this.#firstContact = new Liveness(context.options.firstContactMs, now.monotonic);
    this.#liveness = new Liveness(context.options.peerTimeoutMs, now.monotonic);
    context.emit({ kind: "seek-peer", on: true });
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  get reason(): string | null {
    return this.#reason;
  }

  peerReached(link: LinkId, now: Moment): void {
    this.#link = link;
    this.#isGreetingDue = true;
    this.#everReached = true;
    this.#liveness.heard(now.monotonic);
    this.#greet();
  }

  peerSaid(link: LinkId, message: ReplicationMessage, now: Moment): RoleChange | null {
    if (link !== this.#link) return null;
    this.#liveness.heard(now.monotonic);
    this.#suspicion.heard();
    const { history } = this.#context;
    if (message.kind !== "goodbye" && message.kind !== "refused" && message.epoch < history.epoch) {
      this.#tell({ kind: "fenced", epoch: history.epoch });
      return this.#lose(
        `the node at the primary's address is of epoch ${message.epoch}, older than ${history.epoch}`,
      );
    }
    switch (message.kind) {
      case "welcome":
        return this.#welcomed(message);
      case "refused":
        return this.#refused(message);
      case "append":
        return this.#append(message, now);
      case "in-sync":
        return this.#inSync(link);
      case "heartbeat":
        this.#commit(message.committed);
        return null;
      case "probe":
        this.#suspicion.probed(message.number);
        this.#answerProbe();
        return null;
      case "snapshot":
        return this.#snapshotBegun(message);
      case "snapshot-part":
        return this.#snapshotPart(message);
      case "goodbye":
        return this.#lose("the active node was stopped", message.pair);
      case "fenced":
        return {
          kind: "out-of-sync",
          reason: `the active node is of epoch ${message.epoch}, this one of ${history.epoch}`,
        };
      case "hello":
      case "append-ok":
      case "snapshot-ok":
      case "in-sync-ok":
      case "probe-ok":
        return this.#lose(
          `the node at the primary's address said "${message.kind}", which an active node never says`,
        );
    }
  }

  peerHeard(link: LinkId, now: Moment): void {
    if (link !== this.#link) return;
    this.#liveness.heard(now.monotonic);
    this.#suspicion.heard();
  }

  peerLost(link: LinkId): RoleChange | null {
    return link === this.#link ? this.#lose("the connection to the primary is lost") : null;
  }

  denied(epoch: Epoch, reason: string, now: Moment): void {
    const isFollowing = this.#isAttached && epoch <= this.#context.history.epoch;
    if (isFollowing && this.#suspicion.denied()) {
      // The active node lives. It has some time to say so itself: it may be heard by the arbiter, and not here.
      this.#liveness.giveHalf(now.monotonic);
      this.#answerProbe();
    }
    if (isFollowing) return;
    if (this.#isAttached) this.#letGo();
    this.#reason = reason;
    this.#context.emit({ kind: "status-changed" });
  }

  /** The store now ends where the histories part, or is a copy of the active node's state. */
  restored(stored: StoredState, now: Moment): RoleChange | null {
    this.#context = { ...this.#context, history: new History(stored, now.monotonic) };
    this.#ends.length = 0;
    const place = this.#restoring;
    this.#restoring = null;
    return place === null ? null : this.#takePlace(place, stored.head.digest);
  }

  get history(): History {
    return this.#context.history;
  }

  endTurn(now: Moment): void {
    const { history, emit } = this.#context;
    history.considerCheckpoint(now.monotonic);
    const batch = history.takeBatch();
    const last = batch.at(-1);
    if (last === undefined) return;
    this.#ends.push({ op: last.op, digest: last.digest });
    emit({ kind: "journal", entries: batch });
  }

  journalled(through: Op, now: Moment): void {
    const { history } = this.#context;
    history.journalledThrough(through);
    let end: { op: Op; digest: Digest } | undefined;
    while (this.#ends[0] !== undefined && this.#ends[0].op <= through) end = this.#ends.shift();
    if (end !== undefined && this.#isAttached) this.#acknowledge(end.op, end.digest, now);
    this.#commit(this.#toldCommitted);
    this.#greet();
  }

  tick(now: Moment): RoleChange | null {
    const { options, history } = this.#context;
    this.#liveness.awake(now.monotonic);
    this.#firstContact.awake(now.monotonic);
    if (this.#link !== null && this.#liveness.isOverdue(now.monotonic)) return this.#silent(now);
    if (this.#isAttached && this.#liveness.shouldSpeak(now.monotonic)) {
      this.#tell({ kind: "heartbeat", epoch: history.epoch, committed: history.committed });
      this.#liveness.said(now.monotonic);
    }
    const neverCame =
      options.profile === "classic" &&
      !this.#everReached &&
      this.#reason === null &&
      this.#firstContact.isOverdue(now.monotonic);
    return neverCame ? this.#failover("the primary was never reached") : null;
  }

  /** Lets go of the active node: this one takes over, or ends. */
  leave(reason: string): void {
    const { emit } = this.#context;
    emit({ kind: "seek-peer", on: false });
    if (this.#link === null) return;
    if (this.#isAttached) this.#tell({ kind: "goodbye", pair: false, reason });
    emit({ kind: "drop-peer", link: this.#link });
    this.#link = null;
    this.#isAttached = false;
  }

  /** Says what this node has, once all of it is durable: the active node counts on every entry that is named. */
  #greet(): void {
    const { options, history } = this.#context;
    if (!this.#isGreetingDue || this.#link === null || history.durable < history.head.op) return;
    this.#isGreetingDue = false;
    const { op: head, digest } = history.head;
    this.#tell({
      kind: "hello",
      version: replicationVersion,
      pairId: history.pairId,
      node: options.name,
      instance: options.instance,
      epoch: history.epoch,
      head,
      digest,
      userName: options.login?.userName ?? null,
      password: options.login?.password ?? null,
    });
  }

  #welcomed(welcome: Welcome): RoleChange | null {
    const { history, emit } = this.#context;
    this.#note(welcome, history.isBehind || welcome.lacks);
    if (history.head.op === welcome.common) return this.#takePlace(welcome, history.head.digest);
    if (history.head.op < welcome.common || history.checkpointOp > welcome.common)
      return {
        kind: "out-of-sync",
        reason: `it cannot go back to entry ${welcome.common}, where its history and the active node's part; run the recovery copy`,
      };
    this.#restoring = welcome;
    emit({ kind: "cut", after: welcome.common });
    return null;
  }

  /** Remembers what the active node says of the pair, where that is news. */
  #note({ epoch, pairId }: Pick<Term, "epoch" | "pairId">, isBehind: boolean): void {
    const { history, emit } = this.#context;
    if (epoch === history.epoch && history.pairId !== null && isBehind === history.isBehind) return;
    if (epoch > history.epoch || history.pairId === null) {
      history.epoch = epoch;
      history.pairId = pairId;
    }
    history.isBehind = isBehind;
    emit({ kind: "save-term", term: history.term });
  }

  /** It will have all that is confirmed; whoever is told so may count on it to serve, after a restart as well. */
  #inSync(link: LinkId): RoleChange | null {
    const { history, emit } = this.#context;
    if (!this.#isAttached)
      return this.#lose("the active node calls it in sync before its welcome was answered");
    this.#note(history, false);
    emit({ kind: "tell-peer", link, message: { kind: "in-sync-ok", epoch: history.epoch } });
    return null;
  }

  #snapshotBegun({ kind: _, ...snapshot }: Extract<ReplicationMessage, { kind: "snapshot" }>): null {
    const { emit } = this.#context;
    const { pairId, epoch, ...head } = snapshot;
    this.#note(snapshot, true);
    this.#incoming = { head: { ...head, epoch }, pairId };
    this.#reason =
      "It takes over the active node's state, since its own is too far behind or has gone another way.";
    emit({ kind: "begin-snapshot" });
    emit({ kind: "status-changed" });
    this.#askForPart();
    return null;
  }

  #snapshotPart(message: Extract<ReplicationMessage, { kind: "snapshot-part" }>): RoleChange | null {
    const { emit } = this.#context;
    if (this.#incoming === null)
      return this.#lose("the active node sent a part of a snapshot that it had not begun");
    const { contents, rows, chunks, isLast } = message;
    emit({ kind: "take-snapshot-part", part: { contents, rows, chunks } });
    if (!isLast) {
      this.#askForPart();
      return null;
    }
    const { head, pairId } = this.#incoming;
    this.#incoming = null;
    this.#restoring = { common: head.op, digest: head.digest };
    emit({ kind: "install-snapshot", head, pairId });
    return null;
  }

  #askForPart(): void {
    this.#tell({ kind: "snapshot-ok", epoch: this.#context.history.epoch });
  }

  #takePlace(welcome: Pick<Welcome, "common" | "digest">, digest: Digest): RoleChange | null {
    const { history, emit } = this.#context;
    if (this.#link === null) return null;
    if (history.head.op !== welcome.common || !digestsEqual(digest, welcome.digest))
      return {
        kind: "out-of-sync",
        reason: `its history differs from the active node's at entry ${welcome.common} or before; run the recovery copy`,
      };
    this.#isAttached = true;
    this.#reason = null;
    this.#tell({ kind: "append-ok", epoch: history.epoch, head: welcome.common, digest });
    emit({ kind: "status-changed" });
    return null;
  }

  #refused(message: Extract<ReplicationMessage, { kind: "refused" }>): RoleChange | null {
    const reason = `The active node refused it: ${message.reason}.`;
    if (!message.retry) return { kind: "out-of-sync", reason };
    this.#reason = reason;
    this.#letGo();
    return null;
  }

  #append(message: Append, now: Moment): RoleChange | null {
    const { history, emit } = this.#context;
    if (!this.#isAttached) return this.#lose("the active node sent entries before its welcome was answered");
    if (message.after !== history.head.op)
      return this.#lose(
        `the active node sent what follows entry ${message.after}, and this one is at ${history.head.op}`,
      );
    this.#note({ epoch: message.epoch, pairId: history.pairId }, history.isBehind);
    for (const bytes of message.entries) {
      const why = history.accept(bytes, now);
      if (why === null) continue;
      emit({
        kind: "notice",
        severity: "error",
        text: `An entry of the active node does not fit: ${why}. This node is detached.`,
      });
      return { kind: "out-of-sync", reason: `${why}; run the recovery copy` };
    }
    this.#commit(message.committed);
    return null;
  }

  #commit(told: Op): void {
    const { history, emit } = this.#context;
    if (told > this.#toldCommitted) this.#toldCommitted = told;
    history.commitThrough(this.#toldCommitted);
    const checkpoint = history.takeSafeCheckpoint();
    if (checkpoint !== null) emit({ kind: "save-checkpoint", checkpoint });
  }

  #acknowledge(head: Op, digest: Digest, now: Moment): void {
    this.#tell({ kind: "append-ok", epoch: this.#context.history.epoch, head, digest });
    this.#liveness.said(now.monotonic);
  }

  #silent(now: Moment): RoleChange | null {
    const why = "the primary is silent";
    if (this.#context.options.profile === "classic" || !this.#isAttached || this.#suspicion.isRaised)
      return this.#lose(why);
    this.#suspicion.raise();
    // So long the arbiter may take.
    this.#liveness.heard(now.monotonic);
    this.#context.emit({ kind: "ask-grant", wish: "active" });
    return null;
  }

  #answerProbe(): void {
    const number = this.#suspicion.takeProbe();
    if (number !== null) this.#tell({ kind: "probe-ok", epoch: this.#context.history.epoch, number });
  }

  /** `pair`: this node stops too, so nothing follows from it. */
  #lose(why: string, pair = false): RoleChange | null {
    const wasAttached = this.#isAttached;
    this.#letGo();
    return wasAttached && !pair ? this.#failover(why) : null;
  }

  #letGo(): void {
    const { emit } = this.#context;
    if (this.#link !== null) emit({ kind: "drop-peer", link: this.#link });
    this.#link = null;
    this.#isAttached = false;
    this.#restoring = null;
    this.#incoming = null;
    this.#suspicion.end();
    emit({ kind: "status-changed" });
  }

  /** The active node counts as failed: ask to take over, or (classic) decide it here. */
  #failover(why: string): RoleChange | null {
    const { options, history, emit } = this.#context;
    this.#reason = why;
    if (options.profile === "guarded") {
      emit({ kind: "ask-grant", wish: "active" });
      return null;
    }
    if (options.shutdownOnPrimaryFailure) {
      const text = `The primary failed (${why}), and shutdownOnPrimaryFailure is set.`;
      emit({ kind: "end", reason: "primary-failed", text });
      return null;
    }
    if (!history.isBehind) return { kind: "take-over" };
    this.#reason = `It does not take over: ${why}, and it had not caught up, so that it may lack what clients were told is safe. Start the primary again; if its store is lost, recover from this one.`;
    emit({ kind: "status-changed" });
    return null;
  }

  /** Says it to the active node, if the link stands. */
  #tell(message: ReplicationMessage): void {
    if (this.#link !== null) this.#context.emit({ kind: "tell-peer", link: this.#link, message });
  }
}
