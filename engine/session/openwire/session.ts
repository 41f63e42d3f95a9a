import { assertNever } from "../../base/assert.ts";
import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { asInstant } from "../../base/units.ts";
import type { Instant, Moment } from "../../base/units.ts";
import type { SessionAnswer } from "../../core/dialogue.ts";
import { OpenWireDecoder } from "../../wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../wire/openwire/encode.ts";
import { create } from "../../wire/openwire/frames.ts";
import type { DataStructure, Sparse, WireFormatInfo } from "../../wire/openwire/frames.ts";
import { Alarm } from "../alarm.ts";
import { Pulse } from "../pulse.ts";
import type { Session, SessionContext, SessionDescription, SessionPort } from "../session.ts";
import { OpenWireCommands } from "./commands.ts";
import { throwableOf } from "./exceptions.ts";
import { agree, wireFormatInfo } from "./negotiation.ts";
import type { Plan } from "./plan.ts";

export function createOpenWireSession(port: SessionPort, context: SessionContext, now: Moment): Session {
  return new OpenWireSession(port, context, now);
}

type Phase =
  | { readonly kind: "negotiating"; readonly until: Instant }
  | { readonly kind: "open" }
  | { readonly kind: "closed" };

/** A command whose requests are on their way. */
interface Pending {
  readonly plan: Plan;
  /** `null` where nobody waits for a response. */
  readonly commandId: number | null;
  leftCount: number;
  prepared: readonly string[];
  error: BrokerError | null;
}

const silent = { sendEveryMs: 0, silenceMsMax: 0 };
/** First version in which a client says whether it fails over. */
const faultTolerantSince = 6;

/**
 * One client of OpenWire. Commands become numbered requests to the node; the response to a command leaves when the node
 * has confirmed the last of them. Unlike in STOMP a refusal does not end the connection: whoever waits for the response
 * gets the exception, and if nobody does it is reported as a `ConnectionError`.
 */
class OpenWireSession implements Session {
  readonly #port: SessionPort;
  readonly #context: SessionContext;
  readonly #decoder = new OpenWireDecoder();
  readonly #encoder = new OpenWireEncoder();
  readonly #commands: OpenWireCommands;
  #phase: Phase;
  #now: Moment;
  #pulse: Pulse;
  readonly #alarm: Alarm;
  #lastRequest = 0;
  readonly #pending = new Map<number, Pending>();
  #description: SessionDescription = { protocol: null, clientId: null, login: null, failsOver: null };

