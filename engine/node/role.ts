import type { Effect, JournalReader, NodeOptions } from "./contract.ts";
import type { History } from "./history.ts";

/** What both roles work with. */
export interface RoleContext {
  readonly options: NodeOptions;
  readonly journal: JournalReader;
  readonly history: History;
  readonly emit: (effect: Effect) => void;
}

/** A role's way out of itself: what the node must become. */
export type RoleChange =
  | { readonly kind: "fenced"; readonly reason: string }
  | { readonly kind: "out-of-sync"; readonly reason: string }
  /** The standby takes over by its own decision (classic profile). */
  | { readonly kind: "take-over" };
