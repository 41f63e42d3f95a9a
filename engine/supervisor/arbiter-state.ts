import { z } from "zod";
import { nodeName, type NodeName } from "../control/views.ts";
import type { JournalPosition, SupervisorOrder } from "./channel.ts";

/** What the arbiter must never forget. It is on disk before any grant that depends on it leaves. */
export const arbiterState = z.object({
  /** Named by the node that was granted last, before both carry it; a node of another pair is refused. */
  pairId: z.string().nullable(),
  /** The last epoch granted. */
  epoch: z.number().int().min(0),
  /** The node that got it. */
  holder: nodeName.nullable(),
  /** Whether the holder may confirm without the other node. */
  alone: z.boolean(),
  /** Nodes whose store holds everything that was ever confirmed. */
  inSync: z.array(nodeName).max(2),
  /** Entries known to be on every node in sync: a store that is empty when this is not was deleted. */
  provenOp: z.number().int().min(0),
  /** Classic profile: both were active at once, so that each has a history of its own. */
  split: z.boolean(),
});
export type ArbiterState = Readonly<z.infer<typeof arbiterState>>;

export const freshArbiterState: ArbiterState = {
  pairId: null,
  epoch: 0,
  holder: null,
  alone: false,
  inSync: ["primary", "replica"],
  provenOp: 0,
  split: false,
};

/** The options that decide who may serve. */
export interface ArbiterOptions {
  readonly profile: "guarded" | "classic";
  readonly waitForReplica: boolean | "always";
  readonly shutdownOnPrimaryFailure: boolean;
  readonly shutdownOnReplicaFailure: boolean;
}

/** How a process ended: ordered by the user, or by itself, a signal or a failure. */
export type ExitKind = "ordered" | "failed";

/** What happened, as far as the question who may serve is concerned. */
export type ArbiterInput =
  /** The process is started, or is about to be: its peer may wait for it. */
  | { readonly kind: "starting"; readonly node: NodeName }
  | {
      readonly kind: "opened";
      readonly node: NodeName;
      readonly position: JournalPosition;
      readonly pairId: string | null;
    }
  | {
      readonly kind: "asked";
      readonly node: NodeName;
      readonly wish: "active" | "alone";
      readonly position: JournalPosition;
    }
  | {
      readonly kind: "paired";
      readonly node: NodeName;
      readonly epoch: number;
      readonly position: JournalPosition;
      /** Carried by both stores from now on. */
      readonly pairId?: string | null;
    }
  | {
      readonly kind: "status";
      readonly node: NodeName;
      readonly state:
        "starting" | "waiting" | "standby" | "active" | "blocked" | "fenced" | "out of sync" | "shut down";
      readonly attached: boolean;
      readonly position: JournalPosition;
    }
  /** The user stops it in order: it will be gone soon, and what follows it takes over then. */
  | { readonly kind: "stopping"; readonly node: NodeName }
  /** The answer to a `ping` effect, or that none came in time. */
  | { readonly kind: "answered" | "unanswered"; readonly node: NodeName }
  | { readonly kind: "exited"; readonly node: NodeName; readonly how: ExitKind }
  /** The user wants this standby to serve: after the active one has handed over, or because that one is gone. */
  | { readonly kind: "promote"; readonly node: NodeName }
  /** The node that served has left its service in order, and its standby holds everything. */
  | { readonly kind: "handed-over"; readonly node: NodeName }
  /** Nobody takes over until `resumed`: the whole pair stops, or a recovery moves stores about. */
  | { readonly kind: "suspended" }
  | { readonly kind: "resumed" }
  /** The recovery copy proved these stores to hold everything confirmed. Only while nobody serves. */
  | { readonly kind: "stores-proven"; readonly inSync: readonly NodeName[]; readonly op: number }
  | { readonly kind: "woken" };

/** What the supervisor must do next, in this order; nothing after `persist` before the state is durable. */
export type ArbiterEffect =
  | { readonly kind: "persist"; readonly state: ArbiterState }
  | { readonly kind: "tell"; readonly node: NodeName; readonly order: GrantOrder }
  /** Answer with `answered` or `unanswered`. */
  | { readonly kind: "ping"; readonly node: NodeName; readonly timeoutMs: number }
  | { readonly kind: "wake"; readonly afterMs: number }
  | { readonly kind: "notice"; readonly severity: "info" | "warning" | "error"; readonly text: string };

export type GrantOrder = Extract<SupervisorOrder, { kind: "granted" | "denied" | "shut-down" | "hand-over" }>;

export function otherNode(node: NodeName): NodeName {
  return node === "primary" ? "replica" : "primary";
}

/** What is known of one node's process; forgotten when it ends. */
export interface NodeFacts {
  /** `expected`: told to start, nothing heard yet. */
  process: "none" | "expected" | "opened";
  /** Holds the current epoch, given to this very process. */
  granted: boolean;
  /** It once followed its peer in this process's life. */
  followed: boolean;
  /** It cannot become a standby of the holder as it is: fenced, out of sync or another pair's. */
  barred: boolean;
  /** Its store was found to hold less than what was proven to be there. */
  lacking: boolean;
  asked: "active" | null;
  stopping: boolean;
  pinged: boolean;
  lastEnd: ExitKind | null;
}

export function noFacts(): NodeFacts {
  return {
    process: "none",
    granted: false,
    followed: false,
    barred: false,
    lacking: false,
    asked: null,
    stopping: false,
    pinged: false,
    lastEnd: null,
  };
}

/** Takes in what happened and says what follows from it, in one profile or the other. */
export interface PairArbiter {
  readonly state: ArbiterState;
  /** Why the user's wish to promote `node` cannot be granted now; `null` when it can. */
  promotionRefusal(node: NodeName): string | null;
  /** `now`: milliseconds of any clock that does not jump. */
  step(input: ArbiterInput, now: number): readonly ArbiterEffect[];
}
