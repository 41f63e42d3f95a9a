import type { Digest } from "../base/checksum.ts";
import type { Epoch, Op, Unit } from "../base/units.ts";
import type { Broker } from "../core/broker.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { SessionAnswer, SessionId, SessionRequest } from "../core/dialogue.ts";
import type { Message } from "../core/message.ts";
import type { Head, JournalEntry } from "../pair/entry.ts";
import type { ReplicationMessage, SnapshotHead, SnapshotPart } from "../pair/message.ts";

/** One replication connection, numbered by the host; never reused within a process. */
export type LinkId = Unit<"link">;

/** Why a process ends by itself. */
export type EndReason = "stopped" | "primary-failed" | "replica-failed" | "failure";

export interface NodeOptions {
  readonly name: string;
  readonly role: "primary" | "replica";
  readonly profile: "guarded" | "classic";
  readonly synchronisation: "manual" | "automatic";
  readonly waitForReplica: boolean | "always";
  readonly shutdownOnPrimaryFailure: boolean;
  readonly shutdownOnReplicaFailure: boolean;
  readonly peerTimeoutMs: number;
  /** Classic profile: how long a replica that never reached its primary tries before it serves alone. */
  readonly firstContactMs: number;
  /** Made anew by each process. */
  readonly instance: string;
  /** Made up for a pair that has none yet. */
  readonly newPairId: string;
  /** What this node tells its primary. */
  readonly login: { readonly userName: string; readonly password: string } | null;
  /** Whether a replica may attach with this login. */
  readonly admitsReplica: (userName: string | null, password: string | null) => boolean;
}

/** What a node must not forget about the pair. */
export interface Term {
  /** Latest epoch this node has seen or been granted. */
  readonly epoch: Epoch;
  readonly pairId: string | null;
  /** It followed an active node that may have confirmed what is not here, and was not told since that it is in sync. */
  readonly isBehind: boolean;
}

/** What the store held when it was opened: the state after entry `head.op`. */
export interface StoredState extends Term {
  readonly broker: Broker;
  readonly head: Head;
  readonly checkpointOp: Op;
}

/** The journal as the node reads it, between its own steps. */
export interface JournalReader {
  /** All entries beyond this one can be read; earlier ones only where a message still needs them. */
  completeAfter(): Op;
  /** Stored entries from `first` on, at least one if there is one, else no more than `bytesMax`. */
  read(first: Op, bytesMax: number): readonly Uint8Array[];
  /** Digest of the history up to `op`, where that can still be known. */
  digestAt(op: Op): Digest | null;
  /** Bytes of the entry `op` that sent a message, stored or just being written; `null` when they are gone. */
  content(op: Op): Uint8Array | null;
  /** Content of the message sent by entry `op`; `null` when that is gone. */
  message(op: Op): Message | null;
}

/** What happened. A fact cannot be refused, only answered. */
export type Input =
  | { readonly kind: "started" }
  | { readonly kind: "session-opened"; readonly session: SessionId }
  | {
      readonly kind: "asked";
      readonly session: SessionId;
      readonly request: SessionRequest;
      readonly receipt: number;
    }
  | { readonly kind: "session-closed"; readonly session: SessionId }
  /** So much of what was written to the client has not left; told when it changes, as it does when a client reads slowly. */
  | { readonly kind: "session-unsent"; readonly session: SessionId; readonly sizeBytes: number }
  /** All that was at hand has been given to the node: it shares out messages and sends its batch. */
  | { readonly kind: "turn-ended" }
  /** All entries through this one would survive what the durability setting names. */
  | { readonly kind: "journalled"; readonly through: Op }
  /** The store was cut, or replaced by a snapshot, as asked; this is what it holds now. */
  | { readonly kind: "restored"; readonly stored: StoredState }
  /** The standby's connection to the active node stands. */
  | { readonly kind: "peer-reached"; readonly link: LinkId }
  | { readonly kind: "peer-said"; readonly link: LinkId; readonly message: ReplicationMessage }
  /** Bytes of a message that is not whole yet: a large one takes its time, and whoever sends it is no silent peer. */
  | { readonly kind: "peer-heard"; readonly link: LinkId }
  | { readonly kind: "peer-lost"; readonly link: LinkId }
  | {
      readonly kind: "granted";
      readonly wish: "active" | "alone";
      readonly epoch: Epoch;
      readonly withPeer: boolean;
      readonly peerInSync: boolean;
    }
  | {
      readonly kind: "denied";
      readonly wish: "active" | "alone";
      readonly epoch: Epoch;
      readonly reason: string;
    }
  /** Told before clients' bytes are, where the node says that it must be: this process stood still. */
  | { readonly kind: "woken" }
  /** Time has passed, and whatever was at hand when it had was given to the node before: it may judge who is silent. */
  | { readonly kind: "ticked" }
  /** `pair`: the other node stops too. */
  | { readonly kind: "told-to-stop"; readonly pair: boolean }
  /** A planned switch: all that is ordered becomes safe, then this node follows the one that served as its standby. */
  | { readonly kind: "told-to-hand-over" }
  | { readonly kind: "told-to-shut-down"; readonly reason: EndReason; readonly text: string };

/** What the host must do next, in order. */
export type Effect =
  /** Make durable, then say `journalled`. */
  | { readonly kind: "journal"; readonly entries: readonly JournalEntry[] }
  | { readonly kind: "save-checkpoint"; readonly checkpoint: Checkpoint }
  /** Make durable before anything else leaves. */
  | { readonly kind: "save-term"; readonly term: Term }
  /** Remove all entries beyond `after`, and say `restored` with what is left. */
  | { readonly kind: "cut"; readonly after: Op }
  /** Begin a new store beside the present one. */
  | { readonly kind: "begin-snapshot" }
  | { readonly kind: "take-snapshot-part"; readonly part: SnapshotPart }
  /** It is whole: keep the present store aside, put the new one in its place, and say `restored` with what it holds. */
  | { readonly kind: "install-snapshot"; readonly head: SnapshotHead; readonly pairId: string }
  | { readonly kind: "tell-peer"; readonly link: LinkId; readonly message: ReplicationMessage }
  | { readonly kind: "drop-peer"; readonly link: LinkId }
  /** Keep trying to reach the primary, or leave off. */
  | { readonly kind: "seek-peer"; readonly on: boolean }
  | { readonly kind: "answer"; readonly session: SessionId; readonly answer: SessionAnswer }
  /** Open or close the port for clients and for the replica. */
  | { readonly kind: "connectors"; readonly open: boolean }
  /** Whether clients' bytes are read now; while off their connections stand and wait. */
  | { readonly kind: "serve"; readonly on: boolean }
  /**
   * End another turn soon, or so much later, though nothing may happen: there was more to do than one turn has time for,
   * or a batch waits for more. One such wish is as good as several.
   */
  | { readonly kind: "go-on"; readonly afterMs: number }
  | { readonly kind: "close-sessions"; readonly reason: string }
  | { readonly kind: "ask-grant"; readonly wish: "active" | "alone" }
  | { readonly kind: "paired"; readonly epoch: Epoch }
  /** This node serves no more and its standby has everything: that one may be granted to serve now. */
  | { readonly kind: "handed-over" }
  | { readonly kind: "status-changed" }
  | { readonly kind: "notice"; readonly severity: "info" | "warning" | "error"; readonly text: string }
  | { readonly kind: "end"; readonly reason: EndReason; readonly text: string };
