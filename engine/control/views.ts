import { z } from "zod";
import { bodyKinds } from "../core/message.ts";

/** What people and scripts see of the pair. All times are milliseconds since 1970 UTC unless a name says otherwise. */

export const nodeName = z.enum(["primary", "replica"]);
export type NodeName = z.infer<typeof nodeName>;

/** `blocked`: active, but its clients wait for the replica. `fenced`: superseded by a later epoch; serves nobody. */
export const brokerState = z.enum([
  "stopped",
  "starting",
  "active",
  "standby",
  "blocked",
  "fenced",
  "out of sync",
  "shut down",
  "killed",
  "frozen",
]);
export type BrokerState = z.infer<typeof brokerState>;

export const protection = z.enum(["protected", "unprotected", "syncing", "split", "down"]);
export type Protection = z.infer<typeof protection>;

export const brokerView = z.object({
  node: nodeName,
  state: brokerState,
  /** Why it is in this state, in a sentence; `null` when the state says it all. */
  reason: z.string().nullable(),
  since: z.number(),
  port: z.number().int(),
  pid: z.number().int().nullable(),
  epoch: z.number().int(),
  /** Journal position: the last entry ordered or mirrored here, and the last one known safe. */
  op: z.number().int(),
  committed: z.number().int(),
  /** Chained digest at `op`, 32 hexadecimal digits; empty before anything is known. */
  digest: z.string(),
  storedMessages: z.number().int(),
  /** Messages to be delivered later, which are in no queue yet. */
  scheduledMessages: z.number().int(),
  storeBytes: z.number(),
  memoryBytes: z.number(),
  clients: z.number().int(),
  /** Messages per second over the last second. */
  inPerSecond: z.number(),
  outPerSecond: z.number(),
});
export type BrokerView = z.infer<typeof brokerView>;

export const linkMode = z.enum(["heal", "cut", "half-open", "delay"]);
export type LinkMode = z.infer<typeof linkMode>;

export const linkView = z.object({
  mode: linkMode,
  delayMs: z.number(),
  /** Whether the standby is attached through it now. */
  attached: z.boolean(),
  /** Entries ordered by the active node and not yet acknowledged by the standby. */
  lagEntries: z.number().int(),
  /** Age of the oldest of them. */
  lagMs: z.number(),
  bytesPerSecond: z.number(),
});
export type LinkView = z.infer<typeof linkView>;

/** An action the user can take next, as a control operation that the window can call and a CLI line that does the same. */
export const nextAction = z.object({
  label: z.string(),
  explanation: z.string(),
  operation: z.enum(["startRecovery", "actOnBroker", "setLink"]),
  input: z.record(z.string(), z.unknown()),
  cli: z.string(),
});
export type NextAction = z.infer<typeof nextAction>;

export const pairView = z.object({
  protection,
  /** One plain sentence: what the protection word means right now. */
  sentence: z.string(),
  nextActions: z.array(nextAction),
  profile: z.enum(["guarded", "classic"]),
  synchronisation: z.enum(["manual", "automatic"]),
  waitForReplica: z.union([z.boolean(), z.literal("always")]),
  shutdownOnPrimaryFailure: z.boolean(),
  shutdownOnReplicaFailure: z.boolean(),
  failoverUri: z.string(),
  controlUrl: z.string(),
  dataDirectory: z.string(),
  startedAt: z.number(),
  version: z.string(),
  epoch: z.number().int(),
  primary: brokerView,
  replica: brokerView,
  link: linkView,
});
export type PairView = z.infer<typeof pairView>;

/** One stay of a client on one node, and the blackout that led to it. */
export const clientStay = z.object({
  node: nodeName,
  from: z.number(),
  /** `null` while it lasts. */
  to: z.number().nullable(),
  /** From the last confirmed operation before to the first one here; `null` for the first stay, or not yet known. */
  blackoutMs: z.number().nullable(),
  /** When it ended, as last counted: requests without an answer, and deliveries without an acknowledgement. */
  open: z.object({ requests: z.number().int(), deliveries: z.number().int() }).nullable(),
  /** Deliveries here that had been made before. */
  redelivered: z.number().int(),
  /** Messages that the client sent here again, and that were stored already: recognised, not stored twice. */
  sentAgain: z.number().int(),
});
export type ClientStay = z.infer<typeof clientStay>;

