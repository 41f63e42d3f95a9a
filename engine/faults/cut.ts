import type { LinkFault } from "./fault.ts";

/** A pulled cable that both sides notice: connections are reset, new ones refused. */
export const cut: LinkFault = {
  mode: "cut",
  connections: "refuse",
  passage: () => ({ kind: "swallow" }),
  sentence: () => "The replication link is cut.",
};
