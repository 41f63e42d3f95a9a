import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { assertNever } from "../base/assert.ts";
import { asInstant } from "../base/units.ts";
import type { Instant, Moment } from "../base/units.ts";
import type { Advisory } from "../core/advisory.ts";
import type { SessionAnswer, SessionRequest } from "../core/dialogue.ts";
import { StompDecoder } from "../wire/stomp/decode.ts";
import { encodeStompFrame, stompHeartbeat } from "../wire/stomp/encode.ts";
import { emptyBody, headerOf, stompCommands, stompVersions } from "../wire/stomp/frames.ts";
import type { StompCommand, StompFrame, StompHeader, StompVersion } from "../wire/stomp/frames.ts";
import { Alarm } from "./alarm.ts";
import type { Session, SessionContext, SessionDescription, SessionPort } from "./session.ts";
import { advisoryFrame } from "./stomp-advisory.ts";
import { writeDestination } from "./stomp-destination.ts";
import { errorFrame, versionErrorFrame } from "./stomp-error.ts";
import type { ErrorOrigin } from "./stomp-error.ts";
import { Heartbeats, noHeartbeats, parseHeartbeat } from "./stomp-heartbeat.ts";
import { invalidHeader, refuseLongNames, writeMessage } from "./stomp-headers.ts";
import type { Delivery } from "./stomp-headers.ts";
import { StompRequests } from "./stomp-requests.ts";

export function createStompSession(port: SessionPort, context: SessionContext, now: Moment): Session {
  return new StompSession(port, context, now);
}

/** How long an ERROR frame waits for the receipts of what came before it. */
const lastReceiptsMsMax = 5_000;

/** The node reports an error of a frame that was asked for, so of an earlier one than the session can be reading. */
type Reporter = "session" | "node";

type Phase =
  | { readonly kind: "connecting"; readonly until: Instant }
  | { readonly kind: "open" }
  /** An error is to be reported, once the frames before it have had their receipts. */
  | {
      readonly kind: "failing";
      readonly error: StompFrame;
      readonly reportedBy: Reporter;
      readonly until: Instant;
    }
  /** The client said DISCONNECT and wants a receipt for it. */
  | { readonly kind: "leaving" }
  | { readonly kind: "closed" };

const nowhere: ErrorOrigin = { command: null, receiptId: null, frameNumber: null };

/**
 * One STOMP client. Its frames become numbered requests to the node; receipts leave when the node confirms those
 * numbers, and never earlier. [STOMP 1.2 ERROR] After an error the connection ends; the receipts of what came before
 * it are still sent first, so a client knows what it need not send again.
 */
class StompSession implements Session {
  readonly #port: SessionPort;
  readonly #context: SessionContext;
  readonly #decoder = new StompDecoder("1.0", { ...limits, frameBytesMax: limits.openingFrameBytesMax });
  readonly #requests: StompRequests;
  #phase: Phase;
  #now: Moment;
  #heartbeats: Heartbeats;
  readonly #alarm: Alarm;
  #lastRequest = 0;
  /** Frames that await a receipt, by the number of the request that confirms them. */
  readonly #receipts = new Map<number, ErrorOrigin>();
  #frameCount = 0;
  #advisoryCount = 0;
  #description: SessionDescription = { protocol: null, clientId: null, login: null, failsOver: null };

  constructor(port: SessionPort, context: SessionContext, now: Moment) {
    this.#port = port;
    this.#context = context;
    this.#alarm = new Alarm(port);
    this.#now = now;
    this.#phase = { kind: "connecting", until: later(now, limits.connectTimeoutMs) };
    this.#heartbeats = new Heartbeats(noHeartbeats, now.monotonic);
    this.#requests = new StompRequests(context.connectionName);
    this.#planWake();
  }

  get description(): SessionDescription {
    return this.#description;
  }

  get unfinishedBytes(): number {
    return this.#decoder.unfinishedBytes;
  }

