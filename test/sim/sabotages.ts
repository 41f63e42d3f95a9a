import type { Rule } from "../world/rules.ts";
import type { Fault } from "../world/faults.ts";
import type { Lies, WorldOptions } from "../world/world.ts";

/** A lie at the simulated boundary, and the rule that must notice it. A rule that nothing can break watches nothing. */
export interface Sabotage {
  readonly name: string;
  readonly lies: Partial<Lies>;
  /** Meant to catch it; other rules may do so first. */
  readonly rule: Rule;
  /** What all schedules have in common, where the lie is about an option. */
  readonly options?: Partial<WorldOptions>;
  /** In place of each schedule's own, where those seldom meet: it takes an unlucky moment. */
  readonly faults?: readonly Fault[];
}

const classic = { profile: "classic" } as const;
const catchingUp = {
  ...classic,
  synchronisation: "automatic",
  waitForReplica: false,
  tailCount: 0,
  segmentBytes: 1_000,
  checkpointChance: 0.3,
  linkMs: 60,
} as const;
const classicallyEnding = { ...classic, shutdownOnPrimaryFailure: true };

/** The active node sleeps through the moment in which the link breaks, again and again. */
const sleepers: readonly Fault[] = [400, 1_100, 1_800, 2_400].flatMap((at) => [
  { number: at, at, kind: "stall active" as const, lastsMs: 1_000 },
  { number: at + 50, at: at + 50, kind: "cut link" as const, lastsMs: 400 },
]);

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
    name: "the classic primary confirms before its disk is done",
    lies: { journalledEarly: "active" },
    rule: "nothing is confirmed before it is safe",
    options: classic,
  },
  {
    name: "the classic standby acknowledges before its disk is done",
    lies: { journalledEarly: "standby" },
    rule: "replication rules",
    options: classic,
  },
  {
    name: "the disk of a classic node forgets what it had synced",
    lies: { lostEntries: 3 },
    rule: "nothing confirmed is lost",
    options: classic,
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
  },
  {
    name: "the arbiter's book is lost with the supervisor",
    lies: { forgetsBook: true },
    rule: "nothing confirmed is lost",
  },
  {
    name: "a fenced node serves on",
    lies: { ignoresDenials: true },
    rule: "one history",
    faults: sleepers,
  },
  {
    name: "a sleeper is told that nothing happened",
    lies: { trick: "a sleeper is told that nothing happened" },
    rule: "a superseded node answers nobody",
    faults: sleepers,
  },
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
  { name: "a body is altered", lies: { requests: "altered" }, rule: "none is invented" },
  { name: "a target is spoiled", lies: { requests: "spoiled" }, rule: "valid requests are not refused" },
  ...tricks([
    ["an entry is not journalled", "ops without gaps"],
    ["the standby opens its port", "a standby opens no port"],
    ["the primary waits for nobody", "waitForReplica is kept", { waitForReplica: "always" }],
    [
      "the primary outlives its replica",
      "shutdownOnReplicaFailure is kept",
      { shutdownOnReplicaFailure: true },
    ],
    ["the replica takes over anyway", "shutdownOnPrimaryFailure is kept", { shutdownOnPrimaryFailure: true }],
    ["anyone may catch up", "by hand means by hand", { synchronisation: "manual" }],
    ["nobody notices a split", "a split is reported", classic],
    ["the replica takes over unasked", "one history", classic],
    ["a standby calls itself in sync", "a standby that is behind does not take over", catchingUp],
    ["the replica takes over anyway", "shutdownOnPrimaryFailure is kept", classicallyEnding],
    ["missed ticks are made up for", "nobody is judged unheard"],
    ["deliveries change places", "order per producer"],
    ["replies go astray", "replies reach who asked"],
    ["a part is left out", "a message comes to all its places and to no other"],
    [
      "the replica knows but one queue of a virtual topic",
      "a message comes to all its places and to no other",
    ],
    ["a pattern covers nothing that comes later", "nothing is stranded"],
    ["nobody hears a grant", "the pair heals"],
    ["a flipped bit is not noted", "a sound store is never called damaged"],
    ["trouble is not noted", "a sound store is never called unwritable"],
    ["delays are cut short", "what is scheduled comes in its time, each once"],
    ["what is scheduled is lost when another node serves", "what is scheduled comes in its time, each once"],
    [
      "what is scheduled is delivered once more when another node serves",
      "what is scheduled comes in its time, each once",
    ],
    ["groups are not known", "one owner at a time for a message group"],
    ["one node forgets its last entry", "equal histories after healing"],
  ]),
  { name: "one node's state is changed", lies: { changesState: true }, rule: "equal states after healing" },
];

function tricks(list: readonly (readonly [Lies["trick"], Rule, Partial<WorldOptions>?])[]): Sabotage[] {
  return list.map(([trick, rule, options = {}]) => ({
    name: options.profile === undefined ? trick : `${trick}, in the classic profile`,
    lies: { trick },
    rule,
    options,
  }));
}
