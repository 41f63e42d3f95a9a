import type { OperationId, OperationInput, OperationOutput } from "../../engine/control/contract.ts";
import type { PairEvent } from "../../engine/control/events.ts";
import { CallFailed, type Answer, type Backend, type ConnectionState } from "../backend.ts";

/** The part of `WebSocket` in use, so that tests can stand in for it. */
export interface SocketLike {
  send(text: string): void;
  close(): void;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
}

interface Options {
  url: string;
  token: string;
  open?: (url: string) => SocketLike;
  /** Local clock and timers, so that tests need not wait. */
  now?: () => number;
  after?: (delayMs: number, run: () => void) => void;
}

type Incoming = { event: PairEvent } | ({ id: number } & Answer);

const retryDelayMsFirst = 250;
const retryDelayMsMax = 5_000;
/** Calls that may wait for the connection to come back; more would be a loop gone wild. */
const waitingCallsMax = 1_000;
/** RFC 6455, 7.4.1: policy violation; the server closes with it when the token is wrong. */
const closePolicyViolation = 1008;

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * The window in a browser. Requests and answers are told apart by a number, events carry none. When the connection is
 * lost, all open calls fail with a sentence (they may or may not have been done: nobody can know), and it is opened
 * again by itself, at first quickly, then every few seconds.
 */
export function socketBackend({ url, token, ...world }: Options): Backend {
  const open = world.open ?? ((address: string): SocketLike => new WebSocket(address));
  const now = world.now ?? (() => Date.now());
  const after = world.after ?? ((delayMs: number, run: () => void): void => void setTimeout(run, delayMs));
  const eventListeners = new Set<(event: PairEvent) => void>();
  const connectionListeners = new Set<(state: ConnectionState) => void>();
  const waiting = new Map<number, Waiting>();
  let state: ConnectionState = { kind: "connecting" };
  let socket: SocketLike | null = null;
  let lastId = 0;
  let failures = 0;

  function enter(next: ConnectionState): void {
    state = next;
    for (const listener of connectionListeners) listener(next);
  }

  function failAll(reason: string): void {
    for (const call of waiting.values())
      call.reject(new CallFailed({ code: "UNREACHABLE", message: reason, context: {} }));
    waiting.clear();
  }

  function receive(incoming: Incoming): void {
    if (state.kind !== "connected") {
      failures = 0;
      enter({ kind: "connected" });
    }
    if ("event" in incoming) {
      for (const listener of eventListeners) listener(incoming.event);
      return;
    }
    const call = waiting.get(incoming.id);
    waiting.delete(incoming.id);
    if (incoming.ok) call?.resolve(incoming.value);
    else call?.reject(new CallFailed(incoming.error));
  }

  function connect(): void {
    const opened = open(url);
    opened.onopen = () => {
      opened.send(JSON.stringify({ token }));
      socket = opened;
      failures = 0;
      enter({ kind: "connected" });
    };
    opened.onmessage = (message) => receive(JSON.parse(String(message.data)) as Incoming);
    opened.onclose = (event) => {
      socket = null;
      if (event.code === closePolicyViolation) {
        const reason =
          event.reason === ""
            ? "The supervisor refused this window's token. Open the address that was printed when the pair was started."
            : event.reason;
        failAll(reason);
        enter({ kind: "refused", reason });
        return;
      }
      failAll(
        "The connection to the supervisor was lost before it answered; whether the step was done shows once it is back.",
      );
      const delayMs = Math.min(retryDelayMsMax, retryDelayMsFirst * 2 ** failures);
      failures += 1;
      enter({
        kind: "lost",
        reason: "The supervisor does not answer. The pair may still run without this window.",
        retryAt: now() + delayMs,
      });
      after(delayMs, connect);
    };
  }

  connect();

  return {
    call<Id extends OperationId>(id: Id, input: OperationInput<Id>): Promise<OperationOutput<Id>> {
      return new Promise((resolve, reject) => {
        if (socket === null || waiting.size >= waitingCallsMax) {
          reject(
            new CallFailed({
              code: "UNREACHABLE",
              message: "The supervisor does not answer; nothing was asked of it.",
              context: {},
            }),
          );
          return;
        }
        lastId += 1;
        waiting.set(lastId, { resolve: (value) => resolve(value as OperationOutput<Id>), reject });
        socket.send(JSON.stringify({ id: lastId, operation: id, input }));
      });
    },
    onEvent(listener) {
      eventListeners.add(listener);
      return () => eventListeners.delete(listener);
    },
    onConnection(listener) {
      connectionListeners.add(listener);
      listener(state);
      return () => connectionListeners.delete(listener);
    },
  };
}
