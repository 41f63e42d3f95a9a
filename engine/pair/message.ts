import type { Digest } from "../base/checksum.ts";
import type { Epoch, Op } from "../base/units.ts";
import type { CheckpointHead, ChunkRow, MessageRow } from "../core/checkpoint.ts";

/** Version of the replication protocol; both sides must speak the same. */
export const replicationVersion = 4;

/**
 * All that the two nodes say to each other, over one connection that the standby opens to the active node's ordinary
 * port. Who may say what, and what must be durable first, stands in {@link replicationRules}.
 */
export type ReplicationMessage =
  /** First words of the standby: who it is and what it has. */
  | {
      readonly kind: "hello";
      readonly version: number;
      /** `null` until the store has belonged to a pair. */
      readonly pairId: string | null;
      readonly node: string;
      /** Made anew by each process, so that a second replica is told from the first one returning. */
      readonly instance: string;
      readonly epoch: Epoch;
      readonly head: Op;
      readonly digest: Digest;
      readonly userName: string | null;
      readonly password: string | null;
    }
  /**
   * Accepted: the histories are the same up to `common`; what the standby has beyond it nobody was ever told, and it
   * goes. `lacks`: clients may have been told, or may yet be, of what it has not; it serves nobody before `in-sync`.
   */
  | {
      readonly kind: "welcome";
      readonly pairId: string;
      readonly epoch: Epoch;
      readonly common: Op;
      readonly digest: Digest;
      readonly lacks: boolean;
    }
  /** Accepted, but its own history is of no use: what follows in parts is the state after entry `op`, to be put in its place. */
  | ({ readonly kind: "snapshot"; readonly epoch: Epoch; readonly pairId: string } & SnapshotHead)
  /** A piece of it: journal entries of messages that are still there, and their places in queues. */
  | ({ readonly kind: "snapshot-part"; readonly epoch: Epoch; readonly isLast: boolean } & SnapshotPart)
  /** The part is stored; the next one may come. */
  | { readonly kind: "snapshot-ok"; readonly epoch: Epoch }
  /** Not accepted; `retry` says whether asking again later makes sense. */
  | { readonly kind: "refused"; readonly epoch: Epoch; readonly retry: boolean; readonly reason: string }
  /** Entries that follow `after`, in their stored form, and how far everything is known safe. */
  | {
      readonly kind: "append";
      readonly epoch: Epoch;
      readonly after: Op;
      readonly committed: Op;
      readonly entries: readonly Uint8Array[];
    }
  /** All up to `head` is durable on the standby, whose history has this digest there. */
  | { readonly kind: "append-ok"; readonly epoch: Epoch; readonly head: Op; readonly digest: Digest }
  /** The standby has all that clients were ever told of, and will have whatever they are told from here on. */
  | { readonly kind: "in-sync"; readonly epoch: Epoch }
  /** It is noted: a restart will know. */
  | { readonly kind: "in-sync-ok"; readonly epoch: Epoch }
  | { readonly kind: "heartbeat"; readonly epoch: Epoch; readonly committed: Op }
  /** The sender stood still, and asks whether the standby follows it still: what was said before does not tell. */
  | { readonly kind: "probe"; readonly epoch: Epoch; readonly number: number }
  /** The standby follows, and has not asked for the active node's place. */
  | { readonly kind: "probe-ok"; readonly epoch: Epoch; readonly number: number }
  /** The sender knows a later epoch than the receiver's: the receiver must not serve any more. */
  | { readonly kind: "fenced"; readonly epoch: Epoch }
  /** The sender stops in order; its end is no failure. `pair`: so does the receiver, who must not take over. */
  | { readonly kind: "goodbye"; readonly pair: boolean; readonly reason: string };

/** What a snapshot is of: the entry it follows, and all of the state that is not messages. */
export interface SnapshotHead extends CheckpointHead {
  readonly summary: string;
}

export interface SnapshotPart {
  readonly contents: readonly SnapshotContent[];
  readonly rows: readonly MessageRow[];
  readonly chunks: readonly ChunkRow[];
}

/** A message's content: the entry that sent it. */
export interface SnapshotContent {
  readonly op: Op;
  readonly bytes: Uint8Array;
}

interface MessageRule {
  readonly sender: "active" | "standby" | "either";
  /** What may answer it. */
  readonly answers: readonly ReplicationMessage["kind"][];
  /** What must be on the sender's own disk before the message may leave it. */
  readonly durableFirst: "nothing" | "through head" | "the word";
}

/** The protocol as data: nodes refuse what breaks it, and the simulator checks every message in flight against it. */
export const replicationRules = {
  hello: {
    sender: "standby",
    answers: ["welcome", "snapshot", "refused", "fenced"],
    durableFirst: "through head",
  },
  welcome: { sender: "active", answers: ["append-ok", "fenced"], durableFirst: "nothing" },
  snapshot: { sender: "active", answers: ["snapshot-ok", "fenced"], durableFirst: "nothing" },
  "snapshot-part": {
    sender: "active",
    answers: ["snapshot-ok", "append-ok", "fenced"],
    durableFirst: "nothing",
  },
  "snapshot-ok": { sender: "standby", answers: ["snapshot-part"], durableFirst: "nothing" },
  refused: { sender: "active", answers: [], durableFirst: "nothing" },
  append: { sender: "active", answers: ["append-ok", "fenced"], durableFirst: "nothing" },
  "append-ok": { sender: "standby", answers: ["append"], durableFirst: "through head" },
  "in-sync": { sender: "active", answers: ["in-sync-ok", "fenced"], durableFirst: "nothing" },
  "in-sync-ok": { sender: "standby", answers: [], durableFirst: "the word" },
  heartbeat: { sender: "either", answers: [], durableFirst: "nothing" },
  probe: { sender: "active", answers: ["probe-ok", "fenced"], durableFirst: "nothing" },
  "probe-ok": { sender: "standby", answers: [], durableFirst: "nothing" },
  fenced: { sender: "either", answers: [], durableFirst: "nothing" },
  goodbye: { sender: "either", answers: [], durableFirst: "nothing" },
} as const satisfies Record<ReplicationMessage["kind"], MessageRule>;
