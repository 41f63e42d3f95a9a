import { describe, expect, test } from "vitest";
import { builtInClient } from "../../engine/control/views.ts";
import type { ClientCount, ClientIdentity } from "../../engine/supervisor/channel.ts";
import { storyOf } from "../../engine/supervisor/client-entry.ts";
import { ClientBook } from "../../engine/supervisor/client-views.ts";
import { programName } from "../../engine/supervisor/socket-owner.ts";

const book = (): ClientBook =>
  new ClientBook((port) => (port === 61616 ? "primary" : port === 61617 ? "replica" : null));

function identity(remotePort: number, clientId: string | null = null): ClientIdentity {
  return {
    protocol: "STOMP 1.2",
    clientId,
    login: null,
    failsOver: null,
    remoteAddress: "127.0.0.1",
    remotePort,
  };
}

function count(session: number, lastConfirmedAt: number, more: Partial<ClientCount> = {}): ClientCount {
  return {
    session,
    sent: 5,
    received: 0,
    redelivered: 0,
    sentAgain: 0,
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

describe("clients: one whose broker is frozen", () => {
  /** `billing` works at the primary, which is frozen at 5,000; the replica serves from 7,000 on. */
  function frozen(failsOver: boolean | null = true): ClientBook {
    const clients = book();
    const client = { ...identity(5000, "billing"), failsOver };
    clients.nodeIs("primary", "active", 500);
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client });
    clients.counted("primary", [count(1, 4_900, { inFlight: 1, unacknowledged: 3 })]);
    expect(clients.nodeIs("primary", "frozen", 5_000)).toMatchObject([
      { at: 5_000, event: { kind: "client-stalled", client: "billing", node: "primary" } },
    ]);
    return clients;
  }

  test("hangs, and says why: first for want of a broker, then as it cannot know of the other one", () => {
    const clients = frozen();
    expect(clients.views(5_500)).toMatchObject([
      { state: "stalled", node: "primary", hint: /frozen: it answers nothing until/ },
    ]);
    clients.nodeIs("replica", "active", 7_000);
    expect(clients.views(7_001)[0]?.hint).toMatch(
      /cannot know that the replica serves.*maxInactivityDuration/,
    );
  });

  test("is the same one when it gives up and comes to the other node, with the whole blackout", () => {
    const clients = frozen();
    clients.nodeIs("replica", "active", 7_000);
    const client = { ...identity(5001, "billing"), failsOver: true };
    clients.changed("replica", { kind: "connected", session: 8, at: 90_000, client });
    expect(
      clients.changed("replica", { kind: "first-confirmed", session: 8, at: 90_010, client }),
    ).toMatchObject([{ event: { kind: "client-resumed", blackoutMs: 85_010 } }]);
    clients.counted("replica", [count(8, 90_500, { redelivered: 3, sentAgain: 1 })]);
    const [view, ...others] = clients.views(90_600);
    expect(others).toEqual([]);
    expect(view).toMatchObject({
      state: "connected",
      node: "replica",
      hint: null,
      stays: [
        { node: "primary", to: 90_000, open: { requests: 1, deliveries: 3 } },
        { node: "replica", to: null, blackoutMs: 85_010, redelivered: 3, sentAgain: 1 },
      ],
    });
    expect(clients.counts()).toEqual({ primary: 0, replica: 1 });

    // The frozen node is thawed, finds itself superseded, and has nothing to say of that client any more.
    expect(clients.nodeIs("primary", "fenced", 95_000)).toEqual([]);
    expect(clients.nodeLost("primary", 95_000)).toEqual([]);
    expect(clients.views(95_001)).toMatchObject([{ state: "connected", node: "replica" }]);
  });

  test("goes on where it is when that one is thawed in time", () => {
    const clients = frozen();
    expect(clients.nodeIs("primary", "active", 6_500)).toMatchObject([
      { event: { kind: "client-resumed", node: "primary", blackoutMs: 1_500 } },
    ]);
    expect(clients.views(6_600)).toMatchObject([{ state: "connected", hint: null, stays: [{ to: null }] }]);
  });

  test("has its blackout from the freeze when that one is killed in the end", () => {
    const clients = frozen();
    clients.nodeLost("primary", 20_000);
    clients.nodeIs("primary", "killed", 20_000);
    const client = identity(5001, "billing");
    clients.changed("replica", { kind: "connected", session: 8, at: 20_010, client });
    const events = clients.changed("replica", { kind: "first-confirmed", session: 8, at: 20_020, client });
    expect(events[0]?.event).toMatchObject({ blackoutMs: 15_020 });
  });
});

