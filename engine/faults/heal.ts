import type { LinkFault } from "./fault.ts";

/** Nothing is wrong. */
export const heal: LinkFault = {
  mode: "heal",
  connections: "carry",
  passage: () => ({ kind: "pass" }),
  sentence: () => "The replication link is healed.",
};
