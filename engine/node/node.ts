import { assertNever } from "../base/assert.ts";
import { asEpoch, type Epoch, type Moment } from "../base/units.ts";
import type { PairState } from "../pair/state.ts";
import { ActiveRole } from "./active.ts";
import type { Effect, Input, JournalReader, NodeOptions, StoredState } from "./contract.ts";
import { History } from "./history.ts";
import type { RoleChange, RoleContext } from "./role.ts";
import { StandbyRole } from "./standby.ts";

type Leave = { readonly kind: "stop"; readonly pair: boolean } | { readonly kind: "hand-over" };

/**
 * One broker process without its I/O: the same inputs at the same moments give the same effects. It is active,
 * standby, or neither; the two roles hold all that is theirs, this class only changes between them.
 */
export class BrokerNode {
  readonly options: NodeOptions;
  readonly #journal: JournalReader;
  #history: History;
  #role: ActiveRole | StandbyRole | null = null;
  /** Why it is neither; `null` while it waits for a grant. */
  #outside: { readonly kind: "waiting" } | Extract<PairState, { kind: "fenced" | "out-of-sync" | "ended" }> =
    { kind: "waiting" };
  /** Set from when it was told to leave its service in order until that is done. */
  #leaving: Leave | null = null;
  #effects: Effect[] = [];

  constructor(options: NodeOptions, stored: StoredState, journal: JournalReader, now: Moment) {
    this.options = options;
    this.#journal = journal;
    this.#history = new History(stored, now.monotonic);
  }

  /** The only way in: what happened goes in, what must be done comes out, in order. */
  step(input: Input, now: Moment): readonly Effect[] {
    // A process that slept may find old acknowledgements in its sockets: they must not let out answers of a node that
    // was superseded meanwhile.
    if (this.mustWake(now)) this.active?.woken(now);
    this.#handle(input, now);
    this.#finishLeaving(now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  get history(): History {
    return this.#history;
  }

  get active(): ActiveRole | null {
    return this.#role instanceof ActiveRole ? this.#role : null;
  }

  /** Whether clients' bytes should wait, as there is more to hand out already than a few turns have time for. */
  get isFlooded(): boolean {
    return this.active?.desk.dispatcher.copies.isFlooded ?? false;
  }

  /** Whether clients' bytes must wait for a `woken` first, since this process stood still. */
  mustWake(now: Moment): boolean {
    return this.#role instanceof ActiveRole && this.#role.liveness.stoodStill(now.monotonic);
  }

