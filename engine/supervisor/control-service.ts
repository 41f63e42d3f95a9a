import { BrokerError } from "../base/errors.ts";
import { destinationKey } from "../core/message.ts";
import type { ControlService, OperationArguments } from "../control/contract.ts";
import type { TimelineEvent } from "../control/events.ts";
import type { MessageDetail, NodeName, PairView } from "../control/views.ts";
import { isPortFree, portInUse } from "../host/ports.ts";
import { otherNode } from "./arbiter-state.ts";
import type { ClientDesk } from "./client-desk.ts";
import { readDestination, type DestinationBoard } from "./destination-board.ts";
import type { PairRuntime } from "./pair-runtime.ts";
import type { Recovery } from "./recovery.ts";
import type { Timeline } from "./timeline.ts";

export interface ServiceParts {
  readonly pair: PairRuntime;
  readonly clients: ClientDesk;
  readonly destinations: DestinationBoard;
  readonly recovery: Recovery;
  readonly timeline: Timeline;
  view(): PairView;
}

/** A started node has said by then what it is going to be. */
const startShownTimeoutMs = 5_000;
/** A promoted node serves by then, a planned switch included. */
const promotionTimeoutMs = 5_000;
/** Beyond its own time a `receive` may take this long to be answered. */
const receiveSlackMs = 5_000;

/** The control operations on a running pair. */
export function controlService(parts: ServiceParts): ControlService {
  const { pair, clients, recovery, timeline } = parts;
  return {
    getPair: () => Promise.resolve(parts.view()),
    actOnBroker: async ({ node, action }) => {
      await act(parts, node, action);
      return parts.view();
    },
    setLink: ({ mode, delayMs }) => {
      pair.setLink(mode, delayMs);
      return Promise.resolve(parts.view());
    },
    getRecovery: () => Promise.resolve(recovery.view),
    startRecovery: (wish) => recovery.start(wish),
    undoRecovery: () => recovery.undo(),
    removeKept: () => recovery.removeKept(),
    listEvents: ({ after, limit }) => Promise.resolve({ events: [...timeline.after(after, limit)] }),
    listClients: () => Promise.resolve({ clients: clients.views() }),
    addClient: (settings) => async(() => clients.add(settings)),
    updateClient: ({ id, ...change }) => async(() => clients.update(id, change)),
    removeClient: ({ id }) =>
      async(() => {
        clients.remove(id);
        return {};
      }),
    getLedger: () => Promise.resolve(clients.ledger),
    resetLedger: () => Promise.resolve(clients.resetLedger()),
    ...messageOperations(parts),
  };
}

type MessageOperation = "listDestinations" | "browse" | "getMessage" | "send" | "receive" | "purge";

function messageOperations({
  pair,
  clients,
  destinations,
  timeline,
}: ServiceParts): Pick<ControlService, MessageOperation> {
  return {
    listDestinations: async () => {
      const { destinations: list } = await pair.active().request({ kind: "destinations" });
      return { destinations: destinations.complete(list, performance.now()) };
    },
    browse: async ({ name, cursor, limit }) =>
      await pair
        .active()
        .request({ kind: "browse", destination: readDestination(name), cursor: cursor ?? null, limit }),
    getMessage: async ({ name, id }) => {
      const active = pair.active();
      const message = await active.request({ kind: "message", destination: readDestination(name), id });
      const told = withRejection(message, timeline.after(0, Infinity));
      return pair.isProtected ? replicated(told, otherNode(active.node)) : told;
    },
    send: async ({ name, ...message }) =>
      await pair.active().request({ kind: "send", destination: readDestination(name), message }),
    receive: async ({ name, count, timeoutMs }, gone) => {
      const destination = readDestination(name);
      clients.forgive(destinationKey(destination));
      return await pair
        .active()
        .request({ kind: "receive", destination, count, timeoutMs }, timeoutMs + receiveSlackMs, gone);
    },
    purge: async ({ name }) => {
      const destination = readDestination(name);
      clients.forgive(destinationKey(destination));
      return await pair.active().request({ kind: "purge", destination });
    },
  };
}

