import type { LinkMode } from "../control/views.ts";

/** What a fault does with one chunk of bytes on its way through the link. */
export type Passage =
  | { readonly kind: "pass" }
  /** Taken and never handed on; the sender notices nothing. */
  | { readonly kind: "swallow" }
  /** Handed on later, behind all chunks before it. */
  | { readonly kind: "later"; readonly delayMs: number };

/** One thing that can be wrong with the replication link. It sees chunks, never a socket. */
export interface LinkFault {
  readonly mode: LinkMode;
  /** `refuse`: existing connections are torn down and new ones refused. */
  readonly connections: "carry" | "refuse";
  passage(settings: FaultSettings): Passage;
  /** What the timeline says when it is switched on. */
  sentence(settings: FaultSettings): string;
}

export interface FaultSettings {
  readonly delayMs: number;
}