  get state(): PairState {
    if (this.#role instanceof ActiveRole)
      return { kind: "active", commits: this.#role.commits, seeking: this.#role.isSeeking };
    if (this.#role instanceof StandbyRole) return { kind: "standby", attached: this.#role.isAttached };
    return this.#outside;
  }

  /** What a standby waits for, or what it was told. */
  get reason(): string | null {
    if (this.#role instanceof StandbyRole) return this.#role.reason;
    return this.#outside.kind === "waiting" || this.#role !== null ? null : this.#outside.reason;
  }

  get isAttached(): boolean {
    return this.#role?.isAttached ?? false;
  }

  #handle(input: Input, now: Moment): void {
    switch (input.kind) {
      case "started":
        return this.#start(now);
      case "session-opened":
        return this.active?.desk.open(input.session);
      case "asked":
        return this.active?.desk.ask(input.session, input.request, input.receipt, now);
      case "session-closed":
        return this.active?.desk.close(input.session, now);
      case "session-unsent":
        return this.active?.desk.dispatcher.outlets.unsent(input.session, input.sizeBytes);
      case "turn-ended":
        return this.#role?.endTurn(now);
      case "journalled":
        if (this.#role === null) this.#history.journalledThrough(input.through);
        return this.#role?.journalled(input.through, now);
      case "restored":
        return this.#restored(input.stored, now);
      case "peer-reached":
        if (this.#role instanceof StandbyRole) this.#role.peerReached(input.link, now);
        return;
      case "peer-said":
        return this.#peerSaid(input, now);
      case "peer-heard":
        if (this.#role instanceof StandbyRole) this.#role.peerHeard(input.link, now);
        return;
      case "peer-lost":
        if (this.#role instanceof StandbyRole) this.#change(this.#role.peerLost(input.link), now);
        else this.#role?.peerLost(input.link, now);
        return;
      case "granted":
        return this.#granted(input, now);
      case "denied":
        return this.#denied(input, now);
      case "woken":
        // Any step looks at the time first.
        return;
      case "ticked":
        return this.#tick(now);
      case "told-to-stop":
        return this.#stop(input.pair);
      case "told-to-hand-over":
        if (this.active?.isAttached === true) this.#leaveService({ kind: "hand-over" });
        return;
      case "told-to-shut-down":
        return this.#end(input.reason, input.text);
      default:
        return assertNever(input);
    }
  }

  #start(now: Moment): void {
    if (this.options.role === "replica") {
      this.#role = new StandbyRole(this.#context(), now);
      this.#emit({ kind: "status-changed" });
    } else if (this.options.profile === "classic") {
      this.#activateAlone(now);
    } else {
      this.#emit({ kind: "ask-grant", wish: "active" });
      this.#emit({ kind: "status-changed" });
    }
  }

  /** Classic profile: nobody is asked, so the epoch grows by this node's own word. */
  #activateAlone(now: Moment): void {
    const withPeer = this.options.role === "primary" && this.options.waitForReplica !== false;
    this.#activate({ epoch: asEpoch(this.#history.epoch + 1), withPeer, peerInSync: true }, now);
  }

  #activate(grant: { epoch: Epoch; withPeer: boolean; peerInSync: boolean }, now: Moment): void {
    if (this.#role instanceof StandbyRole) this.#role.leave("it takes over");
    this.#history.epoch = grant.epoch;
    this.#history.pairId ??= this.options.newPairId;
    this.#history.isBehind = false;
    this.#emit({ kind: "save-term", term: this.#history.term });
    // Whoever serves reads contents from the journal: what this node ordered or took just before must be on its way there.
    const batch = this.#history.takeBatch();
    if (batch.length > 0) this.#emit({ kind: "journal", entries: batch });
    this.#role = new ActiveRole(this.#context(), grant, now);
    this.#emit({ kind: "connectors", open: true });
    this.#role.advance(now);
  }

  #peerSaid({ link, message }: Extract<Input, { kind: "peer-said" }>, now: Moment): void {
    if (this.#role !== null) {
      this.#change(this.#role.peerSaid(link, message, now), now);
      return;
    }
    const reason = `this broker is ${this.#outside.kind}, not active`;
    this.#emit({
      kind: "tell-peer",
      link,
      message: { kind: "refused", epoch: this.#history.epoch, retry: true, reason },
    });
  }

  #restored(stored: StoredState, now: Moment): void {
    if (!(this.#role instanceof StandbyRole)) return;
    const change = this.#role.restored(stored, now);
    this.#history = this.#role.history;
    this.#change(change, now);
  }

  #granted({ wish, epoch, withPeer, peerInSync }: Extract<Input, { kind: "granted" }>, now: Moment): void {
    // A grant that was overtaken by a later one, or that this node has asked for twice.
    if (epoch <= this.#history.epoch && this.#history.epoch > 0) return;
    if (this.#leaving !== null || this.#outside.kind === "ended") return;
    if (this.#role instanceof ActiveRole) {
      if (wish === "alone") this.#role.grantedAlone(epoch, now);
      return;
    }
    this.#activate({ epoch, withPeer: wish === "active" && withPeer, peerInSync }, now);
  }

  #denied({ wish, epoch, reason }: Extract<Input, { kind: "denied" }>, now: Moment): void {
    if (this.#role instanceof StandbyRole) return this.#role.denied(epoch, reason, now);
    if (this.#role instanceof ActiveRole) {
      // A later epoch is another node's: whether this one asked, or was only told, it serves nobody any more.
      if (epoch > this.#history.epoch) this.#change({ kind: "fenced", reason }, now);
      else if (wish === "alone") this.#role.deniedAlone(now);
      return;
    }
    // A second denial, of what it asked when it woke up, must not hide that it was superseded while it slept.
    if (this.#outside.kind === "fenced" || this.#outside.kind === "ended") return;
    this.#stepAside({ kind: "out-of-sync", reason });
  }

  #tick(now: Moment): void {
    if (this.#role instanceof StandbyRole) this.#change(this.#role.tick(now), now);
    else this.#role?.tick(now);
  }

  #change(change: RoleChange | null, now: Moment): void {
    if (change === null) return;
    if (change.kind === "take-over") return this.#activateAlone(now);
    this.#stepAside(change.kind === "fenced" ? { ...change, by: this.#history.epoch } : change);
  }

  /** Serves nobody from now on; the store stays as it is. */
  #stepAside(outside: Extract<PairState, { kind: "fenced" | "out-of-sync" }>): void {
    if (this.#role instanceof StandbyRole) this.#role.leave(outside.reason);
    if (this.#role instanceof ActiveRole) {
      this.#history.broker.observer = null;
      this.#emit({ kind: "serve", on: false });
      this.#emit({ kind: "connectors", open: false });
      this.#emit({ kind: "close-sessions", reason: outside.reason });
    }
    this.#role = null;
    this.#outside = outside;
    this.#emit({ kind: "status-changed" });
  }

  #stop(pair: boolean): void {
    if (this.#leaving?.kind === "stop") return;
    if (this.#role instanceof ActiveRole) return this.#leaveService({ kind: "stop", pair });
    this.#leaving = { kind: "stop", pair };
    if (this.#role instanceof StandbyRole) this.#role.leave("it stops");
    this.#saveLastCheckpoint();
    this.#end("stopped", "It was told to stop.");
  }

  /** Clients go first. What they hold stays theirs: those that fail over take up their temporary queues and transactions. */
  #leaveService(leave: Leave): void {
    if (!(this.#role instanceof ActiveRole)) return;
    this.#leaving = leave;
    this.#emit({ kind: "connectors", open: false });
    this.#emit({
      kind: "close-sessions",
      reason: leave.kind === "stop" ? "the broker stops" : "the other broker takes over",
    });
    this.#role.desk.leaveAll();
  }

  #finishLeaving(now: Moment): void {
    if (this.#leaving === null || this.#outside.kind === "ended") return;
    // It was fenced while it waited for its last entries to be safe.
    if (this.#role === null) return this.#left(this.#leaving, now);
    if (!(this.#role instanceof ActiveRole)) return;
    if (this.#leaving.kind === "hand-over" && !this.#role.isAttached)
      return this.#resumeService(this.#role, now);
    if (this.#leaving.kind === "hand-over" && !this.#role.isPaired) return;
    const { history } = this;
    if (history.durable < history.head.op) return;
    const isSure = history.committed >= history.head.op && !this.#role.doubt.isOpen;
    if (this.#role.isAttached && !isSure) return;
    this.#role.advance(now);
    if (this.#leaving.kind === "stop") this.#saveLastCheckpoint();
    const isPairwise = this.#leaving.kind === "hand-over" || this.#leaving.pair;
    this.#role.retire(this.#leaving.kind === "stop" ? "it was told to stop" : "it hands over", isPairwise);
    this.#role = null;
    this.#left(this.#leaving, now);
  }

  #left(leave: Leave, now: Moment): void {
    this.#leaving = null;
    if (leave.kind === "stop") return this.#end("stopped", "It was told to stop.");
    if (this.#outside.kind !== "waiting") return;
    this.#role = new StandbyRole(this.#context(), now);
    this.#emit({ kind: "handed-over" });
    this.#emit({ kind: "status-changed" });
  }

  /** The standby went before it had everything: there is nobody to hand over to. */
  #resumeService({ desk }: ActiveRole, now: Moment): void {
    this.#leaving = null;
    desk.dismissFormerOwners(now);
    this.#emit({ kind: "connectors", open: true });
  }

  #saveLastCheckpoint(): void {
    // One may have been taken a while ago and have waited to be safe; then the last one follows it.
    for (let count = 0; count < 2; count += 1) {
      this.#history.forceCheckpoint();
      const checkpoint = this.#history.takeSafeCheckpoint();
      if (checkpoint !== null) this.#emit({ kind: "save-checkpoint", checkpoint });
    }
  }

  #end(reason: Extract<Effect, { kind: "end" }>["reason"], text: string): void {
    this.#outside = { kind: "ended", reason: text };
    this.#emit({ kind: "end", reason, text });
  }

  #context(): RoleContext {
    return {
      options: this.options,
      journal: this.#journal,
      history: this.#history,
      emit: (effect) => this.#emit(effect),
    };
  }

  #emit(effect: Effect): void {
    this.#effects.push(effect);
  }
}
