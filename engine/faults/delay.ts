import type { LinkFault } from "./fault.ts";

/** A long line: every chunk arrives later, in order, each way. */
export const delay: LinkFault = {
  mode: "delay",
  connections: "carry",
  passage: ({ delayMs }) => ({ kind: "later", delayMs }),
  sentence: ({ delayMs }) => `The replication link is delayed by ${delayMs} ms each way.`,
};
