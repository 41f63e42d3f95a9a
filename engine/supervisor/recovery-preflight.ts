import { commandLine } from "../base/command-line.ts";
import { byteSize, count, counted } from "../base/words.ts";
import type { NodeName, RecoveryView } from "../control/views.ts";
import { otherNode } from "./arbiter-state.ts";
import type { JournalPosition } from "./channel.ts";

/** What is known of both stores before anything is touched. */
export interface RecoveryFacts {
  /** `null`: empty or not there. A reason: unreadable. */
  readonly stores: Readonly<Record<NodeName, StoreFacts>>;
  /** Nodes whose store holds everything confirmed. */
  readonly inSync: readonly NodeName[];
  /** Both served at once (classic profile): each has a history of its own. */
  readonly split: boolean;
  readonly profile: "guarded" | "classic";
  readonly isProtected: boolean;
  /** The link is cut or half-open on purpose: neither could mirror the other. */
  readonly isLinkBroken: boolean;
  readonly freeBytes: number;
}

export interface StoreFacts {
  readonly position: JournalPosition | null;
  /** Why the store cannot be read; `null` when it can. */
  readonly unsound: string | null;
  readonly bytes: number;
}

export interface RecoveryPlan {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly preflight: NonNullable<RecoveryView["preflight"]>;
}

/** Room that must remain beside the copy. */
const spareBytes = 16 * 1024 * 1024;

/** Decides which store is copied over which, and whether that may be. Pure. */
export function planRecovery(
  facts: RecoveryFacts,
  wish: { from?: NodeName | undefined; force: boolean },
): RecoveryPlan {
  const from = wish.from ?? defaultSource(facts);
  const to = otherNode(from);
  const ahead = aheadOf(facts);
  const refusal = refusalOf(facts, from, wish.force);
  const source = facts.stores[from];
  const target = facts.stores[to];
  return {
    from,
    to,
    preflight: {
      sentence: `${comparison(facts, ahead)} The ${from}'s store (${byteSize(source.bytes)}) is copied over the ${to}'s (${byteSize(target.bytes)}), which is kept until you remove it.`,
      allowed: refusal === null,
      refusal,
      ahead: ahead.node,
      aheadByEntries: ahead.entries,
      sourceBytes: source.bytes,
      targetBytes: target.bytes,
      freeBytes: facts.freeBytes,
    },
  };
}

/** The store that holds everything; between two that do, or when nobody knows, the one that is ahead. */
function defaultSource(facts: RecoveryFacts): NodeName {
  const [only, second] = facts.inSync;
  // Even if it cannot be read just now: taking the other one instead would lose what only this one holds.
  if (only !== undefined && second === undefined) return only;
  const sound = (["replica", "primary"] as const).filter((node) => facts.stores[node].unsound === null);
  return aheadOf(facts).node ?? sound[0] ?? "replica";
}

function aheadOf({ stores }: RecoveryFacts): { node: NodeName | null; entries: number | null } {
  const primary = stores.primary.position;
  const replica = stores.replica.position;
  if (primary === null || replica === null) {
    const node = primary !== null ? "primary" : replica !== null ? "replica" : null;
    return { node, entries: (primary ?? replica)?.op ?? null };
  }
  const byEpoch = Math.sign(primary.epoch - replica.epoch);
  const order = byEpoch === 0 ? Math.sign(primary.op - replica.op) : byEpoch;
  return {
    node: order === 0 ? null : order > 0 ? "primary" : "replica",
    entries: Math.abs(primary.op - replica.op),
  };
}

function refusalOf(facts: RecoveryFacts, from: NodeName, force: boolean): string | null {
  const to = otherNode(from);
  const [source, target] = [facts.stores[from], facts.stores[to]];
  if (facts.isProtected) return "Both brokers run and hold everything: there is nothing to recover.";
  if (facts.isLinkBroken)
    return `The replication link is broken, so neither could mirror the other. Heal it first (${commandLine("link", "heal")}).`;
  if (source.unsound !== null)
    return `The ${from}'s store cannot be read (${source.unsound}), so it is not copied over anything.`;
  if (source.position === null)
    return `The ${from}'s store is empty or missing, so it is not copied over anything.`;
  if (facts.freeBytes < source.bytes + spareBytes) {
    return `The copy needs ${byteSize(source.bytes + spareBytes)}, but only ${byteSize(facts.freeBytes)} are free. Make room, or move the data directory.`;
  }
  if (force) return null;
  const way =
    "Copy in the other direction, or say so expressly (--force); the replaced store is kept all the same.";
  if (facts.split)
    return `Both brokers were active at once, so that each store has messages of its own; those of the ${to} would be left out. Choose the one to keep (--from), and say so expressly (--force); the replaced store is kept all the same.`;
  if (facts.inSync.includes(to) && !facts.inSync.includes(from)) {
    const state = target.unsound === null ? "" : ` (it cannot be read now: ${target.unsound})`;
    return `The ${to}'s store holds confirmed messages that the ${from}'s does not${state}. ${way}`;
  }
  // What a store not in sync has beyond the other was confirmed to nobody; who may serve is decided by the arbiter alone.
  if (facts.profile === "guarded" && facts.inSync.includes(from)) return null;
  const ahead = aheadOf(facts);
  if (ahead.node === to) return `The ${to}'s store is newer than the ${from}'s. ${way}`;
  return null;
}

function comparison(
  { stores, inSync }: RecoveryFacts,
  ahead: { node: NodeName | null; entries: number | null },
): string {
  const [primary, replica] = [stores.primary.position, stores.replica.position];
  if (
    primary !== null &&
    replica !== null &&
    primary.op === replica.op &&
    primary.digest === replica.digest
  ) {
    return `Both stores end at entry ${count(primary.op)} with the same history.`;
  }
  if (ahead.node === null || ahead.entries === null) return "The stores differ.";
  const other = otherNode(ahead.node);
  const entries = counted(ahead.entries, "entry", "entries");
  const authority =
    inSync.length === 1 && inSync[0] !== ahead.node
      ? ` Only the ${inSync[0] ?? ""}'s holds everything confirmed.`
      : "";
  if (ahead.entries === 0) return `The ${ahead.node}'s store is newer than the ${other}'s.${authority}`;
  return `The ${ahead.node}'s store is ahead of the ${other}'s by ${entries}.${authority}`;
}
