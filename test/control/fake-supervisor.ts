import { BrokerError } from "../../engine/base/errors.ts";
import { pairConfiguration } from "../../engine/config/configuration.ts";
import type { ControlService } from "../../engine/control/contract.ts";
import type { PairEvent, TimelineEvent } from "../../engine/control/events.ts";
import type {
  BrokerState,
  BrokerView,
  ClientView,
  MessageDetail,
  NodeName,
  PairView,
  RecoveryView,
} from "../../engine/control/views.ts";
import type { Supervisor } from "../../engine/supervisor/supervisor.ts";

/** A supervisor without brokers: remembers what it was asked, and says what the test lets it say. */
export interface FakeSupervisor extends Supervisor {
  readonly asked: { operation: string; input: unknown }[];
  readonly timeline: TimelineEvent[];
  recovery: RecoveryView;
  clients: ClientView[];
  isStopped: boolean;
  listenerCount(): number;
  emit(event: PairEvent): void;
  /** Adds a notice to the timeline and tells listeners. */
  note(text: string): TimelineEvent;
}

export function fakeSupervisor(dataDirectory = "/data"): FakeSupervisor {
  const listeners = new Set<(event: PairEvent) => void>();
  const asked: FakeSupervisor["asked"] = [];
  const timeline: TimelineEvent[] = [];
  const supervisor: FakeSupervisor = {
    asked,
    timeline,
    recovery: recoveryView("idle"),
    clients: [],
    isStopped: false,
    configuration: pairConfiguration.parse({ dataDirectory }),
    service: fakeService(asked, timeline, {
      recovery: () => supervisor.recovery,
      clients: () => supervisor.clients,
    }),
    events: {
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      follow(listener) {
        const follower = (event: PairEvent): void => {
          if (event.kind !== "views") listener(event);
        };
        listeners.add(follower);
        return () => listeners.delete(follower);
      },
    },
    listenerCount: () => listeners.size,
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    note(text) {
      const event: TimelineEvent = {
        id: timeline.length + 1,
        at: 1_000,
        kind: "notice",
        severity: "info",
        text,
      };
      timeline.push(event);
      supervisor.emit(event);
      return event;
    },
    async stop() {
      supervisor.isStopped = true;
      await Promise.resolve();
    },
  };
  return supervisor;
}

function fakeService(
  asked: FakeSupervisor["asked"],
  timeline: TimelineEvent[],
  { recovery, clients }: { recovery: () => RecoveryView; clients: () => ClientView[] },
): ControlService {
  const values: {
    [Id in keyof ControlService]?: (
      input: Parameters<ControlService[Id]>[0],
    ) => Awaited<ReturnType<ControlService[Id]>>;
  } = {
    getPair: () => pairView(),
    actOnBroker: ({ node, action }) => {
      if (action === "thaw") throw new BrokerError("WRONG_STATE", { action, node, state: "active" });
      return { ...pairView(), ...(action === "kill" ? { protection: "down" as const } : {}) };
    },
    setLink: ({ mode, delayMs }) => ({ ...pairView(), link: { ...pairView().link, mode, delayMs } }),
    getRecovery: recovery,
    startRecovery: recovery,
    undoRecovery: () => recoveryView("undone"),
    removeKept: () => recoveryView("idle"),
    listEvents: ({ after, limit }) => ({ events: timeline.filter(({ id }) => id > after).slice(0, limit) }),
    listClients: () => ({ clients: clients() }),
    listDestinations: () => ({
      destinations: [
        {
          name: 'queue://a"b',
          kind: "queue",
          depth: 3,
          inFlight: 1,
          consumers: 1,
          producers: 0,
          enqueued: 9,
          dequeued: 6,
          inPerSecond: 0,
          outPerSecond: 0,
        },
      ],
    }),
    browse: ({ cursor }) => ({
      messages: [message(cursor === undefined ? 1 : 2)],
      cursor: cursor === undefined ? "next" : null,
    }),
    getMessage: ({ id }) => message(id),
    send: ({ count }) => ({ ids: Array.from({ length: count }, (_, index) => index + 1) }),
    receive: ({ count }) => ({ messages: count === 5 ? [] : [message(7)] }),
    purge: () => ({ purged: 4 }),
  };
  return new Proxy({} as ControlService, {
    get: (_, operation: string) => async (input: never) => {
      asked.push({ operation, input });
      await Promise.resolve();
      const value = values[operation as keyof ControlService];
      if (value === undefined) throw new TypeError(`a secret of ${operation}`);
      return value(input);
    },
  });
}

function message(id: number): MessageDetail {
  return {
    id,
    messageId: `ID:${id}`,
    bodyBytes: 5,
    preview: "hello",
    priority: 4,
    persistent: true,
    sentAt: 1_000,
    expiresAt: null,
    deliveryCount: 0,
    heldBy: null,
    destination: "queue://orders",
    properties: [{ name: "colour", value: "red", type: "string" }],
    correlationId: null,
    replyTo: null,
    type: null,
    bodyKind: "text",
    bodyBase64: Buffer.from("hello").toString("base64"),
    deadLetter: null,
    fate: [],
  };
}

export function pairView(): PairView {
  return {
    protection: "protected",
    sentence: "Everything confirmed is on both brokers.",
    nextActions: [],
    profile: "guarded",
    synchronisation: "manual",
    waitForReplica: false,
    shutdownOnPrimaryFailure: false,
    shutdownOnReplicaFailure: false,
    failoverUri: "failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false",
    controlUrl: "http://127.0.0.1:8161",
    dataDirectory: "/data",
    startedAt: 1_000,
    version: "0.1.0",
    epoch: 1,
    primary: brokerView("primary", "active", 61_616),
    replica: brokerView("replica", "standby", 61_617),
    link: { mode: "heal", delayMs: 0, attached: true, lagEntries: 0, lagMs: 0, bytesPerSecond: 0 },
  };
}

function brokerView(node: NodeName, state: BrokerState, port: number): BrokerView {
  return {
    node,
    state,
    reason: null,
    since: 1_000,
    port,
    pid: port + 1,
    epoch: 1,
    op: 12,
    committed: 12,
    digest: "0".repeat(32),
    storedMessages: 3,
    scheduledMessages: 2,
    storeBytes: 4_096,
    memoryBytes: 50_000_000,
    clients: 2,
    inPerSecond: 0,
    outPerSecond: 0,
  };
}

export function recoveryView(state: RecoveryView["state"], error: string | null = null): RecoveryView {
  return {
    state,
    from: "replica",
    to: "primary",
    preflight: {
      sentence: "The replica's store would be copied over the primary's.",
      allowed: true,
      refusal: null,
      ahead: "replica",
      aheadByEntries: 4,
      sourceBytes: 4_096,
      targetBytes: 4_096,
      freeBytes: 1e9,
    },
    steps: [{ name: "preflight", label: "Compare both stores", state: "done", detail: "" }],
    copiedBytes: 0,
    totalBytes: 4_096,
    bytesPerSecond: 0,
    remainingMs: null,
    kept: { directory: "/data/primary.kept", bytes: 4_096, node: "primary" },
    error,
    startedAt: null,
    endedAt: null,
  };
}
