/** All that the oracle watches: every one has a sabotage that breaks it, see `test/sim/sabotages.ts`. */
export const rules = [
  "nothing is confirmed before it is safe",
  "nothing confirmed is lost",
  "nothing confirmed is applied twice",
  "none is invented",
  "transactions are whole",
  "order per producer",
  "redeliveries carry the flag",
  "replies reach who asked",
  "nothing is stranded",
  "what is scheduled comes in its time, each once",
  "a message comes to all its places and to no other",
  "one owner at a time for a message group",
  "valid requests are not refused",
  "a standby opens no port",
  "a standby that is behind does not take over",
  "one history",
  "ops without gaps",
  "replication rules",
  "nobody is judged unheard",
  "a superseded node answers nobody",
  "a split is reported",
  "by hand means by hand",
  "waitForReplica is kept",
  "shutdownOnPrimaryFailure is kept",
  "shutdownOnReplicaFailure is kept",
  "a sound store is never called damaged",
  "a sound store is never called unwritable",
  "the pair heals",
  "equal histories after healing",
  "equal states after healing",
] as const;

export type Rule = (typeof rules)[number];

/** A promise was broken. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export function violated(rule: Rule, detail: string): never {
  throw new Violation(`${rule}: ${detail}`);
}
