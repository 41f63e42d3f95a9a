import { asEpoch, asOp, type Epoch, type Instant, type Moment, type Op } from "../base/units.ts";
import { Liveness } from "../pair/liveness.ts";
import type { ReplicationMessage } from "../pair/message.ts";
import { ClientDesk } from "./client-desk.ts";
import type { LinkId } from "./contract.ts";
import { Doubt } from "./doubt.ts";
import { StandbyFeed, type Parcel } from "./feed.ts";
import { judge, type Refusal } from "./handshake.ts";
import { isBatchHeld } from "./hold.ts";
import { SnapshotFeed } from "./snapshot-feed.ts";
import type { RoleChange, RoleContext } from "./role.ts";

/** Beyond every entry: whatever a standby in sync has, it has from here. */
const wholeHistory = asOp(Number.MAX_SAFE_INTEGER);

/** The active node loses patience with a silent standby before that one does with it: it has clients who wait. */
const patience = 0.75;

/**
 * The node that serves clients: it orders their requests, has each batch written here and there at the same time, and
 * lets answers out when both are done.
 *
 * An entry is safe when it is durable on both nodes, or here alone while a grant to be alone lasts. The change from
 * alone to both is made by this node itself, when the standby is level; the change back needs a grant with a new
 * epoch, since from the moment the arbiter was told of the pairing it may promote the standby instead.
 */
export class ActiveRole {
  readonly desk: ClientDesk;
  readonly #context: RoleContext;
  readonly liveness: Liveness;
  readonly doubt: Doubt;
  #feed: StandbyFeed | null = null;
  /** What the standby gets before the entries that follow it. */
  #snapshot: SnapshotFeed | null = null;
  #commits: "alone" | "both";
  #isSeeking = false;
  #isServing = false;
  #wasPaired = false;
  /** The standby has noted that it is in sync, and the arbiter was told. */
  #isPairingReported = false;
  /** The present grant allows to confirm alone; over once the arbiter was told of a pairing. */
  #mayBeAlone: boolean;
  #inSyncThrough: Op | null;
  readonly #activeSince: Instant;

  constructor(context: RoleContext, grant: { withPeer: boolean; peerInSync: boolean }, now: Moment) {
    this.#context = context;
    const patienceMs = context.options.peerTimeoutMs * patience;
    this.liveness = new Liveness(patienceMs, now.monotonic);
    this.doubt = new Doubt(patienceMs);
    this.#activeSince = now.monotonic;
    this.#commits = grant.withPeer ? "both" : "alone";
    this.#mayBeAlone = !grant.withPeer;
    this.#inSyncThrough = grant.peerInSync ? context.history.head.op : null;
    this.desk = new ClientDesk(context.history, context.journal);
    this.desk.dismissFormerOwners(now);
    this.#updateServing();
  }

  get commits(): "alone" | "both" {
    return this.#commits;
  }

  get isSeeking(): boolean {
    return this.#isSeeking;
  }

  /** The standby has taken its place. */
  get isAttached(): boolean {
    return this.#feed !== null && this.#feed.acknowledged !== null;
  }

  /** The standby has noted that it is in sync. */
  get isPaired(): boolean {
    return this.isAttached && this.#isPairingReported;
  }

  /** Entries the standby has not acknowledged. */
  get lagEntries(): number {
    const acknowledged = this.#feed?.acknowledged ?? null;
    return acknowledged === null ? 0 : this.#context.history.head.op - acknowledged;
  }