  receive(chunk: Uint8Array, now: Moment): void {
    this.#now = now;
    this.#heartbeats.received(now.monotonic);
    if (!this.#isListening()) return;
    try {
      this.#decoder.push(chunk, (frame) => this.#take(frame));
    } catch (error) {
      // What stands behind a DISCONNECT, or behind an error, is not looked at.
      const isHeard = this.#isListening() || !(error instanceof BrokerError);
      if (isHeard) this.#failWith(error, { ...nowhere, frameNumber: this.#frameCount + 1 });
    }
  }

  answer(answer: SessionAnswer, now: Moment): void {
    this.#now = now;
    if (this.#phase.kind === "closed") return;
    switch (answer.kind) {
      case "confirm":
        this.#confirm(answer.receipt);
        break;
      case "refuse":
        this.#refuse(answer.receipt, answer.error);
        break;
      case "deliver":
        this.#deliver(answer);
        break;
      case "advise":
        this.#advise(answer.subscription, answer.advisory);
        break;
      case "browsed":
        this.#endBrowsing(answer.subscription);
        break;
      case "prepared":
        break;
      case "close":
        if (answer.error !== null) this.#write(errorFrame(answer.error, nowhere));
        this.#close();
        break;
      default:
        assertNever(answer);
    }
  }

  flushed(now: Moment): void {
    this.#now = now;
    if (this.#phase.kind === "closed") return;
    for (const request of this.#requests.consumed()) this.#ask(request, null);
  }

  wake(now: Moment): void {
    this.#now = now;
    const stoodStill = this.#alarm.ring(now.monotonic);
    if (this.#phase.kind === "closed") return;
    // What the client said while this process stood still has yet to be read.
    if (stoodStill) this.#heartbeats.received(now.monotonic);
    if (stoodStill && this.#phase.kind === "connecting")
      this.#phase = { kind: "connecting", until: later(now, limits.connectTimeoutMs) };
    this.#checkDeadlines();
    this.#planWake();
  }

  #checkDeadlines(): void {
    const at = this.#now.monotonic;
    const phase = this.#phase;
    const silentMs = phase.kind === "open" ? this.#heartbeats.overdueMs(at) : null;
    if (phase.kind === "connecting" && at >= phase.until) {
      const detail = `No CONNECT frame came within ${limits.connectTimeoutMs} ms of the connection's start.`;
      this.#fail(errorFrame(violation(detail), nowhere));
    } else if (phase.kind === "failing" && at >= phase.until) {
      this.#endWith(phase.error);
    } else if (silentMs !== null) {
      this.#fail(errorFrame(new BrokerError("INACTIVE", { silentMs }), nowhere));
    } else if (this.#heartbeats.isBeatDue(at)) {
      this.#writeBytes(stompHeartbeat);
    }
  }

  #isListening(): boolean {
    return this.#phase.kind === "connecting" || this.#phase.kind === "open";
  }

  #take(frame: StompFrame): void {
    if (!this.#isListening()) return;
    this.#frameCount += 1;
    const origin: ErrorOrigin = {
      command: frame.command,
      receiptId: headerOf(frame, "receipt"),
      frameNumber: this.#frameCount,
    };
    try {
      this.#handle(frame, origin);
    } catch (error) {
      this.#failWith(error, origin);
    }
  }

  #handle(frame: StompFrame, origin: ErrorOrigin): void {
    refuseLongNames(frame);
    if (frame.command === "CONNECT" || frame.command === "STOMP") this.#connect(frame);
    else if (this.#phase.kind === "connecting")
      throw violation(`The first frame must be CONNECT or STOMP; it was ${frame.command}.`);
    else if (stompCommands[frame.command].sender === "server")
      throw violation(`${frame.command} is a frame that only a server sends.`);
    else if (frame.command === "DISCONNECT") this.#disconnect(origin);
    else this.#request(frame, origin);
  }

  /** The answer to the last request of a frame follows those to all before it, so it stands for the whole frame. */
  #request(frame: StompFrame, origin: ErrorOrigin): void {
    const requests = this.#requests.of(frame, this.#decoder.version, this.#now);
    requests.forEach((request, index) => {
      this.#ask(request, index === requests.length - 1 ? origin : null);
    });
  }

  #connect(frame: StompFrame): void {
    if (this.#phase.kind !== "connecting")
      throw violation("The client is connected already: CONNECT must be its first and only one.");
    const asked = headerOf(frame, "accept-version");
    const version = negotiated(asked);
    if (version === null) {
      this.#fail(versionErrorFrame(asked ?? ""));
      return;
    }
    this.#decoder.version = version;
    const beat = headerOf(frame, "heart-beat");
    const wish = beat === null ? noHeartbeats : parseHeartbeat(beat);
    if (wish === null)
      throw invalidHeader("heart-beat", beat ?? "", "two numbers of milliseconds such as 10000,10000");

    const login = headerOf(frame, "login");
    const clientId = headerOf(frame, "client-id");
    if (!this.#context.authenticate(login, headerOf(frame, "passcode")))
      throw new BrokerError("AUTHENTICATION_FAILED");
    this.#requests.clientId = clientId;
    this.#description = { ...this.#description, protocol: `STOMP ${version}`, clientId, login };
    this.#heartbeats = new Heartbeats(wish, this.#now.monotonic);
    this.#phase = { kind: "open" };
    this.#decoder.bounds = limits;
    this.#write(
      serverFrame("CONNECTED", [
        ["version", version],
        ["session", this.#context.connectionName],
        ["server", `Understudy/${this.#context.version}`],
        ["heart-beat", this.#heartbeats.header],
      ]),
    );
    this.#planWake();
  }

  /** [STOMP 1.2 DISCONNECT] With a receipt the client knows that all it sent has arrived; without one it has left. */
  #disconnect(origin: ErrorOrigin): void {
    if (origin.receiptId === null) {
      this.#close();
      return;
    }
    this.#phase = { kind: "leaving" };
    this.#ask({ kind: "settle-down" }, origin);
  }

  /** `origin` is the frame that the request is the last part of; its receipt leaves when the node confirms the request. */
  #ask(request: SessionRequest, origin: ErrorOrigin | null): void {
    this.#lastRequest += 1;
    if (origin !== null && origin.receiptId !== null) this.#receipts.set(this.#lastRequest, origin);
    this.#port.ask(request, this.#lastRequest);
  }

  #confirm(number: number): void {
    const origin = this.#receipts.get(number);
    if (origin === undefined || origin.receiptId === null) return;
    this.#receipts.delete(number);
    this.#write(serverFrame("RECEIPT", [["receipt-id", origin.receiptId]]));
    if (this.#receipts.size > 0) return;
    if (this.#phase.kind === "leaving") this.#close();
    else if (this.#phase.kind === "failing") this.#endWith(this.#phase.error);
  }

  #refuse(number: number, error: BrokerError): void {
    const origin = this.#receipts.get(number) ?? nowhere;
    this.#receipts.delete(number);
    this.#fail(errorFrame(error, origin), "node");
  }

  #deliver(delivery: Delivery): void {
    // A client that has left gets nothing more; the node gives its deliveries back.
    if (this.#phase.kind !== "open") return;
    const labels = this.#requests.delivered(delivery, this.#decoder.version);
    if (labels !== null) this.#write(writeMessage(delivery, labels));
  }

  /** As ActiveMQ has it: a message without a body, after all that are on the queue. */
  #endBrowsing(name: string): void {
    const subscription = this.#phase.kind === "open" ? this.#requests.subscription(name) : null;
    if (typeof subscription?.id !== "string") return;
    const destination = writeDestination(subscription.request.destination, this.#context.connectionName);
    this.#write(
      serverFrame("MESSAGE", [
        ["destination", destination],
        ["message-id", "0"],
        ["subscription", subscription.id],
        ["browser", "end"],
      ]),
    );
  }

  #advise(name: string, advisory: Advisory): void {
    const subscription = this.#phase.kind === "open" ? this.#requests.subscription(name) : null;
    if (subscription === null) return;
    this.#advisoryCount += 1;
    const isAcknowledged = subscription.request.ackMode !== "auto" && this.#decoder.version === "1.2";
    this.#write(
      advisoryFrame(advisory, {
        subscription: subscription.id,
        number: this.#advisoryCount,
        isAcknowledged,
        context: this.#context,
      }),
    );
  }

  #failWith(error: unknown, origin: ErrorOrigin): void {
    if (!(error instanceof BrokerError)) throw error;
    this.#fail(errorFrame(error, origin));
  }

