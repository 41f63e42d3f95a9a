import { z } from "zod";

/**
 * What a pair, or one broker of it, is told before it starts. Configuration files (JSON, YAML, ActiveMQ XML), the
 * command line and the app all end here; names and defaults are those of ActiveMQ's Pure Master Slave where it had them.
 */
const port = z.number().int().min(0).max(65_535);

export const userAccount = z.object({ name: z.string().min(1).max(256), password: z.string().max(1_024) });

/** Options that both brokers of a pair share. */
export const pairOptions = z.object({
  /** `guarded`: going active, or on alone, needs a grant of the arbiter. `classic`: nodes decide alone, as the original did. */
  profile: z.enum(["guarded", "classic"]).default("guarded"),
  synchronisation: z.enum(["manual", "automatic"]).default("manual"),
  /** The primary serves no client until its replica is attached: at start, or (`always`) whenever protection is lost. */
  waitForReplica: z.union([z.boolean(), z.literal("always")]).default(false),
  /** How long a client without a failover transport is kept waiting before it gets an error. */
  waitForReplicaTimeoutMs: z.number().int().min(0).default(600_000),
  shutdownOnPrimaryFailure: z.boolean().default(false),
  shutdownOnReplicaFailure: z.boolean().default(false),
  /** Silence of the peer after which it counts as lost. */
  peerTimeoutMs: z.number().int().min(200).max(600_000).default(2_000),
  /** What a confirmation survives: the machine losing power, or only the process dying. */
  durability: z.enum(["power-loss", "process-crash"]).default("power-loss"),
  /** Clients that may log in; empty: everyone on this host. */
  users: z.array(userAccount).max(1_000).default([]),
  deleteAllMessagesOnStartup: z.boolean().default(false),
});
export type PairOptions = z.infer<typeof pairOptions>;

/** A pair under one supervisor. */
export const pairConfiguration = pairOptions.extend({
  dataDirectory: z.string().min(1),
  primaryPort: port.default(61_616),
  replicaPort: port.default(61_617),
  controlPort: port.default(8_161),
  /** Login of the replica at the primary; needed when `users` is not empty, then made up by the supervisor unless given. */
  replicaLogin: userAccount.nullable().default(null),
});
export type PairConfiguration = z.infer<typeof pairConfiguration>;

/** One broker process: half of a supervised pair, or run alone with `understudy broker`. */
export const brokerConfiguration = pairOptions.extend({
  /** `primary` or `replica` under a supervisor; free otherwise. */
  name: z.string().min(1).max(200),
  role: z.enum(["primary", "replica"]),
  host: z.string().default("127.0.0.1"),
  port,
  dataDirectory: z.string().min(1),
  /** Makes this broker a replica of the one at this address. */
  primaryConnector: z
    .object({ host: z.string(), port, userName: z.string().nullable(), password: z.string().nullable() })
    .nullable()
    .default(null),
  /** Control URL of the supervisor that grants; `null`: the process's parent, or nobody (then only `classic`). */
  arbiter: z.string().nullable().default(null),
});
export type BrokerConfiguration = z.infer<typeof brokerConfiguration>;