  constructor(port: SessionPort, context: SessionContext, now: Moment) {
    this.#port = port;
    this.#context = context;
    this.#alarm = new Alarm(port);
    this.#now = now;
    this.#decoder.frameBytesMax = limits.openingFrameBytesMax;
    this.#phase = negotiating(now);
    this.#pulse = new Pulse(silent, now.monotonic);
    this.#commands = new OpenWireCommands(context, (frame) => this.#write(frame));
    // Both sides speak at once; a client waits for this before it says anything else.
    this.#write(wireFormatInfo(context.version));
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
    this.#pulse.received(now.monotonic);
    if (this.#phase.kind === "closed") return;
    try {
      this.#decoder.push(chunk, (frame) => this.#take(frame));
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#fail(error);
    }
    this.#planWake();
  }

  answer(answer: SessionAnswer, now: Moment): void {
    this.#now = now;
    if (this.#phase.kind === "closed") return;
    switch (answer.kind) {
      case "confirm":
        this.#settle(answer.receipt, null);
        break;
      case "refuse":
        this.#settle(answer.receipt, answer.error);
        break;
      case "deliver":
        this.#writeIfAny(this.#commands.dispatch(answer));
        break;
      case "advise":
        this.#writeIfAny(this.#commands.advise(answer.subscription, answer.advisory));
        break;
      case "browsed":
        this.#writeIfAny(this.#commands.browsed(answer.subscription));
        break;
      case "prepared": {
        const pending = this.#pending.get(answer.receipt);
        if (pending !== undefined) pending.prepared = answer.transactions;
        break;
      }
      case "close":
        if (answer.error === null) this.#close();
        else this.#fail(answer.error);
        break;
      default:
        assertNever(answer);
    }
  }

  /** OpenWire acknowledges by commands only. */
  flushed(): void {
    return undefined;
  }

  wake(now: Moment): void {
    this.#now = now;
    const stoodStill = this.#alarm.ring(now.monotonic);
    if (this.#phase.kind === "closed") return;
    // What the client said while this process stood still has yet to be read.
    if (stoodStill) this.#pulse.received(now.monotonic);
    if (stoodStill && this.#phase.kind === "negotiating") this.#phase = negotiating(now);
    this.#checkDeadlines();
    this.#planWake();
  }

  #checkDeadlines(): void {
    const at = this.#now.monotonic;
    const silentMs = this.#pulse.overdueMs(at);
    if (this.#phase.kind === "negotiating" && at >= this.#phase.until) {
      const detail = `No WireFormatInfo came within ${limits.connectTimeoutMs} ms of the connection's start.`;
      this.#fail(new BrokerError("PROTOCOL_VIOLATION", { detail }));
    } else if (silentMs !== null) {
      this.#fail(new BrokerError("INACTIVE", { silentMs }));
    } else {
      if (this.#pulse.isBeatDue(at)) this.#write(create("KeepAliveInfo", {}));
      for (const plan of this.#commands.endPulls(at)) this.#carryOut(plan, null);
    }
  }

  #take(frame: DataStructure): void {
    if (this.#phase.kind === "closed") return;
    if (frame.type === "WireFormatInfo") this.#negotiate(frame);
    else if (this.#phase.kind === "negotiating")
      throw new BrokerError("PROTOCOL_VIOLATION", {
        detail: `The first frame must be WireFormatInfo; it was ${frame.type}.`,
      });
    else if (frame.type === "KeepAliveInfo") this.#answerKeepAlive(frame.responseRequired);
    else if (frame.type === "ShutdownInfo") this.#close();
    else this.#handle(frame);
  }

  #negotiate(info: WireFormatInfo): void {
    if (this.#phase.kind === "open") return;
    const { format, inactivityMs } = agree(info);
    this.#decoder.format = format;
    this.#encoder.format = format;
    this.#pulse = new Pulse(
      { sendEveryMs: Math.floor(inactivityMs / 3), silenceMsMax: inactivityMs },
      this.#now.monotonic,
    );
    this.#phase = { kind: "open" };
    this.#description = { ...this.#description, protocol: `OpenWire ${format.version}` };
    this.#write(
      create("BrokerInfo", {
        brokerId: create("BrokerId", { value: `understudy-${this.#context.brokerName}` }),
        brokerName: this.#context.brokerName,
        brokerURL: this.#context.url,
        peerBrokerInfos: [],
        faultTolerantConfiguration: true,
      }),
    );
  }

  #answerKeepAlive(isAwaited: boolean): void {
    if (isAwaited) this.#write(create("KeepAliveInfo", {}));
  }

  #handle(command: DataStructure): void {
    const isAwaited = "responseRequired" in command && command.responseRequired;
    const commandId = isAwaited ? command.commandId : null;
    let plan: Plan;
    try {
      plan = this.#commands.plan(command, this.#now);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#refuse(error, commandId);
      if (error.code === "AUTHENTICATION_FAILED") this.#close();
      return;
    }
    if (command.type === "ConnectionInfo") {
      const { failsOver, ...names } = this.#commands.description;
      const isSaid = this.#decoder.format.version >= faultTolerantSince;
      this.#description = { ...this.#description, ...names, failsOver: isSaid ? failsOver : null };
      this.#decoder.frameBytesMax = limits.frameBytesMax;
    }
    this.#carryOut(plan, commandId);
  }

  #carryOut(plan: Plan, commandId: number | null): void {
    const pending: Pending = { plan, commandId, leftCount: plan.requests.length, prepared: [], error: null };
    if (pending.leftCount === 0) {
      this.#finish(pending);
      return;
    }
    for (const request of plan.requests) {
      this.#lastRequest += 1;
      this.#pending.set(this.#lastRequest, pending);
      this.#port.ask(request, this.#lastRequest);
    }
  }

  #settle(receipt: number, error: BrokerError | null): void {
    const pending = this.#pending.get(receipt);
    if (pending === undefined) return;
    this.#pending.delete(receipt);
    pending.error ??= error;
    pending.leftCount -= 1;
    if (pending.leftCount === 0) this.#finish(pending);
  }

  #finish({ plan, commandId, prepared, error }: Pending): void {
    if (error !== null && plan.isRepeat?.(error) !== true) {
      plan.refused?.(error);
      this.#refuse(error, commandId);
      return;
    }
    plan.confirmed?.(prepared);
    if (commandId === null) return;
    const answer = typeof plan.answer === "function" ? plan.answer(prepared) : plan.answer;
    this.#write(
      answer === undefined
        ? { type: "Response", correlationId: commandId }
        : { ...answer, correlationId: commandId },
    );
  }

  #refuse(error: BrokerError, commandId: number | null): void {
    const exception = throwableOf(error);
    if (commandId === null) this.#write(create("ConnectionError", { exception }));
    else this.#write(create("ExceptionResponse", { exception, correlationId: commandId }));
  }

  /** The connection cannot go on; the client learns why. */
  #fail(error: BrokerError): void {
    if (this.#phase.kind === "closed") return;
    if (this.#phase.kind === "open")
      this.#write(create("ConnectionError", { exception: throwableOf(error) }));
    this.#close();
  }

  #close(): void {
    if (this.#phase.kind === "closed") return;
    this.#phase = { kind: "closed" };
    this.#pending.clear();
    this.#alarm.set(Infinity);
    this.#port.end();
  }

  #writeIfAny(frame: Sparse | null): void {
    if (frame !== null) this.#write(frame);
  }

  #write(frame: Sparse): void {
    if (this.#phase.kind === "closed") return;
    try {
      this.#encoder.add(frame);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      // Larger than the client said it takes, or unknown to its version; and if not even that can be said, silence.
      if (frame.type === "ConnectionError") this.#close();
      else this.#fail(error);
      return;
    }
    this.#pulse.sent(this.#now.monotonic);
    for (const piece of this.#encoder.takePieces()) this.#port.write(piece);
  }

  #planWake(): void {
    const phase = this.#phase;
    if (phase.kind === "closed") return;
    const until = phase.kind === "negotiating" ? phase.until : Infinity;
    this.#alarm.set(Math.min(until, this.#pulse.nextAt(), this.#commands.nextPullEnd ?? Infinity));
  }
}

function negotiating({ monotonic }: Moment): Phase {
  return { kind: "negotiating", until: asInstant(monotonic + limits.connectTimeoutMs) };
}
