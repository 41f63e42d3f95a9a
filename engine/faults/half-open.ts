import type { LinkFault } from "./fault.ts";

/** A pulled cable that nobody notices: connections stay open, new ones open, and nothing ever arrives. */
export const halfOpen: LinkFault = {
  mode: "half-open",
  connections: "carry",
  passage: () => ({ kind: "swallow" }),
  sentence: () => "The replication link is half-open: it accepts everything and delivers nothing.",
};
