import { BrokerError } from "../../engine/base/errors.ts";
import { asInstant, asOp, asWallTime } from "../../engine/base/units.ts";
import type { Moment } from "../../engine/base/units.ts";
import type { SessionAnswer, SessionRequest } from "../../engine/core/dialogue.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import type { Session } from "../../engine/session/session.ts";
import { createStompSession } from "../../engine/session/stomp.ts";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import type { StompFrame, StompVersion } from "../../engine/wire/stomp/frames.ts";

/** A STOMP client and the node behind its session, both played by the test. */
export class TestClient {
  readonly session: Session;
  /** What the session asked, oldest first. */
  readonly asked: { request: SessionRequest; number: number }[] = [];
  /** What the client received. */
  readonly frames: StompFrame[] = [];
  isEnded = false;
  wakeAt: number | null = null;
  readonly decoder: StompDecoder;
  #nowMs = 1_000;

  constructor(version: StompVersion | "not yet", headers = "") {
    this.decoder = new StompDecoder("1.0");
    this.session = createStompSession(
      {
        ask: (request, number) => this.asked.push({ request, number }),
        write: (bytes) => {
          if (this.isEnded) throw new Error("written after the end");
          this.decoder.push(bytes, (frame) => this.frames.push(frame));
        },
        end: () => {
          if (this.isEnded) throw new Error("ended twice");
          this.isEnded = true;
        },
        wakeAt: (at) => (this.wakeAt = at),
      },
      {
        brokerName: "primary",
        version: "0.1.0",
        url: "tcp://127.0.0.1:61616",
        connectionName: "c1-7",
        authenticate: (login, passcode) => login !== "guest" || passcode === "secret",
      },
      this.now,
    );
    if (version === "not yet") return;
    this.sends(`CONNECT\n${version === "1.0" ? "" : `accept-version:${version}\n`}host:h\n${headers}\n^@`);
    this.decoder.version = version;
    this.takeFrames();
  }

  get now(): Moment {
    return { monotonic: asInstant(this.#nowMs), wall: asWallTime(1_700_000_000_000 + this.#nowMs) };
  }

  /** `^@` is NUL. */
  sends(text: string): void {
    this.session.receive(Buffer.from(text.replaceAll("^@", "\0")), this.now);
  }

  nodeSays(answer: SessionAnswer): void {
    this.session.answer(answer, this.now);
  }

  confirms(number: number): void {
    this.nodeSays({ kind: "confirm", receipt: number });
  }

  refuses(number: number, error = new BrokerError("TRANSACTION_UNKNOWN", { transaction: "t" })): void {
    this.nodeSays({ kind: "refuse", receipt: number, error });
  }

  delivers(
    id: number,
    options: {
      subscription?: string;
      count?: number;
      message?: Partial<Message>;
      from?: string;
      source?: Destination;
      isFirstOfGroup?: boolean;
    } = {},
  ): void {
    this.nodeSays({
      kind: "deliver",
      subscription: options.subscription ?? "1",
      id: asOp(id),
      message: { ...plainMessage, ...options.message },
      source: options.source ?? options.message?.destination ?? plainMessage.destination,
      deliveryCount: options.count ?? 1,
      isFirstOfGroup: options.isFirstOfGroup === true,
      deadLetter: options.from === undefined ? null : { from: options.from, cause: "rejected" },
    });
  }

  /** Lets time pass, waking the session at each moment that it asked for. */
  passes(ms: number): void {
    const until = this.#nowMs + ms;
    while (this.wakeAt !== null && this.wakeAt <= until) {
      this.#nowMs = Math.max(this.#nowMs, this.wakeAt);
      this.wakeAt = null;
      this.session.wake(this.now);
    }
    this.#nowMs = until;
  }

  /** Time passes while the process does not run; then it is woken, late. */
  standsStill(ms: number): void {
    this.#nowMs += ms;
    this.wakeAt = null;
    this.session.wake(this.now);
  }

  get requests(): SessionRequest[] {
    return this.asked.map(({ request }) => request);
  }

  /** The last request that the session made. */
  get last(): SessionRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }

  takeFrames(): StompFrame[] {
    return this.frames.splice(0);
  }

  /** Commands received so far. */
  get commands(): string[] {
    return this.frames.map(({ command }) => command);
  }

  get receipts(): (string | null)[] {
    return this.frames
      .filter(({ command }) => command === "RECEIPT")
      .map((frame) => headerOf(frame, "receipt-id"));
  }

  /** The ERROR frame that ended the connection. */
  get error(): { code: string | null; message: string | null; receiptId: string | null; text: string } {
    const frame = this.frames.at(-1);
    if (frame?.command !== "ERROR" || !this.isEnded)
      throw new Error(`no error ended the connection: ${this.commands.join(" ")}`);
    return {
      code: headerOf(frame, "error-code"),
      message: headerOf(frame, "message"),
      receiptId: headerOf(frame, "receipt-id"),
      text: Buffer.from(frame.body).toString(),
    };
  }

  get sentMessage(): Message {
    if (this.last.kind !== "send") throw new Error(`the last request was ${this.last.kind}`);
    return this.last.message;
  }
}

export const plainMessage: Message = {
  destination: { kind: "queue", name: "orders" },
  body: Buffer.from("body"),
  bodyKind: "text",
  properties: new Map(),
  persistent: false,
  priority: 4,
  expiresAt: null,
  sentAt: asWallTime(1_700_000_000_000),
  correlationId: null,
  replyTo: null,
  type: null,
  isCompressed: false,
  origin: null,
  group: null,
  userId: null,
};

export function headersOf(frame: StompFrame | undefined): Record<string, string> {
  return Object.fromEntries(frame?.headers ?? []);
}

/** A client with the subscription `s` to the queue `orders`, which its session calls `1`. */
export function subscribed(version: StompVersion, ack: string): TestClient {
  const client = new TestClient(version);
  client.sends(`SUBSCRIBE\nid:s\ndestination:/queue/orders\nack:${ack}\n\n^@`);
  return client;
}