  /** Of several errors the first cause is told, whatever order they come to light in. */
  #fail(error: StompFrame, reportedBy: Reporter = "session"): void {
    const phase = this.#phase;
    if (phase.kind === "closed") return;
    const isFirst = phase.kind !== "failing" || (phase.reportedBy === "session" && reportedBy === "node");
    const failing: Phase = isFirst
      ? {
          kind: "failing",
          error,
          reportedBy,
          until: phase.kind === "failing" ? phase.until : later(this.#now, lastReceiptsMsMax),
        }
      : phase;
    this.#phase = failing;
    if (this.#receipts.size === 0) this.#endWith(failing.error);
    else this.#planWake();
  }

  #endWith(error: StompFrame): void {
    this.#write(error);
    this.#close();
  }

  #close(): void {
    this.#phase = { kind: "closed" };
    this.#receipts.clear();
    this.#alarm.set(Infinity);
    this.#port.end();
  }

  #write(frame: StompFrame): void {
    this.#writeBytes(encodeStompFrame(frame, this.#decoder.version));
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#heartbeats.sent(this.#now.monotonic);
    this.#port.write(bytes);
  }

  /** Bytes in and out only ever move a beat's moment further away, so the moment planned is good until it comes. */
  #planWake(): void {
    const phase = this.#phase;
    if (phase.kind === "closed") return;
    const until = phase.kind === "connecting" || phase.kind === "failing" ? phase.until : Infinity;
    this.#alarm.set(Math.min(until, this.#heartbeats.nextAt()));
  }
}

/** [STOMP 1.2 Protocol Negotiation] The highest version in common; a client that names none speaks 1.0. */
function negotiated(acceptVersion: string | null): StompVersion | null {
  const accepted = (acceptVersion ?? "1.0").split(",").map((version) => version.trim());
  return stompVersions.findLast((version) => accepted.includes(version)) ?? null;
}

function serverFrame(command: StompCommand, headers: readonly StompHeader[]): StompFrame {
  return { command, headers, body: emptyBody };
}

function violation(detail: string): BrokerError {
  return new BrokerError("PROTOCOL_VIOLATION", { detail });
}

function later(now: Moment, delayMs: number): Instant {
  return asInstant(now.monotonic + delayMs);
}
