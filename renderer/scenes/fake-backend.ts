import type { OperationId, OperationInput, OperationOutput } from "../../engine/control/contract.ts";
import { CallFailed, type Backend } from "../backend.ts";
import { fakeClient } from "./fake-clients.ts";
import { fakeDetail, fakeSummary } from "./fake-messages.ts";
import type { FakePair } from "./fake-pair.ts";
import { fakeDryRun, fakeRecover } from "./fake-recovery.ts";
import { clientsOf, destinationsOf, ledgerOf, pairOf } from "./fake-views.ts";
import { idleRecovery } from "./fake-words.ts";

type Handlers = { [Id in OperationId]: (input: OperationInput<Id>) => OperationOutput<Id> };

const firstMessage = 18_204;

/** Answers every operation from an imaginary pair, as the supervisor would from the real one. */
export function fakeBackend(pair: FakePair): Backend {
  const handlers: Handlers = {
    getPair: () => pairOf(pair),
    actOnBroker({ node, action }) {
      pair.emit({ kind: "action", node, action, text: `You asked to ${action} the ${node}.` });
      if (action === "kill") pair.kill(node);
      if (action === "stop") pair.halt(node, "stopped");
      if (action === "start") pair.start(node);
      if (action === "freeze") pair.setState(node, "frozen");
      if (action === "thaw")
        pair.setState(node, pair.active === null || pair.active === node ? "active" : "standby");
      if (action === "promote") pair.promote(node, 0);
      return pairOf(pair);
    },
    setLink({ mode, delayMs }) {
      pair.setLink(mode, delayMs ?? 100);
      return pairOf(pair);
    },
    getRecovery: () => pair.recovery,
    startRecovery({ dryRun }) {
      if (dryRun === true) return fakeDryRun();
      fakeRecover(pair, 240e6);
      return pair.recovery;
    },
    undoRecovery() {
      pair.recovery = { ...pair.recovery, state: "undone", kept: null };
      return pair.recovery;
    },
    removeKept() {
      pair.recovery = idleRecovery;
      return pair.recovery;
    },
    listEvents({ after = 0, limit = 1_000 }) {
      // Once the window has the events, it may have the snapshots between them.
      setTimeout(() => {
        for (const view of pair.recorded.splice(0)) for (const listener of pair.listeners) listener(view);
      });
      return { events: pair.events.slice(Number(after), Number(after) + Number(limit)) };
    },
    listClients: () => ({ clients: clientsOf(pair) }),
    addClient(settings) {
      const client = fakeClient(pair.at, settings as Parameters<typeof fakeClient>[1]);
      pair.clients.push(client);
      return client.view;
    },
    updateClient({ id, paused, ratePerSecond }) {
      const client = pair.clients.find((other) => other.view.id === id);
      const settings = client?.view.settings ?? null;
      if (client === undefined || settings === null)
        throw new CallFailed({ code: "NOT_FOUND", message: `The client ${id} does not exist.`, context: {} });
      if (paused !== undefined) client.view = { ...client.view, state: paused ? "paused" : "connected" };
      if (ratePerSecond !== undefined) {
        client.rate = ratePerSecond;
        client.view = { ...client.view, settings: { ...settings, ratePerSecond } };
      }
      return client.view;
    },
    removeClient({ id }) {
      pair.clients = pair.clients.filter((client) => client.view.id !== id);
      return {};
    },
    getLedger: () => ledgerOf(pair),
    resetLedger() {
      pair.counts = { confirmed: 0, received: 0, again: 0 };
      return ledgerOf(pair);
    },
    listDestinations: () => ({ destinations: destinationsOf(pair) }),
    browse({ name, cursor, limit = 100 }) {
      const from = cursor === undefined ? firstMessage : Number(cursor);
      const end = firstMessage + (pair.depth.get(name) ?? 0);
      const to = Math.min(end, from + Number(limit));
      const messages = Array.from({ length: Math.max(0, to - from) }, (_, index) =>
        fakeSummary(name, from + index),
      );
      return { messages, cursor: to < end ? String(to) : null };
    },
    getMessage: ({ name, id }) => fakeDetail(name, Number(id)),
    send({ name, count = 1 }) {
      const queue = name.includes("://") ? name : `queue://${name}`;
      pair.depth.set(queue, (pair.depth.get(queue) ?? 0) + count);
      return { ids: Array.from({ length: count }, (_, index) => firstMessage + index) };
    },
    receive: () => ({ messages: [] }),
    purge({ name }) {
      const purged = pair.depth.get(name) ?? 0;
      pair.depth.set(name, 0);
      return { purged };
    },
  };
  return {
    call: <Id extends OperationId>(id: Id, input: OperationInput<Id>) =>
      new Promise<OperationOutput<Id>>((resolve) => resolve(handlers[id](input))),
    onEvent(listener) {
      pair.listeners.add(listener);
      return () => pair.listeners.delete(listener);
    },
    onConnection(listener) {
      listener({ kind: "connected" });
      return () => undefined;
    },
  };
}