export const clientView = z.object({
  /** Stable across the client's failovers as far as it can be recognised. */
  id: z.string(),
  /** Client id, built-in actor name, process or address: the most telling that is known. */
  name: z.string(),
  builtIn: z.boolean(),
  role: z.enum(["producer", "consumer", "both", "idle"]),
  /** `stalled`: its connection stands, and its broker answers nothing. */
  state: z.enum(["connected", "stalled", "reconnecting", "gone", "paused"]),
  protocol: z.string().nullable(),
  clientId: z.string().nullable(),
  login: z.string().nullable(),
  /** Whether it looks for the other broker by itself; `null`: its protocol does not say. */
  failsOver: z.boolean().nullable(),
  address: z.string().nullable(),
  node: nodeName.nullable(),
  since: z.number(),
  destinations: z.array(z.string()),
  sent: z.number().int(),
  received: z.number().int(),
  /** Requests asked and not yet confirmed (producers). */
  inFlight: z.number().int(),
  /** Deliveries not yet acknowledged (consumers). */
  unacknowledged: z.number().int(),
  reconnectAttempts: z.number().int(),
  stays: z.array(clientStay),
  /** The story in one line: `on primary 4 m 12 s, blackout 38 ms, on replica since 12:04:03.221`. */
  story: z.string(),
  /** Why it hangs or is away, and what ends that, in a sentence or two; `null` while it works. */
  hint: z.string().nullable(),
  /** Settings of a built-in client; `null` for external ones. */
  settings: z.lazy(() => builtInClient).nullable(),
});
export type ClientView = z.infer<typeof clientView>;

export const destinationName = z.string().min(1).max(1_024);

/** A built-in producer or consumer: real traffic over TCP through the failover client. */
export const builtInClient = z.object({
  role: z.enum(["producer", "consumer"]),
  protocol: z.literal("stomp").default("stomp"),
  /** `orders`, `queue://orders`, `/queue/orders` or `topic://prices`. */
  destination: destinationName,
  /** Producer: messages per second; 0 as fast as confirmations allow. */
  ratePerSecond: z.number().min(0).max(100_000).default(10),
  bodyBytes: z.number().int().min(0).max(1_048_576).default(256),
  persistent: z.boolean().default(true),
  /** Messages per transaction; 0: none. */
  transactionSize: z.number().int().min(0).max(10_000).default(0),
  /** Producer: sends awaiting their receipt at any time. Consumer: prefetch. */
  window: z.number().int().min(1).max(10_000).default(1),
  /** Consumer only. */
  ackMode: z.enum(["auto", "client", "client-individual"]).default("client-individual"),
  /** Consumer only: work pretended per message. */
  processingMs: z.number().min(0).max(60_000).default(0),
});
export type BuiltInClient = z.infer<typeof builtInClient>;

export const destinationView = z.object({
  /** `queue://orders`. */
  name: z.string(),
  kind: z.enum(["queue", "topic", "temp-queue", "temp-topic", "durable"]),
  /** Messages stored, of them handed to consumers and not yet acknowledged. */
  depth: z.number().int(),
  inFlight: z.number().int(),
  consumers: z.number().int(),
  producers: z.number().int(),
  enqueued: z.number().int(),
  dequeued: z.number().int(),
  inPerSecond: z.number(),
  outPerSecond: z.number(),
});
export type DestinationView = z.infer<typeof destinationView>;

export const messageSummary = z.object({
  /** Journal position of the entry that accepted it: the message's name within its destination. */
  id: z.number().int(),
  messageId: z.string(),
  bodyBytes: z.number().int(),
  /** First characters of a text body, or hex of a binary one; else, in brackets, what the body is. */
  preview: z.string(),
  priority: z.number().int(),
  persistent: z.boolean(),
  sentAt: z.number(),
  expiresAt: z.number().nullable(),
  deliveryCount: z.number().int(),
  /** Consumer it is with now; `null` while it waits. */
  heldBy: z.string().nullable(),
});
export type MessageSummary = z.infer<typeof messageSummary>;

