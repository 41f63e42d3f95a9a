import type { Destination } from "../core/message.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import type {
  DestinationView,
  LinkMode,
  MessageDetail,
  MessageSummary,
  OutgoingMessage,
} from "../control/views.ts";
import type { ControlFailure } from "../control/contract.ts";

/**
 * What a broker process and its supervisor say to each other, as JSON over the process channel. The broker reports
 * facts; the supervisor grants, asks and orders. A broker whose supervisor is gone stops in order, so that no process
 * is ever left behind.
 */
export type BrokerReport =
  /** The store is open and sound; nothing is served yet. */
  | { readonly kind: "opened"; readonly position: JournalPosition; readonly pairId: string | null }
  | { readonly kind: "state"; readonly status: NodeStatus }
  /** Asks to serve: `active` as the only one that may, `alone` without waiting for the peer any longer. */
  | { readonly kind: "ask-grant"; readonly wish: "active" | "alone"; readonly position: JournalPosition }
  /** A planned switch: this node serves no more, and its standby holds everything. */
  | { readonly kind: "handed-over"; readonly position: JournalPosition }
  /** The standby holds all that is confirmed: from now on, at this epoch, nothing is confirmed without it. */
  | {
      readonly kind: "paired";
      readonly epoch: number;
      readonly position: JournalPosition;
      /** The name of the pair, which both stores carry from now on. */
      readonly pairId?: string | null;
    }
  | { readonly kind: "statistics"; readonly statistics: NodeStatistics }
  /** What clients did in the last moments, in order. */
  | { readonly kind: "clients"; readonly changes: readonly ClientChange[] }
  | {
      readonly kind: "reply";
      readonly request: number;
      readonly value?: unknown;
      readonly failure?: ControlFailure;
    }
  | { readonly kind: "pong"; readonly ping: number }
  | { readonly kind: "notice"; readonly severity: "info" | "warning" | "error"; readonly text: string }
  /** Last words before the process ends by itself. */
  | { readonly kind: "ending"; readonly reason: EndReason; readonly text: string };

export type EndReason = "stopped" | "primary-failed" | "replica-failed" | "refused" | "failure";

/** Exit codes of a broker process, by reason. */
export const exitCodes: Readonly<Record<EndReason, number>> = {
  stopped: 0,
  failure: 1,
  "primary-failed": 20,
  "replica-failed": 21,
  refused: 22,
};

export type SupervisorOrder =
  | { readonly kind: "configure"; readonly configuration: BrokerConfiguration }
  /**
   * `active`: open the connectors; while `withPeer`, nothing is confirmed until the peer is attached.
   * `alone`: confirm without the peer. `peerInSync`: the peer's store may differ only in what nobody was ever told.
   */
  | {
      readonly kind: "granted";
      readonly wish: "active" | "alone";
      readonly epoch: number;
      readonly withPeer: boolean;
      readonly peerInSync: boolean;
    }
  | {
      readonly kind: "denied";
      readonly wish: "active" | "alone";
      readonly epoch: number;
      readonly reason: string;
    }
  /** The other node failed and `shutdownOnPrimaryFailure` says that this one ends too, instead of taking over. */
  | { readonly kind: "shut-down"; readonly reason: EndReason; readonly text: string }
  /** A planned switch: serve no more once all is safe on both nodes, say `handed-over`, and follow the other node. */
  | { readonly kind: "hand-over" }
  /** What is wrong with the replication link, from this node's end. */
  | { readonly kind: "link"; readonly mode: LinkMode; readonly delayMs: number }
  | { readonly kind: "ping"; readonly ping: number }
  /** `pair`: the other node stops too and must not take over. */
  | { readonly kind: "stop"; readonly pair: boolean }
  | { readonly kind: "request"; readonly request: number; readonly operation: NodeOperation }
  /** Whoever asked is gone: nothing is to be taken for it any more. The request is answered all the same. */
  | { readonly kind: "withdraw"; readonly request: number };

/** What the control API asks of the active node. Values of replies are given behind each. */
export type NodeOperation =
  /** Where any node stands at this moment, whether it serves or not. */
  | { readonly kind: "position" }
  /** {@link DestinationView} without rates and producers. */
  | { readonly kind: "destinations" }
  /** `{messages: MessageSummary[], cursor: string | null}` */
  | {
      readonly kind: "browse";
      readonly destination: Destination;
      readonly cursor: string | null;
      readonly limit: number;
    }
  /** {@link MessageDetail} */
  | { readonly kind: "message"; readonly destination: Destination; readonly id: number }
  /** `{ids: number[]}` once they are safe. */
  | { readonly kind: "send"; readonly destination: Destination; readonly message: OutgoingMessage }
  /** `{messages: MessageDetail[]}` */
  | {
      readonly kind: "receive";
      readonly destination: Destination;
      readonly count: number;
      readonly timeoutMs: number;
    }
  /** `{purged: number}` */
  | { readonly kind: "purge"; readonly destination: Destination };

