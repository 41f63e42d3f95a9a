/** Options of the failover transport; names, meanings and defaults are ActiveMQ's. */
export interface FailoverOptions {
  /** Whether each pass over the addresses takes them in another order. */
  readonly randomize: boolean;
  readonly initialReconnectDelayMs: number;
  readonly maxReconnectDelayMs: number;
  readonly useExponentialBackOff: boolean;
  readonly reconnectDelayExponent: number;
  /** Passes over all addresses before giving up; -1: never, 0: a lost connection is not replaced. */
  readonly maxReconnectAttempts: number;
  /** The same for the first connection; -1: as `maxReconnectAttempts`. */
  readonly startupMaxReconnectAttempts: number;
  /** How long a request waits while there is no connection before it fails; -1: for ever. */
  readonly timeoutMs: number;
  /** Return to a priority address as soon as one of them answers. */
  readonly priorityBackup: boolean;
  /** Keys of the priority addresses; empty: the first one of the list. */
  readonly priorityUris: readonly string[];
  /** Hold connections to other addresses ready. */
  readonly backup: boolean;
  readonly backupPoolSize: number;
  /** Accepted; this client tracks every unanswered request anyway. */
  readonly trackMessages: boolean;
  readonly warnAfterReconnectAttempts: number;
}

export const failoverOptionsDefault: FailoverOptions = {
  randomize: true,
  initialReconnectDelayMs: 10,
  maxReconnectDelayMs: 30_000,
  useExponentialBackOff: true,
  reconnectDelayExponent: 2,
  maxReconnectAttempts: -1,
  startupMaxReconnectAttempts: -1,
  timeoutMs: -1,
  priorityBackup: false,
  priorityUris: [],
  backup: false,
  backupPoolSize: 1,
  trackMessages: false,
  warnAfterReconnectAttempts: 10,
};

export type OptionRule = {
  /** The field it sets; `null`: known and without meaning here. */ readonly sets: string | null;
} & (
  | { readonly type: "boolean" | "addresses" | "text" }
  | { readonly type: "number"; readonly min: number; readonly max: number; readonly isWhole: boolean }
);

const dayMs = 86_400_000;
const flag = (sets: string | null): OptionRule => ({ type: "boolean", sets });
const count = (sets: string | null, min: number, max = 1_000_000_000): OptionRule => ({
  type: "number",
  sets,
  min,
  max,
  isWhole: true,
});

type OptionField = keyof FailoverOptions;
const field = (name: OptionField): OptionField => name;

/** Everything that may stand behind the bracket. Rows that set `null` only serve clients of other protocols. */
export const failoverOptionTable: Readonly<Record<string, OptionRule>> = {
  randomize: flag(field("randomize")),
  initialReconnectDelay: count(field("initialReconnectDelayMs"), 0, dayMs),
  maxReconnectDelay: count(field("maxReconnectDelayMs"), 0, dayMs),
  useExponentialBackOff: flag(field("useExponentialBackOff")),
  reconnectDelayExponent: {
    type: "number",
    sets: field("reconnectDelayExponent"),
    min: 1,
    max: 100,
    isWhole: false,
  },
  backOffMultiplier: {
    type: "number",
    sets: field("reconnectDelayExponent"),
    min: 1,
    max: 100,
    isWhole: false,
  },
  maxReconnectAttempts: count(field("maxReconnectAttempts"), -1),
  startupMaxReconnectAttempts: count(field("startupMaxReconnectAttempts"), -1),
  timeout: count(field("timeoutMs"), -1, dayMs),
  priorityBackup: flag(field("priorityBackup")),
  priorityURIs: { type: "addresses", sets: field("priorityUris") },
  backup: flag(field("backup")),
  backupPoolSize: count(field("backupPoolSize"), 1, 16),
  trackMessages: flag(field("trackMessages")),
  warnAfterReconnectAttempts: count(field("warnAfterReconnectAttempts"), -1),
  maxCacheSize: count(null, 0),
  maxPullCacheSize: count(null, 0),
  trackTransactionProducers: flag(null),
  reconnectSupported: flag(null),
  rebalanceUpdateURIs: flag(null),
  updateURIsSupported: flag(null),
  updateURIsURL: { type: "text", sets: null },
};

const addressOptionTable: Readonly<Record<string, OptionRule>> = {
  connectionTimeout: count("connectionTimeoutMs", 0, dayMs),
  soTimeout: count("soTimeoutMs", 0, dayMs),
  soWriteTimeout: count(null, 0, dayMs),
  soLinger: count(null, -1),
  socketBufferSize: count(null, 1),
  ioBufferSize: count(null, 1),
  tcpNoDelay: flag(null),
  keepAlive: flag(null),
  trace: flag(null),
  useLocalHost: flag(null),
  useInactivityMonitor: flag(null),
  dynamicManagement: flag(null),
  startLogging: flag(null),
  minmumWireFormatVersion: count(null, 0),
  typeOfService: count(null, 0, 255),
  trafficClass: count(null, 0, 255),
};
const addressOptionPrefixes = ["wireFormat.", "socket.", "transport.", "jms."];

/** The rule of an option that stands behind an address, or `null` when there is no such option. */
export function addressOptionOf(name: string): OptionRule | null {
  const rule = Object.hasOwn(addressOptionTable, name) ? addressOptionTable[name] : undefined;
  if (rule !== undefined) return rule;
  const isForeign =
    name === "wireFormat" ||
    addressOptionPrefixes.some((prefix) => name.startsWith(prefix) && name.length > prefix.length);
  return isForeign ? { type: "text", sets: null } : null;
}