type Action = OperationArguments<"actOnBroker">["action"];

async function act(
  { pair, recovery, timeline }: ServiceParts,
  node: NodeName,
  action: Action,
): Promise<void> {
  if (recovery.isRunning && action !== "kill") {
    throw new BrokerError("WRONG_STATE", { action, node, state: "part of a recovery that is under way" });
  }
  const handle = pair.nodes[node];
  const said = (text: string): void => {
    timeline.add({ kind: "action", node, action, text });
  };
  switch (action) {
    case "start":
      await start(pair, node);
      said(`The ${node} was started.`);
      return;
    case "stop":
      if (!handle.isRunning) throw new BrokerError("WRONG_STATE", { action, node, state: handle.state });
      said(`The ${node} is being stopped in order.`);
      if (!(await pair.stop(node, false))) {
        timeline.add({
          kind: "notice",
          severity: "warning",
          text: `The ${node} did not stop in time and was killed.`,
        });
      }
      return;
    case "kill":
      if (!handle.isRunning) throw new BrokerError("WRONG_STATE", { action, node, state: handle.state });
      said(`Kill the ${node} (SIGKILL).`);
      await handle.kill();
      return;
    case "freeze":
      handle.freeze();
      said(`The ${node} is frozen (SIGSTOP).`);
      return;
    case "thaw":
      handle.thaw();
      said(`The ${node} runs again (SIGCONT).`);
      return;
    case "promote":
      pair.promote(node);
      said(`The ${node} is promoted by hand.`);
      await promoted(pair, node);
      return;
  }
}

/** Answers once the node serves; what goes wrong meanwhile is said by the view. */
async function promoted(pair: PairRuntime, node: NodeName): Promise<void> {
  const serves = (): boolean => pair.nodes[node].state === "active";
  await pair.until(serves, {
    timeoutMs: promotionTimeoutMs,
    late: `The ${node} does not serve ${promotionTimeoutMs} ms after it was told to`,
  });
}

async function start(pair: PairRuntime, node: NodeName): Promise<void> {
  const handle = pair.nodes[node];
  if (handle.isRunning) throw new BrokerError("WRONG_STATE", { action: "start", node, state: handle.state });
  if (!(await isPortFree(handle.port))) throw await portInUse(handle.port, node);
  pair.start(node);
  const isSettled = (): boolean =>
    handle.state !== "starting" && (handle.state !== "standby" || handle.status?.attached === true);
  // A standby that finds nobody to follow stays one: that is no failure, and the view says it.
  const isWaiting = (): boolean => handle.state === "standby" && !pair.nodes[otherNode(node)].isRunning;
  await pair
    .until(() => isSettled() || isWaiting(), { timeoutMs: startShownTimeoutMs, late: "" })
    .catch(() => undefined);
}

/** A synchronous operation whose errors arrive like all others'. */
function async<Value>(work: () => Value): Promise<Value> {
  return new Promise((resolve) => resolve(work()));
}

/** The store knows that a dead letter was rejected; by whom and why is known as long as the timeline tells of it. */
function withRejection(message: MessageDetail, events: readonly TimelineEvent[]): MessageDetail {
  const { id, deadLetter } = message;
  const rejection = events.findLast(
    (event) =>
      event.kind === "messages-rejected" &&
      event.destination === deadLetter?.from &&
      event.messages.includes(id),
  );
  if (rejection === undefined) return message;
  const { at, text: detail } = rejection;
  return {
    ...message,
    fate: message.fate.map((each) => (each.step === "dead-lettered" ? { ...each, at, detail } : each)),
  };
}

/** While the pair is protected, what the active node shows is on the other one too. */
function replicated(message: MessageDetail, node: NodeName): MessageDetail {
  const stored = message.fate.findIndex(({ step }) => step === "stored");
  return {
    ...message,
    fate: message.fate.toSpliced(stored + 1, 0, { step: "replicated", at: null, detail: `to the ${node}` }),
  };
}
