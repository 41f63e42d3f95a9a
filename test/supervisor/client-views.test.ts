import { describe, expect, test } from "vitest";
import { builtInClient } from "../../engine/control/views.ts";
import type { ClientCount, ClientIdentity } from "../../engine/supervisor/channel.ts";
import { storyOf } from "../../engine/supervisor/client-entry.ts";
import { ClientBook } from "../../engine/supervisor/client-views.ts";

const book = (): ClientBook =>
  new ClientBook((port) => (port === 61616 ? "primary" : port === 61617 ? "replica" : null));

function identity(remotePort: number, clientId: string | null = null): ClientIdentity {
  return { protocol: "STOMP 1.2", clientId, login: null, remoteAddress: "127.0.0.1", remotePort };
}

function count(session: number, lastConfirmedAt: number, more: Partial<ClientCount> = {}): ClientCount {
  return {
    session,
    sent: 5,
    received: 0,
    inFlight: 1,
    unacknowledged: 0,
    destinations: ["queue://orders"],
    producing: true,
    consuming: false,
    firstConfirmedAt: 1_100,
    lastConfirmedAt,
    ...more,
  };
}

describe("clients: one with a client id", () => {
  test("is the same one after a failover, with its stays and its blackout", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000) });
    clients.changed("primary", {
      kind: "identified",
      session: 1,
      at: 1_001,
      client: identity(5000, "billing"),
    });
    clients.counted("primary", [count(1, 4_900)]);
    clients.nodeLost("primary", 5_000);
    const does = { role: "producer", destinations: ["queue://orders"] };
    expect(clients.views(5_010)).toMatchObject([
      { id: "billing", state: "reconnecting", node: null, ...does },
    ]);

    clients.changed("replica", { kind: "connected", session: 1, at: 5_030, client: identity(5001) });
    clients.changed("replica", {
      kind: "identified",
      session: 1,
      at: 5_031,
      client: identity(5001, "billing"),
    });
    const events = clients.changed("replica", {
      kind: "first-confirmed",
      session: 1,
      at: 5_038,
      client: identity(5001, "billing"),
    });
    expect(events).toMatchObject([
      { at: 5_038, event: { kind: "client-resumed", client: "billing", node: "replica", blackoutMs: 38 } },
    ]);
    const [view, ...others] = clients.views(5_040);
    expect(others).toEqual([]);
    expect(view).toMatchObject({
      id: "billing",
      ...does,
      node: "replica",
      sent: 5,
      stays: [
        { node: "primary", to: 5_000, blackoutMs: null },
        { node: "replica", to: null, blackoutMs: 38 },
      ],
    });
  });

  test("that had been idle before the failure has its blackout from its last confirmed operation", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000, "slow") });
    clients.counted("primary", [count(1, 2_000)]);
    clients.nodeLost("primary", 5_000);
    clients.changed("replica", { kind: "connected", session: 4, at: 5_030, client: identity(5001, "slow") });
    const events = clients.changed("replica", {
      kind: "first-confirmed",
      session: 4,
      at: 5_100,
      client: identity(5001, "slow"),
    });
    expect(events[0]?.event).toMatchObject({ blackoutMs: 3_100 });
  });

  test("that leaves by itself is gone, and one whose node stopped in order is expected back", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000, "one") });
    clients.changed("primary", { kind: "connected", session: 2, at: 1_000, client: identity(5001, "two") });
    clients.changed("primary", { kind: "disconnected", session: 1, at: 2_000, reason: "left" });
    expect(clients.views(2_001).map(({ state }) => state)).toEqual(["gone", "connected"]);
    clients.changed("primary", { kind: "disconnected", session: 2, at: 9_000, reason: "the broker stops" });
    clients.nodeLost("primary", 9_100);
    expect(clients.views(9_101).map(({ state }) => state)).toEqual(["gone", "reconnecting"]);
  });

  test("two connections with one id are two clients", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1, client: identity(5000, "same") });
    clients.changed("primary", { kind: "connected", session: 2, at: 2, client: identity(5001, "same") });
    expect(clients.views(3).map(({ id }) => id)).toEqual(["same", "same#2"]);
    expect(clients.counts()).toEqual({ primary: 2, replica: 0 });
  });
});

