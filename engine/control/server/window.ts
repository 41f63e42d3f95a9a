import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { commandLine } from "../../base/command-line.ts";
import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import { apiPrefix } from "../contract.ts";
import type { PairEvent } from "../events.ts";
import { callOperation, failureOf, isOperationId } from "../failure.ts";
import type { Guard } from "./guard.ts";

/**
 * The window in a browser. After the upgrade the browser's first message is `{token}`; then each `{id, operation, input}`
 * is answered by `{id, ok: true, value}` or `{id, ok: false, error}`, in whatever order the answers come, and every
 * event is pushed as `{event}`. Closing codes: 1008 a wrong token (no
 * use trying again), 4408 none in time, 4400 a message that is none of these.
 */
export const windowPath = `${apiPrefix}/window`;

const tokenTimeoutMs = 5_000;
const pingIntervalMs = 30_000;
/** Connections that have not shown the token yet; more are turned away. */
const strangersMax = 16;
const callsInFlightMax = 256;
/** Beyond the first, snapshots are skipped, as a newer one replaces them; beyond the second, the window is cut off. */
const backlogBytesBeforeSkipping = 262_144;
const backlogBytesMax = limits.unsentBytesPerConnectionMax;

export interface WindowServer {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function createWindowServer(supervisor: Supervisor, guard: Guard): WindowServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.controlBodyBytesMax,
    perMessageDeflate: false,
  });
  const strangers = new Set<WebSocket>();
  return {
    upgrade(request, socket, head) {
      // Until the upgrade is done nobody else listens for this socket's errors.
      socket.on("error", () => socket.destroy());
      const path = request.url?.split("?")[0];
      if (path !== windowPath) refuse(socket, "404 Not Found");
      else if (guard.refusal(request.headers) !== null) refuse(socket, "403 Forbidden");
      else if (strangers.size >= strangersMax) refuse(socket, "503 Service Unavailable");
      else {
        server.handleUpgrade(request, socket, head, (window) => {
          strangers.add(window);
          awaitToken(window, guard, () => serve(window, supervisor), strangers);
        });
      }
    },
    close() {
      for (const window of server.clients) window.terminate();
      server.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function awaitToken(window: WebSocket, guard: Guard, welcome: () => void, strangers: Set<WebSocket>): void {
  const timer = setTimeout(() => {
    window.close(4408, "No token came within 5 s.");
  }, tokenTimeoutMs);
  window.on("error", () => {
    window.terminate();
  });
  window.once("close", () => {
    clearTimeout(timer);
    strangers.delete(window);
  });
  window.once("message", (data) => {
    clearTimeout(timer);
    strangers.delete(window);
    const token = parse(data)?.["token"];
    if (typeof token === "string" && guard.isToken(token)) welcome();
    else
      window.close(
        1008,
        `The token is wrong. Open the address that "${commandLine("up", "--window")}" printed.`,
      );
  });
}

function serve(window: WebSocket, supervisor: Supervisor): void {
  const unsubscribe = supervisor.events.subscribe((event) => {
    push(window, event);
  });
  const calls = { inFlight: 0 };
  let isAlive = true;
  const pinging = setInterval(() => {
    if (!isAlive) window.terminate();
    isAlive = false;
    window.ping();
  }, pingIntervalMs);
  window.on("pong", () => (isAlive = true));
  window.on("message", (data) => void answer(window, supervisor, data, calls));
  window.once("close", () => {
    unsubscribe();
    clearInterval(pinging);
  });
}

async function answer(
  window: WebSocket,
  supervisor: Supervisor,
  data: RawData,
  calls: { inFlight: number },
): Promise<void> {
  const message = parse(data);
  const id = message?.["id"];
  if (message === null || (typeof id !== "number" && typeof id !== "string")) {
    window.close(4400, "a message is {id, operation, input}");
    return;
  }
  calls.inFlight += 1;
  try {
    if (calls.inFlight > callsInFlightMax)
      throw new BrokerError("LIMIT_REACHED", { limit: callsInFlightMax, what: "calls at a time" });
    const operation = message["operation"];
    if (!isOperationId(operation))
      throw new BrokerError("NOT_FOUND", { what: `The operation ${JSON.stringify(operation)}` });
    send(window, {
      id,
      ok: true,
      value: await callOperation(supervisor.service, operation, message["input"]),
    });
  } catch (error) {
    send(window, { id, ok: false, error: failureOf(error) });
  } finally {
    calls.inFlight -= 1;
  }
}

function push(window: WebSocket, event: PairEvent): void {
  if (event.kind === "views" && window.bufferedAmount > backlogBytesBeforeSkipping) return;
  send(window, { event });
}

function send(window: WebSocket, message: unknown): void {
  if (window.readyState !== window.OPEN) return;
  if (window.bufferedAmount > backlogBytesMax) window.terminate();
  else window.send(JSON.stringify(message));
}

function parse(data: RawData): Record<string, unknown> | null {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