export const messageDetail = messageSummary.extend({
  destination: z.string(),
  properties: z.array(z.object({ name: z.string(), value: z.string(), type: z.string() })),
  correlationId: z.string().nullable(),
  replyTo: z.string().nullable(),
  type: z.string().nullable(),
  bodyKind: z.enum(bodyKinds),
  /** The whole body, base64: inflated, a map as the JSON that STOMP clients get, an object as Java serialised it. */
  bodyBase64: z.string(),
  deadLetter: z.object({ from: z.string(), cause: z.enum(["rejected", "expired"]) }).nullable(),
  /** What is known of its way: accepted, stored here, replicated, delivered, redelivered, dead-lettered. */
  fate: z.array(z.object({ step: z.string(), at: z.number().nullable(), detail: z.string() })),
});
export type MessageDetail = z.infer<typeof messageDetail>;

export const outgoingMessage = z.object({
  body: z.string().default(""),
  /** `text`: `body` is the text itself. `base64`: decoded and sent as bytes. */
  encoding: z.enum(["text", "base64"]).default("text"),
  properties: z.record(z.string(), z.string()).default({}),
  persistent: z.boolean().default(true),
  priority: z.number().int().min(0).max(9).default(4),
  /** Milliseconds to live; `null`: for ever. */
  timeToLiveMs: z.number().positive().nullable().default(null),
  correlationId: z.string().nullable().default(null),
  replyTo: z.string().nullable().default(null),
  type: z.string().nullable().default(null),
  count: z.number().int().min(1).max(10_000).default(1),
});
export type OutgoingMessage = z.infer<typeof outgoingMessage>;

/** What became of all messages that a broker confirmed to built-in producers. */
export const ledgerView = z.object({
  confirmed: z.number().int(),
  receivedOnce: z.number().int(),
  receivedAgain: z.number().int(),
  /** Of those received again, the ones whose repetition carried no redelivered flag; should be 0. */
  unflaggedRepeats: z.number().int(),
  /** Confirmed, not received, and still stored or in a consumer's hands. */
  notYet: z.number().int(),
  /** Confirmed, not received, and no longer on any broker. */
  lost: z.number().int(),
  /** Messages of one producer that arrived out of order. */
  outOfOrder: z.number().int(),
  /** The verdict in a sentence with numbers, renewed after each failover. */
  verdict: z.string(),
  since: z.number(),
});
export type LedgerView = z.infer<typeof ledgerView>;

export const recoveryStepName = z.enum([
  "preflight",
  "stop-source",
  "set-aside",
  "copy",
  "verify",
  "start-primary",
  "start-replica",
]);
export const recoveryView = z.object({
  state: z.enum(["idle", "running", "done", "failed", "undone"]),
  /** Which node's store is copied over which. */
  from: nodeName.nullable(),
  to: nodeName.nullable(),
  preflight: z
    .object({
      /** What would happen, in a sentence. */
      sentence: z.string(),
      allowed: z.boolean(),
      /** Why it is refused; `null` when allowed. */
      refusal: z.string().nullable(),
      ahead: nodeName.nullable(),
      aheadByEntries: z.number().int().nullable(),
      sourceBytes: z.number(),
      targetBytes: z.number(),
      freeBytes: z.number(),
    })
    .nullable(),
  steps: z.array(
    z.object({
      name: recoveryStepName,
      label: z.string(),
      state: z.enum(["waiting", "running", "done", "failed"]),
      detail: z.string(),
    }),
  ),
  copiedBytes: z.number(),
  totalBytes: z.number(),
  bytesPerSecond: z.number(),
  remainingMs: z.number().nullable(),
  /** Directory with the replaced store, kept until the user removes it; `null` when there is none. */
  kept: z.object({ directory: z.string(), bytes: z.number(), node: nodeName }).nullable(),
  /** What went wrong, what it means for the data, and what to do. */
  error: z.string().nullable(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});
export type RecoveryView = z.infer<typeof recoveryView>;