export interface NodeReplies {
  readonly position: JournalPosition;
  readonly destinations: { destinations: DestinationView[] };
  readonly browse: { messages: MessageSummary[]; cursor: string | null };
  readonly message: MessageDetail;
  readonly send: { ids: number[] };
  readonly receive: { messages: MessageDetail[] };
  readonly purge: { purged: number };
}

export interface JournalPosition {
  readonly epoch: number;
  readonly op: number;
  /** 32 hexadecimal digits. */
  readonly digest: string;
}

/** Where a node stands; reported at every change. */
export interface NodeStatus {
  /** `waiting`: asked for a grant and serves nobody meanwhile. */
  readonly state:
    "starting" | "waiting" | "standby" | "active" | "blocked" | "fenced" | "out of sync" | "shut down";
  /** Why, in a sentence; `null` when the state says it all. */
  readonly reason: string | null;
  /** Port it listens on for clients now; `null` while its connectors are closed. */
  readonly port: number | null;
  /** Whether its peer is attached and mirrors (active) or is mirrored (standby). */
  readonly attached: boolean;
  readonly position: JournalPosition;
  readonly committed: number;
}

/** Totals since the process started, sent four times a second while they change, with what changed of the rest. */
export interface NodeStatistics {
  readonly position: JournalPosition;
  readonly committed: number;
  readonly storedMessages: number;
  readonly scheduledMessages: number;
  readonly storeBytes: number;
  readonly memoryBytes: number;
  readonly sent: number;
  readonly delivered: number;
  /** Bytes sent to the other node. */
  readonly linkBytes: number;
  /** Entries ordered and not yet acknowledged by the standby, and the age of the oldest. */
  readonly lagEntries: number;
  readonly lagMs: number;
  /** The first report of a process: what was known of its destinations before does not count any more. */
  readonly whole: boolean;
  /** Those that are new, or not as they were last reported. */
  readonly destinations: readonly DestinationCount[];
  /** Names of those that are no more. */
  readonly gone: readonly string[];
  /** Those that are new, or not as they were last reported; their leaving is a {@link ClientChange}. */
  readonly clients: readonly ClientCount[];
}

export interface DestinationCount {
  readonly name: string;
  readonly kind: DestinationView["kind"];
  readonly depth: number;
  readonly inFlight: number;
  readonly consumers: number;
  readonly producers: number;
  readonly enqueued: number;
  readonly dequeued: number;
}

export interface ClientCount {
  readonly session: number;
  readonly sent: number;
  readonly received: number;
  /** Of those received, the ones that had been delivered before. */
  readonly redelivered: number;
  /** Messages that it sent again after a failover, and that were known already: they are stored once. */
  readonly sentAgain: number;
  readonly inFlight: number;
  readonly unacknowledged: number;
  readonly destinations: readonly string[];
  readonly producing: boolean;
  readonly consuming: boolean;
  /** Wall time of the first and last confirmed operation or delivery on this node; `null` before the first. */
  readonly firstConfirmedAt: number | null;
  readonly lastConfirmedAt: number | null;
}

export type ClientChange =
  | {
      readonly kind: "connected" | "identified" | "first-confirmed";
      readonly session: number;
      readonly at: number;
      readonly client: ClientIdentity;
    }
  | { readonly kind: "disconnected"; readonly session: number; readonly at: number; readonly reason: string }
  /** It refused messages, which are dead letters now if they were persistent. */
  | {
      readonly kind: "rejected";
      readonly session: number;
      readonly at: number;
      readonly destination: string;
      /** The first of them. */
      readonly messages: readonly number[];
      readonly count: number;
      readonly reason: string | null;
    };

export interface ClientIdentity {
  readonly protocol: string | null;
  readonly clientId: string | null;
  readonly login: string | null;
  /** Whether it looks for the other broker by itself; `null`: its protocol does not say. */
  readonly failsOver: boolean | null;
  readonly remoteAddress: string;
  readonly remotePort: number;
}
