import { randomUUID } from "node:crypto";
import { secretsEqual } from "../base/checksum.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import type { NodeOptions } from "../node/contract.ts";

/** Classic profile: a replica that has not reached its primary by then serves alone, as the original's did at once. */
const firstContactMs = 5_000;

/** What the node needs to know of its configuration. */
export function nodeOptions(configuration: BrokerConfiguration): NodeOptions {
  const { primaryConnector } = configuration;
  return {
    name: configuration.name,
    role: configuration.role,
    profile: configuration.profile,
    synchronisation: configuration.synchronisation,
    waitForReplica: configuration.waitForReplica,
    shutdownOnPrimaryFailure: configuration.shutdownOnPrimaryFailure,
    shutdownOnReplicaFailure: configuration.shutdownOnReplicaFailure,
    peerTimeoutMs: configuration.peerTimeoutMs,
    firstContactMs,
    instance: randomUUID(),
    newPairId: randomUUID(),
    login: loginOf(primaryConnector),
    admitsReplica: (userName, password) => authenticates(configuration, userName, password),
  };
}

function loginOf(connector: BrokerConfiguration["primaryConnector"]): NodeOptions["login"] {
  const userName = connector?.userName ?? null;
  return userName === null ? null : { userName, password: connector?.password ?? "" };
}

/** Everyone is let in when no users are configured. */
export function authenticates(
  { users }: BrokerConfiguration,
  name: string | null,
  password: string | null,
): boolean {
  if (users.length === 0) return true;
  // Every user is compared, so that the time taken does not tell which names exist.
  return (
    users.filter((user) => secretsEqual(`${user.name}\n${user.password}`, `${name ?? ""}\n${password ?? ""}`))
      .length > 0
  );
}