  /** The process stood still: its standby may have been granted its place, which it must know before it answers anybody. */
  woken(now: Moment): void {
    const stillMs = this.liveness.awake(now.monotonic);
    this.#speak(now);
    if (this.#commits === "alone" || !this.isAttached) return;
    const number = this.doubt.begin(stillMs);
    if (number === null) return;
    this.#tell({ kind: "probe", epoch: this.#context.history.epoch, number });
    this.#updateServing();
  }

  /** For how long the standby has had entries that it has not acknowledged; 0 when there are none. */
  lagMs(now: number): number {
    return this.#feed?.lagMs(now) ?? 0;
  }

  endTurn(now: Moment): void {
    const { history, emit } = this.#context;
    this.desk.endTurn(now);
    const { isBehind, copies } = this.desk.dispatcher;
    for (const text of copies.backlogs.takeNotices()) emit({ kind: "notice", severity: "warning", text });
    if (isBehind || this.desk.scheduler.isBehind) emit({ kind: "go-on", afterMs: 0 });
    history.considerCheckpoint(now.monotonic);
    if (!isBatchHeld(this.#context, this.#feed, this.desk.attendance, now)) this.#sendBatch(now);
    this.advance(now);
  }

  #sendBatch(now: Moment): void {
    const { history, emit } = this.#context;
    const batch = history.takeBatch();
    if (batch.length === 0) return;
    this.#send(this.#feed?.live(batch, now.monotonic) ?? null, now);
    emit({ kind: "journal", entries: batch });
  }

  journalled(through: Op, now: Moment): void {
    this.#context.history.journalledThrough(through);
    this.#feedStandby(now);
    this.advance(now);
  }

  peerSaid(link: LinkId, message: ReplicationMessage, now: Moment): RoleChange | null {
    if (message.kind === "hello") return this.#greet(link, message, now);
    if (this.#feed?.link !== link) return null;
    this.liveness.heard(now.monotonic);
    switch (message.kind) {
      case "append-ok":
        this.#acknowledged(message, now);
        return null;
      case "goodbye":
        this.#loseStandby(`has left (${message.reason})`, now);
        return null;
      case "fenced":
        if (message.epoch <= this.#context.history.epoch) return null;
        return {
          kind: "fenced",
          reason: `the other node was granted epoch ${message.epoch}, this one is of epoch ${this.#context.history.epoch}`,
        };
      case "in-sync-ok":
        this.#reportPairing();
        return null;
      case "heartbeat":
        return null;
      case "probe-ok":
        if (this.doubt.answered(message.number)) this.#updateServing();
        this.advance(now);
        return null;
      case "snapshot-ok":
        this.#sendSnapshotPart(now);
        return null;
      default:
        this.#loseStandby(`said "${message.kind}", which a standby never says`, now);
        return null;
    }
  }

  peerLost(link: LinkId, now: Moment): void {
    if (this.#feed?.link === link) this.#loseStandby("is gone", now);
  }

  /** The arbiter lets this node confirm on its own. */
  grantedAlone(epoch: Epoch, now: Moment): void {
    this.#context.history.epoch = epoch;
    this.#context.emit({ kind: "save-term", term: this.#context.history.term });
    this.#commits = "alone";
    this.#mayBeAlone = true;
    this.#isSeeking = false;
    this.doubt.end();
    this.#isPairingReported = false;
    this.#inSyncThrough = null;
    this.#dropFeed();
    this.#updateServing();
    this.advance(now);
  }

  /** The arbiter wants it to wait for its standby (waitForReplica): nothing is safe until that one is back. */
  deniedAlone(now: Moment): void {
    if (!this.#isSeeking) return;
    this.#isSeeking = false;
    this.doubt.end();
    this.#updateServing();
    this.advance(now);
  }

  tick(now: Moment): void {
    const { options } = this.#context;
    this.liveness.awake(now.monotonic);
    if (this.#feed !== null && this.liveness.isOverdue(now.monotonic)) this.#loseStandby("is silent", now);
    // Nobody vouches for the other store in the classic profile; one started together with this one is let catch up.
    if (options.profile === "classic" && now.monotonic - this.#activeSince > options.firstContactMs)
      this.#inSyncThrough = null;
    this.#speak(now);
  }

  #speak(now: Moment): void {
    if (!this.isAttached || !this.liveness.shouldSpeak(now.monotonic)) return;
    const { epoch, committed } = this.#context.history;
    this.#tell({ kind: "heartbeat", epoch, committed });
    this.liveness.said(now.monotonic);
  }

  /**
   * Serves no more. Last words: the standby learns how far all is safe, and that this end is no failure; `pair`: that
   * nothing follows from it for the standby.
   */
  retire(reason: string, pair: boolean): void {
    const { history, emit } = this.#context;
    if (this.#isServing) emit({ kind: "serve", on: false });
    history.broker.observer = null;
    if (this.#feed === null) return;
    this.#tell({ kind: "heartbeat", epoch: history.epoch, committed: history.committed });
    this.#tell({ kind: "goodbye", pair, reason });
    emit({ kind: "drop-peer", link: this.#feed.link });
  }

  /** Lets out what has become safe. */
  advance(now: Moment): void {
    const { history, emit } = this.#context;
    if (this.#commits === "alone") history.commitThrough(history.durable);
    else if (this.#feed !== null && this.#feed.acknowledged !== null)
      history.commitThrough(asOp(Math.min(history.durable, this.#feed.acknowledged)));
    this.#tellInSync(now);
    if (this.#isSeeking || this.doubt.isOpen) return;
    for (const { session, answer } of this.desk.release(history.committed, now))
      emit({ kind: "answer", session, answer });
    // While the standby reads from the journal nothing is removed from it.
    if (this.#feed !== null && !this.#feed.isLevel) return;
    const checkpoint = history.takeSafeCheckpoint();
    if (checkpoint !== null) emit({ kind: "save-checkpoint", checkpoint });
  }

  #greet(
    link: LinkId,
    hello: Extract<ReplicationMessage, { kind: "hello" }>,
    now: Moment,
  ): RoleChange | null {
    const { options, history, journal } = this.#context;
    const verdict = judge(hello, {
      options,
      history,
      journal,
      attached: this.#feed?.instance ?? null,
      isSeeking: this.#isSeeking,
      inSyncThrough: this.#inSyncThrough,
    });
    if (verdict.kind === "fenced") return verdict;
    if (verdict.kind === "refuse") return this.#refuse(link, { ...verdict, node: hello.node });
    this.#dropFeed();
    this.liveness.heard(now.monotonic);
    const pairId = history.pairId ?? options.newPairId;
    if (verdict.kind === "send-snapshot") return this.#beginSnapshot(link, hello.instance, pairId, now);
    this.#feed = new StandbyFeed(link, hello.instance, verdict.common, verdict.digest, journal);
    const { common, digest } = verdict;
    const lacks = this.#commits === "alone" || !(verdict.isVouchedFor || this.#isPairingReported);
    this.#tell({ kind: "welcome", pairId, epoch: history.epoch, common, digest, lacks });
    return null;
  }

  #refuse(link: LinkId, { node, reason, retry, severity = "warning" }: Refusal): null {
    const { history, emit } = this.#context;
    emit({ kind: "tell-peer", link, message: { kind: "refused", epoch: history.epoch, retry, reason } });
    emit({ kind: "notice", severity, text: `The ${node} was refused: ${reason}.` });
    return null;
  }

  /** The whole state goes over in parts; from then on the standby is one that catches up from entry `head.op`. */
  #beginSnapshot(link: LinkId, instance: string, pairId: string, now: Moment): null {
    const { history, journal } = this.#context;
    // The contents of the latest messages are read from the journal, so they must be on their way there.
    this.endTurn(now);
    this.#sendBatch(now);
    this.#snapshot = new SnapshotFeed(history, journal);
    const { head } = this.#snapshot;
    this.#feed = new StandbyFeed(link, instance, head.op, head.digest, journal);
    this.#tell({ kind: "snapshot", ...head, epoch: history.epoch, pairId });
    return null;
  }

  #sendSnapshotPart(now: Moment): void {
    if (this.#feed === null || this.#snapshot === null) return;
    const part = this.#snapshot.next();
    if (part.isLast) this.#snapshot = null;
    this.#tell({ kind: "snapshot-part", epoch: this.#context.history.epoch, ...part });
    this.liveness.said(now.monotonic);
  }

  #acknowledged({ head, digest }: Extract<ReplicationMessage, { kind: "append-ok" }>, now: Moment): void {
    const feed = this.#feed;
    if (feed === null) return;
    const isFirst = feed.acknowledged === null;
    if (!feed.acknowledge(head, digest, now.monotonic)) {
      // It is told, so that it does not take the lost link for this node's failure.
      const reason = `its history differs from the active node's at entry ${head}, and what is confirmed from now on has one copy; run the recovery copy`;
      const retry = this.#context.options.synchronisation === "automatic";
      this.#refuse(feed.link, { node: "standby", reason, retry, severity: "error" });
      this.#loseStandby("has another history", now);
      return;
    }
    this.#feedStandby(now);
    if (isFirst) {
      // From here on its store holds what was sent from here, and some of that is confirmed before the arbiter hears of
      // the pairing: it must not be cut back to what was common at the start, should it come a second time.
      if (this.#inSyncThrough !== null) this.#inSyncThrough = wholeHistory;
      this.#wasPaired = true;
      this.doubt.end();
      this.#updateServing();
    }
    this.advance(now);
  }

  /** Sends a standby that is behind what it lacks; once it is level, confirmations wait for it. */
  #feedStandby(now: Moment): void {
    const feed = this.#feed;
    if (feed === null) return;
    const { history } = this.#context;
    this.#send(feed.catchUp(history.durable, history.undurable, now.monotonic), now);
    if (feed.isLevel && this.#commits === "alone") {
      this.#commits = "both";
      this.#updateServing();
    }
  }

  #send(parcel: Parcel | null, now: Moment): void {
    if (parcel === null || this.#feed === null) return;
    const { epoch, committed } = this.#context.history;
    this.#tell({ kind: "append", epoch, committed, ...parcel });
    this.liveness.said(now.monotonic);
  }

  /** The standby first: once the arbiter knows, it may let that one serve at any moment. */
  #tellInSync(now: Moment): void {
    const { history } = this.#context;
    const feed = this.#feed;
    if (this.#commits !== "both" || feed?.hasCaughtUp !== true || feed.isToldInSync) return;
    if ((feed.acknowledged ?? 0) < history.committed) return;
    feed.isToldInSync = true;
    this.#tell({ kind: "in-sync", epoch: history.epoch });
    this.liveness.said(now.monotonic);
  }

  /** Says it to the standby, if there is one. */
  #tell(message: ReplicationMessage): void {
    if (this.#feed !== null) this.#context.emit({ kind: "tell-peer", link: this.#feed.link, message });
  }

  #reportPairing(): void {
    const { history, emit } = this.#context;
    if (this.#isPairingReported || this.#feed?.isToldInSync !== true) return;
    this.#isPairingReported = true;
    this.#mayBeAlone = false;
    this.#inSyncThrough = null;
    emit({ kind: "paired", epoch: history.epoch });
    emit({ kind: "status-changed" });
  }

  #loseStandby(how: string, now: Moment): void {
    const { options, emit } = this.#context;
    const mustDecide = this.isAttached || this.#isPairingReported;
    this.#dropFeed();
    emit({ kind: "notice", severity: "warning", text: `The replica ${how}.` });
    if (this.#wasPaired && options.shutdownOnReplicaFailure) {
      const text = `The replica ${how}, and shutdownOnReplicaFailure is set.`;
      return emit({ kind: "end", reason: "replica-failed", text });
    }
    if (mustDecide && options.profile === "classic" && options.waitForReplica !== "always")
      // Nobody is asked, so the epoch grows by this node's own word.
      return this.grantedAlone(asEpoch(this.#context.history.epoch + 1), now);
    if (this.#isPairingReported) this.#inSyncThrough = wholeHistory;
    this.#isPairingReported = false;
    if (this.#mayBeAlone) {
      this.#commits = "alone";
      this.doubt.end();
    } else if (mustDecide && options.waitForReplica !== "always") {
      this.#isSeeking = true;
      emit({ kind: "ask-grant", wish: "alone" });
    }
    this.#updateServing();
    this.advance(now);
  }

  #dropFeed(): void {
    if (this.#feed === null) return;
    this.#context.emit({ kind: "drop-peer", link: this.#feed.link });
    this.#feed = null;
    this.#snapshot = null;
  }

  #updateServing(): void {
    const isHeld = this.#isSeeking || this.doubt.isOpen;
    const isServing = !isHeld && (this.#commits === "alone" || this.isAttached);
    if (isServing !== this.#isServing) {
      this.#isServing = isServing;
      this.#context.emit({ kind: "serve", on: isServing });
    }
    this.#context.emit({ kind: "status-changed" });
  }
}
