/**
 * The names a configuration may use. Each option has one canonical name, and the names that ActiveMQ gave it under its
 * two vocabularies (master/slave, active/passive), which mean the same here.
 */
export const optionAliases = {
  name: ["brokerName"],
  role: [],
  host: [],
  port: [],
  allowRemote: [],
  dataDirectory: [],
  arbiter: [],
  primaryConnectorURI: ["masterConnectorURI", "activeConnectorURI"],
  primaryConnector: ["masterConnector", "activeConnector"],
  shutdownOnPrimaryFailure: ["shutdownOnMasterFailure", "shutdownOnActiveFailure"],
  shutdownOnReplicaFailure: ["shutdownOnSlaveFailure", "shutdownOnPassiveFailure"],
  waitForReplica: ["waitForSlave", "waitForPassive"],
  waitForReplicaTimeoutMs: ["waitForReplicaTimeout", "waitForSlaveTimeout", "waitForPassiveTimeout"],
  synchronisation: ["synchronization"],
  profile: [],
  peerTimeoutMs: [],
  durability: [],
  users: [],
  deleteAllMessagesOnStartup: [],
  primaryPort: [],
  replicaPort: [],
  controlPort: [],
  replicaLogin: [],
  useJmx: [],
} as const satisfies Record<string, readonly string[]>;

export type OptionName = keyof typeof optionAliases;

/** Names inside `primaryConnector`. */
export const connectorFields = ["remoteURI", "userName", "password", "localURI"] as const;

/** The only part of ActiveMQ's own options that is known, and refused for a reason worth saying. */
export const refusedOptions: ReadonlyMap<string, string> = new Map([
  ["passiveSlave", "a replica that mirrors nothing protects nothing; remove it"],
  [
    "networkConnectors",
    "a connection between the two brokers is made by the replica itself; configuring one more makes them race each other under load, so remove it",
  ],
  ["discoveryUri", "brokers are not discovered; give their addresses"],
]);

const canonicalNames: ReadonlyMap<string, OptionName> = new Map(
  (Object.entries(optionAliases) as [OptionName, readonly string[]][]).flatMap(([name, aliases]) =>
    [name, ...aliases].map((spelled) => [spelled, name] as const),
  ),
);

/** Every accepted spelling. */
export const knownNames: readonly string[] = [...canonicalNames.keys()];

/** The option that `spelled` names; `null` when there is none. */
export function canonicalName(spelled: string): OptionName | null {
  return canonicalNames.get(spelled) ?? null;
}

/** The known name that `spelled` was probably meant to be; `null` when none is near. */
export function nearestName(spelled: string, known: readonly string[] = knownNames): string | null {
  const wanted = spelled.slice(0, nameCharactersCompared).toLowerCase();
  let nearest: string | null = null;
  let leastEdits = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const edits = editCount(wanted, name.toLowerCase());
    if (edits < leastEdits) [nearest, leastEdits] = [name, edits];
  }
  return nearest;
}

/** `; did you mean "x"?`, or nothing when no known name is near. */
export function suggestion(spelled: string, known: readonly string[] = knownNames): string {
  const nearest = nearestName(spelled, known);
  return nearest === null ? "" : `; did you mean "${nearest}"?`;
}

const nameCharactersCompared = 64;

/** Levenshtein's distance, one row at a time. */
function editCount(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
