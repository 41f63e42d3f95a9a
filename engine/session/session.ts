import type { Instant, Moment } from "../base/units.ts";
import type { SessionAnswer, SessionRequest } from "../core/dialogue.ts";

/**
 * One client connection's protocol state: bytes in, requests out; answers in, bytes out. It does no I/O and reads no
 * clock; the host owns the socket and calls these in the order things happened.
 */
export interface Session {
  /** Bytes arrived, cut anywhere. */
  receive(chunk: Uint8Array, now: Moment): void;
  /** The node answered a request, or has a message to deliver. */
  answer(answer: SessionAnswer, now: Moment): void;
  /** All that was written so far has left this process: messages of `auto` subscriptions count as consumed. */
  flushed(now: Moment): void;
  /** The moment asked for by {@link SessionPort.wakeAt} has come: heart-beats and time-outs. */
  wake(now: Moment): void;
  /** Bytes it keeps of a frame that has not come whole yet; counted against what all connections may keep. */
  readonly unfinishedBytes?: number;
  /** What people are shown of this client; changes as it says who it is. */
  readonly description: SessionDescription;
}

/** All that a session may do. The host gives it at construction. */
export interface SessionPort {
  /** Asks the node; answered by `confirm` or `refuse` with the same `receipt`, in the order asked. */
  ask(request: SessionRequest, receipt: number): void;
  write(bytes: Uint8Array): void;
  /** Closes the connection once all that was written has left. */
  end(): void;
  /** Asks for {@link Session.wake} at this moment, instead of the one asked for before; `null` asks for none. */
  wakeAt(at: Instant | null): void;
}

export interface SessionDescription {
  /** As people write it: `STOMP 1.2`; `null` until the client has said. */
  readonly protocol: string | null;
  readonly clientId: string | null;
  readonly login: string | null;
  /** Whether it looks for another broker by itself when it loses this one; `null`: its protocol does not say. */
  readonly failsOver: boolean | null;
}

/** What a session needs to know of its broker. */
export interface SessionContext {
  readonly brokerName: string;
  readonly version: string;
  /** Where the client reached it, as ActiveMQ's clients write it: `tcp://127.0.0.1:61616`. */
  readonly url: string;
  /** A name for this connection that no other connection of the pair ever has, such as `c3-17`: scopes temporary destinations. */
  readonly connectionName: string;
  /** Compares in constant time; `true` for everyone when no users are configured. */
  authenticate(login: string | null, passcode: string | null): boolean;
}
