import type { BuiltInClient, ClientView, NodeName } from "../../engine/control/views.ts";
import { clockTime, duration } from "../shared/format.ts";

/** A client of the imaginary pair: where it is, since when, and what it has moved. */
export interface FakeClient {
  view: ClientView;
  /** Messages per second it would move if it could. */
  rate: number;
  /** Reconnects once this moment has come and a broker is active. */
  resumesAt: number | null;
  lostAt: number | null;
  /** Whole and part messages not yet counted. */
  rest: number;
}

const clientDefaults = {
  protocol: "stomp",
  ratePerSecond: 10,
  bodyBytes: 256,
  persistent: true,
  transactionSize: 0,
  window: 1,
  ackMode: "client-individual",
  processingMs: 0,
} as const;

let lastNumber = 0;

export function fakeClient(
  at: number,
  given: Partial<BuiltInClient> & Pick<BuiltInClient, "role" | "destination">,
  external?: { name: string; address: string; protocol: string },
): FakeClient {
  lastNumber += 1;
  const settings: BuiltInClient = { ...clientDefaults, ...given };
  const view: ClientView = {
    id: `client-${String(lastNumber)}`,
    name: external?.name ?? `${settings.role}-${String(lastNumber)}`,
    builtIn: external === undefined,
    role: settings.role,
    state: "reconnecting",
    protocol: external?.protocol ?? "STOMP 1.2",
    clientId: null,
    login: null,
    failsOver: external === undefined || null,
    address: external?.address ?? `127.0.0.1:${String(40_000 + lastNumber * 37)}`,
    node: null,
    since: at,
    destinations: [`queue://${settings.destination}`],
    sent: 0,
    received: 0,
    inFlight: 0,
    unacknowledged: 0,
    reconnectAttempts: 0,
    stays: [],
    story: "",
    hint: null,
    settings: external === undefined ? settings : null,
  };
  return {
    view,
    rate: settings.ratePerSecond === 0 ? 2_400 : settings.ratePerSecond,
    resumesAt: at,
    lostAt: null,
    rest: 0,
  };
}

export function arrive(client: FakeClient, node: NodeName, at: number): number | null {
  const blackoutMs = client.lostAt === null ? null : Math.round((at - client.lostAt) * 10) / 10;
  client.view = {
    ...client.view,
    state: "connected",
    node,
    since: at,
    inFlight: client.view.role === "producer" ? 1 : 0,
    stays: [
      ...client.view.stays,
      { node, from: at, to: null, blackoutMs, open: null, redelivered: 0, sentAgain: 0 },
    ],
  };
  client.lostAt = null;
  client.resumesAt = null;
  return blackoutMs;
}

export function lose(client: FakeClient, at: number): void {
  const open = { requests: client.view.inFlight, deliveries: client.view.unacknowledged };
  client.view = {
    ...client.view,
    state: "reconnecting",
    node: null,
    since: at,
    stays: client.view.stays.map((stay) => (stay.to === null ? { ...stay, to: at, open } : stay)),
  };
  client.lostAt = at;
}

/** Told as of `now`: the last stay as a clock time, those before by how long they lasted. */
export function storyOf(client: FakeClient): string {
  const { stays } = client.view;
  const parts = stays.map((stay) => {
    const blackout = stay.blackoutMs === null ? "" : `blackout ${duration(stay.blackoutMs)}, `;
    return stay.to === null
      ? `${blackout}on ${stay.node} since ${clockTime(stay.from)}`
      : `${blackout}on ${stay.node} ${duration(stay.to - stay.from)}`;
  });
  if (client.view.state === "reconnecting")
    parts.push(`reconnecting since ${clockTime(client.lostAt ?? client.view.since)}`);
  return parts.slice(-3).join(", ");
}
