import { digestsEqual, type Digest } from "../base/checksum.ts";
import { asOp, type Op } from "../base/units.ts";
import { replicationVersion, type ReplicationMessage } from "../pair/message.ts";
import type { JournalReader, NodeOptions } from "./contract.ts";
import type { History } from "./history.ts";

type Hello = Extract<ReplicationMessage, { kind: "hello" }>;

/** The answer to a standby's first words. */
export type Verdict =
  /** `isVouchedFor`: nobody was ever told of an entry that it lacks. */
  | { readonly kind: "accept"; readonly common: Op; readonly digest: Digest; readonly isVouchedFor: boolean }
  /** Its history is of no use: it gets the whole state instead. */
  | { readonly kind: "send-snapshot" }
  | { readonly kind: "refuse"; readonly retry: boolean; readonly reason: string }
  /** It knows of a later grant than this node's. */
  | { readonly kind: "fenced"; readonly reason: string };

/** What a standby is told that may not attach, or not stay. */
export interface Refusal {
  readonly node: string;
  readonly reason: string;
  /** Whether it may come again as it is. */
  readonly retry: boolean;
  readonly severity?: "warning" | "error";
}

/** What the active node knows that bears on a newcomer. */
export interface HandshakeContext {
  readonly options: NodeOptions;
  readonly history: History;
  readonly journal: JournalReader;
  /** Instance of the standby that is attached now. */
  readonly attached: string | null;
  readonly isSeeking: boolean;
  /**
   * Set while the newcomer's store may differ from ours only at the end, in entries nobody was ever told of: the last
   * entry we had when we became active. What the newcomer has beyond it was never confirmed, as that needed us.
   */
  readonly inSyncThrough: Op | null;
}

/** Whether a standby may attach, and up to where the two histories are the same. Nothing is attached by hope. */
export function judge(hello: Hello, context: HandshakeContext): Verdict {
  const { options, history, attached } = context;
  if (context.isSeeking)
    return { kind: "refuse", retry: true, reason: "the active node waits for the arbiter" };
  if (hello.version !== replicationVersion)
    return refuse(
      `it speaks version ${hello.version} of the replication protocol, this broker version ${replicationVersion}`,
    );
  if (!options.admitsReplica(hello.userName, hello.password))
    return refuse("its user name or password is wrong");
  if (attached !== null && attached !== hello.instance)
    return { kind: "refuse", retry: true, reason: "only one replica can be attached, and another one is" };
  if (hello.pairId !== null && hello.pairId !== history.pairId)
    return refuse("its store belongs to another pair");
  const verdict = compareHistories(hello, context);
  if (verdict.kind === "refuse" && !mayReplaceStore(hello, context)) return verdict;
  if (hello.epoch > history.epoch) {
    const seen = `has seen epoch ${hello.epoch}, later than ${history.epoch}`;
    if (options.profile === "guarded") return { kind: "fenced", reason: `the ${hello.node} ${seen}` };
    return refuse(`it ${seen}; run the recovery copy to choose which history stays`);
  }
  return verdict.kind === "refuse" ? { kind: "send-snapshot" } : verdict;
}

/**
 * Whether the newcomer's store may be replaced by ours. In the guarded profile whoever is active holds everything that
 * was ever confirmed. In the classic profile the newcomer may have served too: only a store that is plainly behind, or
 * empty, is replaced, and never one with entries of its own.
 */
function mayReplaceStore(hello: Hello, { options, history, journal }: HandshakeContext): boolean {
  if (options.synchronisation !== "automatic") return false;
  if (options.profile === "guarded") return true;
  const ours = hello.head > history.head.op ? null : digestAt(hello.head, history, journal);
  return ours !== null && digestsEqual(ours, hello.digest);
}

function compareHistories(hello: Hello, context: HandshakeContext): Verdict {
  const { options, history, journal } = context;
  const { head } = history;
  // Without an arbiter nobody knows whether the newcomer served alone meanwhile: only an equal store is in sync.
  const inSyncThrough =
    options.profile === "guarded" || hello.head === context.inSyncThrough ? context.inSyncThrough : null;
  const common = asOp(Math.min(hello.head, inSyncThrough ?? head.op, head.op));
  const ours = digestAt(common, history, journal);
  const knowsTheirs = hello.head === common;
  if (ours !== null && knowsTheirs && !digestsEqual(ours, hello.digest))
    return refuse(
      `its history differs from this one's at entry ${common} or before; run the recovery copy to choose which one stays`,
    );
  if (hello.head > common && inSyncThrough === null)
    return refuse(
      `it has ${hello.head - head.op} entries more than this broker; run the recovery copy to choose which history stays`,
    );
  const isBehind = hello.head < head.op;
  if (isBehind && inSyncThrough === null && options.synchronisation === "manual")
    return refuse(
      `it is ${head.op - hello.head} entries behind (it has ${hello.head} of ${head.op}), and catching up by itself is switched off; run the recovery copy`,
    );
  if (ours === null || (common < head.op && common < journal.completeAfter()))
    return refuse(
      `it is ${head.op - hello.head} entries behind, and the journal no longer holds them all; run the recovery copy`,
    );
  return { kind: "accept", common, digest: ours, isVouchedFor: inSyncThrough !== null };
}

function digestAt(op: Op, history: History, journal: JournalReader): Digest | null {
  return op === history.head.op ? history.head.digest : journal.digestAt(op);
}

function refuse(reason: string): Verdict {
  return { kind: "refuse", retry: false, reason };
}