describe("clients: one without a client id", () => {
  test("is known by the process that owns its socket, also when it is found only later", () => {
    const clients = book();
    const owner = { pid: 77, command: "node worker.js" };
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000) });
    expect([...clients.unrecognised()]).toEqual([["primary:1", 5000]]);
    expect(clients.recognised("primary:1", owner, 1_200)).toMatchObject([
      {
        at: 1_000,
        event: {
          kind: "client-connected",
          client: "process:77",
          text: "node worker.js (77) connected to the primary.",
        },
      },
    ]);
    clients.counted("primary", [count(1, 4_990)]);
    clients.nodeLost("primary", 5_000);

    clients.changed("replica", { kind: "connected", session: 9, at: 5_020, client: identity(5002) });
    clients.changed("replica", { kind: "first-confirmed", session: 9, at: 5_040, client: identity(5002) });
    expect(clients.recognised("replica:9", owner, 5_200)).toMatchObject([
      { at: 5_020, event: { kind: "client-connected", client: "process:77" } },
      { at: 5_040, event: { kind: "client-resumed", blackoutMs: 40 } },
    ]);
    expect(clients.views(5_300)).toMatchObject([
      { id: "process:77", name: "node worker.js (77)", stays: [{}, { blackoutMs: 40 }] },
    ]);
    expect(clients.unrecognised().size).toBe(0);
  });

  test("that nobody can tell is known by its address", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000) });
    expect(clients.recognised("primary:1", null, 1_200)).toMatchObject([
      { event: { kind: "client-connected", client: "127.0.0.1:5000" } },
    ]);
    expect(clients.unrecognised().size).toBe(0);
  });

  test("a look at the port is no client", () => {
    const clients = book();
    const nobody = { ...identity(5000), protocol: null };
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: nobody });
    expect(
      clients.changed("primary", { kind: "disconnected", session: 1, at: 1_001, reason: "left" }),
    ).toEqual([]);
    expect(clients.views(1_002)).toEqual([]);
  });
});

test("clients: a built-in one tells its own story", () => {
  const clients = book();
  clients.addBuiltIn("producer-1", builtInClient.parse({ role: "producer", destination: "orders" }), 1_000);
  clients.changed("primary", { kind: "connected", session: 1, at: 1_010, client: identity(5000) });
  clients.changed("primary", {
    kind: "identified",
    session: 1,
    at: 1_011,
    client: identity(5000, "producer-1"),
  });
  clients.actorEvent("producer-1", { kind: "connected", at: 1_012, address: "tcp://127.0.0.1:61616" });
  clients.nodeLost("primary", 2_000);
  clients.actorEvent("producer-1", {
    kind: "lost",
    at: 2_001,
    address: "tcp://127.0.0.1:61616",
    reason: "closed",
  });
  clients.actorEvent("producer-1", { kind: "connected", at: 2_020, address: "tcp://127.0.0.1:61617" });
  const [resumed] = clients.actorEvent("producer-1", {
    kind: "resumed",
    at: 2_030,
    address: "tcp://127.0.0.1:61617",
    blackoutMs: 31.5,
  });
  expect(resumed).toMatchObject({ event: { kind: "client-resumed", node: "replica", blackoutMs: 31.5 } });
  clients.actorsCounted([
    {
      id: "producer-1",
      state: "connected",
      address: "tcp://127.0.0.1:61617",
      sent: 12,
      received: 0,
      inFlight: 1,
      unacknowledged: 0,
      attempts: 3,
    },
  ]);
  expect(clients.views(2_100)).toMatchObject([
    {
      id: "producer-1",
      builtIn: true,
      role: "producer",
      state: "connected",
      sent: 12,
      reconnectAttempts: 3,
      destinations: ["orders"],
      stays: [
        { node: "primary", to: 2_001 },
        { node: "replica", blackoutMs: 31.5 },
      ],
    },
  ]);
});

test("clients: the story in one line", () => {
  const at = new Date(2026, 0, 2, 12, 4, 3, 221).getTime();
  const stays = [
    { node: "primary", from: at - 252_038, to: at - 38, blackoutMs: null },
    { node: "replica", from: at, to: null, blackoutMs: 38 },
  ] as const;
  expect(storyOf(stays, at + 5)).toBe("on primary 4 m 12 s, blackout 38 ms, on replica since 12:04:03.221");
});
