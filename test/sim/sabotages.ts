import type { Lies } from "../world/world.ts";

/** A lie at the simulated boundary, and the rule that must notice it. A rule that nothing can break watches nothing. */
export interface Sabotage {
  readonly name: string;
  readonly lies: Partial<Lies>;
  /** Start of the message of the rule that is meant to catch it; other rules may do so first. */
  readonly rule: string;
  /** Seed to begin with, where the first ones are known not to notice: it takes an unlucky moment. */
  readonly from?: number;
}

export const sabotages: readonly Sabotage[] = [
  {
    name: "the standby acknowledges before its disk is done",
    lies: { journalledEarly: "standby" },
    rule: "replication rules",
  },
  {
    name: "the active node confirms before its disk is done",
    lies: { journalledEarly: "active" },
    rule: "nothing is confirmed before it is safe",
  },
  {
    name: "the disk forgets what it had synced",
    lies: { lostEntries: 3 },
    rule: "nothing confirmed is lost",
  },
  {
    name: "the arbiter leaves the standby eligible while the active node is alone",
    lies: { leavesStandbyEligible: true },
    rule: "nothing confirmed is lost",
  },
  {
    name: "the arbiter believes a pairing of an older epoch",
    lies: { believesStalePairing: true },
    rule: "nothing confirmed is lost",
    from: 22,
  },
  {
    name: "the arbiter's book is lost with the supervisor",
    lies: { forgetsBook: true },
    rule: "nothing confirmed is lost",
  },
  { name: "a fenced node serves on", lies: { ignoresDenials: true }, rule: "one history", from: 36 },
  {
    name: "deliveries are not mirrored",
    lies: { forgetsDeliveries: true },
    rule: "redeliveries carry the flag",
  },
  {
    name: "requests are taken twice",
    lies: { requests: "doubled" },
    rule: "nothing confirmed is applied twice",
  },
  { name: "requests change places", lies: { requests: "swapped" }, rule: "order per producer" },
  {
    name: "a part of a transaction is confirmed and dropped",
    lies: { requests: "partly lost" },
    rule: "transactions are whole",
  },
  { name: "the end of a connection is not told", lies: { forgetsClosed: true }, rule: "nothing is stranded" },
  { name: "one node's state is changed", lies: { changesState: true }, rule: "equal states after healing" },
];
