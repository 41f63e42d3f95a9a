import type { Epoch } from "../base/units.ts";

/** What this node is to the pair: one value, so that no two flags can disagree. */
export type PairState =
  /** Its store is open; it has asked for a grant and serves nobody until it is answered. */
  | { readonly kind: "waiting" }
  | { readonly kind: "standby"; readonly attached: boolean }
  | {
      readonly kind: "active";
      /**
       * `alone`: an entry is safe once it is durable here. `both`: once it is durable on the standby too; nothing is
       * safe while that one is not attached.
       */
      readonly commits: "alone" | "both";
      /** The standby was lost and a grant to go on alone is asked for: no client is answered until it comes. */
      readonly seeking: boolean;
    }
  /** Another node was granted a later epoch: this one serves nobody until its store is restored. */
  | { readonly kind: "fenced"; readonly by: Epoch; readonly reason: string }
  | { readonly kind: "out-of-sync"; readonly reason: string }
  | { readonly kind: "ended"; readonly reason: string };
