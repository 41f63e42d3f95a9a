import { assert } from "./assert.ts";

/** Every length, count and rate that comes from outside is compared with one of these before it costs memory. */
export const limits = {
  /** A STOMP, OpenWire or MQTT frame, headers and body together. */
  frameBytesMax: 104_857_600,
  stompHeaderCountMax: 1_000,
  stompHeaderLineBytesMax: 65_536,
  /** Ids, destinations, messages, elements of arrays in one OpenWire frame. */
  openwireObjectsPerFrameMax: 10_000,
  /** Objects within objects; also causes of an exception, and maps within maps. */
  openwireNestingMax: 32,
  /** Values that one OpenWire connection remembers in each direction, to refer to them by a number. */
  openwireCacheCountMax: 16_383,
  openwireCacheBytesMax: 4_194_304,
  /** Values in the properties or in the map or stream body of one OpenWire message. */
  openwireValuesPerMapMax: 100_000,
  /** The body of a map message that is turned into JSON or from it, which takes many times its memory. */
  mapJsonBytesMax: 1_048_576,
  /** Frames begun and not complete, of all connections together; beyond it the one that sends more is closed. */
  unfinishedBytesMax: 536_870_912,
  /** First bytes looked at before a connection is told that no protocol begins like that. */
  detectionBytesMax: 64,
  /** A frame of somebody who has not logged in yet: a client's first, or a replica's greeting. */
  openingFrameBytesMax: 65_536,
  /** A connection that has not said who it is by then is closed. */
  connectTimeoutMs: 10_000,
  /** A client that began a frame and sends no byte more of it for so long is gone, or holds memory on purpose. */
  stalledFrameMs: 60_000,
  connectionsMax: 20_000,
  subscriptionsPerConnectionMax: 10_000,
  transactionsPerConnectionMax: 1_000,
  /** Queues, durable subscriptions and temporary destinations. */
  destinationsMax: 100_000,
  /** Messages that wait for one subscriber of a topic who does not keep up; beyond it the oldest are discarded. */
  topicBacklogMax: 100_000,
  /** So many at once: taking them off one by one would cost each message the length of the backlog. */
  topicDiscardCount: 1_000,
  /** Topics that advisories tell of. */
  topicsToldOfMax: 100_000,
  /** Topics that keep a message for retroactive consumers. */
  retainedMessagesMax: 10_000,
  /** XA transactions that wait for the second half of their commit. */
  preparedTransactionsMax: 1_000,
  /** Messages to be delivered later, each of which is remembered. */
  scheduledMessagesMax: 200_000,
  /** How far ahead one can be scheduled: about a hundred years. */
  scheduleDelayMsMax: 3_155_760_000_000,
  /** ActiveMQ's limit, for those that are not repeated for ever. */
  scheduleRepeatMax: 1_000,
  /** Delivered, or told of to who asked, in one turn; others are served in between. */
  scheduledPerTurnMax: 500,
  /** Messages handed out to consumers of queues in one turn. */
  deliveredPerTurnMax: 2_000,
  /** Copies handed to subscribers of topics, and to browsers, in one turn. */
  copiesPerTurnMax: 2_000,
  /** Copies in line for subscribers of topics beyond which the broker stops reading from its clients until they are out. */
  copiesInLineMax: 20_000,
  /** Messages that are taken out of queues in one turn as their time is over. */
  expiredPerTurnMax: 1_000,
  /** Transactions, and subscriptions, remembered from connections that broke; of more, the oldest are forgotten. */
  interruptedNamesMax: 10_000,
  /** Messages that those transactions were to settle; with more, a transaction can only be rolled back. */
  interruptedSettlementsMax: 200_000,
  operationsPerTransactionMax: 100_000,
  destinationNameBytesMax: 1_024,
  /** Destinations that the name of one composite destination stands for. */
  destinationPartsMax: 64,
  /** Groups of messages of one queue that have a consumer; beyond it the one not used for longest is given up. */
  groupsPerQueueMax: 1_024,
  /** Waiting messages that are looked at when those in front belong to groups whose consumers have no room. */
  groupLookaheadMax: 200,
  compositeNameCharactersMax: 65_536,
  /** Names that a client gives its subscriptions, transactions, receipts and itself. */
  nameCharactersMax: 1_024,
  /** Messages handed to one subscription and not settled yet, whatever it asks for. */
  prefetchCountMax: 32_767,
  prefetchCountDefault: 1_000,
  /** Bytes waiting to be written to one connection; beyond it nothing more is handed to it. */
  unsentBytesPerConnectionMax: 8_388_608,
  /** The same of all connections together: the nearer it comes, the less each of them is given. */
  unsentBytesMax: 134_217_728,
  /** Entries that wait, while the batch before them is on its way, so that they are one batch and not many. */
  heldBatchBytesMax: 16_384,
  /** For so long such a batch waits for clients that mostly ask again as soon as they are answered. */
  gatheringMs: 1,
  /** Entries sent to the journal and the replica in one batch. */
  batchBytesMax: 1_048_576,
  /** Entries ordered and not yet safe; beyond it the broker stops reading from its clients. */
  uncommittedBytesMax: 67_108_864,
  /** A replication frame: one batch plus one entry of the largest message. */
  replicationFrameBytesMax: 209_715_200,
  /** Bytes waiting to be written to the other node; beyond it that one takes nothing, and the link is given up. */
  peerUnsentBytesMax: 285_212_672,
  /** Memory for bodies of recent messages; older ones are read back from the store. */
  bodyCacheBytesMax: 16_777_216,
  /** Journal kept, with automatic synchronisation, for a node that was away to catch up from. */
  journalTailBytes: 67_108_864,
  /** Messages are left to the journal until so much stands behind them: most are gone by then. */
  lateContentBytes: 67_108_864,
  /** Changes between two checkpoints of the message store: so few that taking one holds nobody up for long. */
  checkpointChangeCount: 3_000,
  checkpointIdleMs: 2_000,
  controlBodyBytesMax: 16_777_216,
  /** Calls of the control API, of all callers together; a window has a connection of its own. */
  controlRequestsPerSecondMax: 500,
  configurationBytesMax: 262_144,
  browsePageCountMax: 500,
  selectorCharactersMax: 16_384,
  /** Messages of queues that selectors look at in one turn; the rest waits for the next, so that others are served. */
  selectorLooksPerTurnMax: 1_000,
  /** Brackets, signs and NOTs in one another, each of which takes a place on the stack. */
  selectorDepthMax: 100,
} as const;

assert(
  limits.batchBytesMax + limits.frameBytesMax < limits.replicationFrameBytesMax,
  "a batch fits a replication frame",
);
assert(
  limits.uncommittedBytesMax + limits.replicationFrameBytesMax < limits.peerUnsentBytesMax,
  "all that clients may get ahead by can be on its way to the standby",
);
assert(
  limits.batchBytesMax < limits.uncommittedBytesMax,
  "a batch can be outstanding without stopping the clients",
);
assert(limits.prefetchCountDefault <= limits.prefetchCountMax, "the default prefetch is allowed");