describe("clients: one that is away", () => {
  function lost(failsOver: boolean | null): ClientBook {
    const clients = book();
    clients.nodeIs("primary", "active", 500);
    const client = { ...identity(5000, "billing"), failsOver };
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client });
    clients.counted("primary", [count(1, 4_900)]);
    clients.nodeLost("primary", 5_000);
    clients.nodeIs("primary", "killed", 5_000);
    return clients;
  }

  test("is expected as long as no broker serves, and for half a minute once one does", () => {
    const clients = lost(true);
    expect(clients.views(5_100)[0]).toMatchObject({ state: "reconnecting", hint: null });
    expect(clients.views(600_000)[0]).toMatchObject({
      state: "reconnecting",
      hint: /^No broker serves.*hangs/,
    });
    clients.nodeIs("replica", "active", 600_000);
    expect(clients.views(629_000)[0]).toMatchObject({ state: "reconnecting", hint: /it has not come/ });
    expect(clients.views(631_000)[0]).toMatchObject({ state: "gone", hint: /it has not come/ });
  });

  test("and connected without failover: is told so", () => {
    expect(lost(false).views(7_000)[0]?.hint).toMatch(/no failover:/);
  });

  test("by its own wish needs no hint", () => {
    const clients = book();
    clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client: identity(5000, "one") });
    clients.changed("primary", { kind: "disconnected", session: 1, at: 2_000, reason: "left" });
    expect(clients.views(50_000)[0]).toMatchObject({ state: "gone", hint: null });
  });
});

test("clients: ids that a library made up are shown by their process, each by a name of its own", () => {
  const clients = book();
  const ids = ["ID:vm-37149-1795841546686-0:1", "ID:vm-37149-1795841546686-0:2"];
  for (const [index, id] of ids.entries())
    clients.changed("primary", {
      kind: "connected",
      session: index,
      at: 1_000,
      client: identity(5000 + index, id),
    });
  const owner = { pid: 77, command: "java OrdersApplication" };
  for (const key of clients.unrecognised().keys()) clients.recognised(key, owner, 1_200);
  expect(clients.views(1_300).map(({ id, name }) => [id, name])).toEqual([
    [ids[0], "java OrdersApplication (77)"],
    [ids[1], "java OrdersApplication (77) #2"],
  ]);
  expect(clients.unrecognised().size).toBe(0);
});

test("clients: one of OpenWire is not looked up before it had its say", () => {
  const clients = book();
  const client = { ...identity(5000), protocol: "OpenWire 12" };
  clients.changed("primary", { kind: "connected", session: 1, at: 1_000, client });
  expect(clients.unrecognised().size).toBe(0);
  const known = { ...client, clientId: "ID:vm-37149-1795841546686-0:1", failsOver: true };
  clients.changed("primary", { kind: "identified", session: 1, at: 1_400, client: known });
  expect([...clients.unrecognised()]).toEqual([["primary:1", 5000]]);
});

test.each([
  [["/usr/bin/node", "--inspect", "/srv/worker.js"], "node worker.js"],
  [["java", "-Xmx1g", "-cp", "a.jar:b.jar", "com.acme.OrdersApplication", "x"], "java OrdersApplication"],
  [["/opt/java", "-jar", "/srv/orders-1.2.jar"], "java orders-1.2.jar"],
  [["./server"], "server"],
  [[], ""],
])("clients: the process %j is called %j", (words, name) => {
  expect(programName(words)).toBe(name);
});
