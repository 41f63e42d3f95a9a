import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { BrokerConfiguration, PairConfiguration } from "../config/configuration.ts";
import type { NodeName } from "../control/views.ts";

/** What both brokers must know of each other besides the pair's options. */
export interface PairPorts {
  readonly primary: number;
  readonly replica: number;
}

type Login = NonNullable<PairConfiguration["replicaLogin"]>;

/**
 * The login of the standby at the active node: as configured, else made up for this run when clients must log in. It
 * exists in memory and on the channel only.
 */
export function replicaLoginOf(configuration: PairConfiguration): Login | null {
  if (configuration.users.length === 0) return configuration.replicaLogin;
  return (
    configuration.replicaLogin ?? {
      name: `replica-${randomBytes(4).toString("hex")}`,
      password: randomBytes(24).toString("base64url"),
    }
  );
}

/**
 * What one broker process is told. `role`: the configured one, or `replica` for a primary that is started while the
 * replica serves and that may follow it.
 */
export function brokerSettings(
  configuration: PairConfiguration,
  { node, role }: { node: NodeName; role: NodeName },
  ports: PairPorts,
  login: Login | null,
): BrokerConfiguration {
  const { profile, synchronisation, waitForReplica, waitForReplicaTimeoutMs, shutdownOnPrimaryFailure } =
    configuration;
  const { shutdownOnReplicaFailure, peerTimeoutMs, durability } = configuration;
  const peer = node === "primary" ? "replica" : "primary";
  const users =
    login === null || configuration.users.length === 0
      ? configuration.users
      : [...configuration.users.filter(({ name }) => name !== login.name), login];
  return {
    profile,
    synchronisation,
    waitForReplica,
    waitForReplicaTimeoutMs,
    shutdownOnPrimaryFailure,
    shutdownOnReplicaFailure,
    peerTimeoutMs,
    durability,
    users,
    // The supervisor empties the stores itself, once: a broker that is restarted must keep its own.
    deleteAllMessagesOnStartup: false,
    name: node,
    role,
    host: "127.0.0.1",
    port: ports[node],
    dataDirectory: join(configuration.dataDirectory, node),
    // The primary has it too: once the roles have swapped, it follows the replica.
    primaryConnector: {
      host: "127.0.0.1",
      port: ports[peer],
      userName: login?.name ?? null,
      password: login?.password ?? null,
    },
    arbiter: null,
  };
}
