import { BrokerError } from "../../engine/base/errors.ts";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import type { SessionRequest } from "../../engine/core/dialogue.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import type { Session } from "../../engine/session/session.ts";
import { createStompSession } from "../../engine/session/stomp.ts";
import { StompDecoder } from "../../engine/wire/stomp/decode.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import type { StompFrame, StompVersion } from "../../engine/wire/stomp/frames.ts";
import { sessionContext, SessionStage } from "./stage.ts";

/** A STOMP client and the node behind its session, both played by the test. */
export class TestClient extends SessionStage<StompFrame> {
  readonly session: Session;
  readonly decoder = new StompDecoder("1.0");

  constructor(version: StompVersion | "not yet", headers = "") {
    super();
    const port = this.portTo((bytes) => this.decoder.push(bytes, (frame) => this.frames.push(frame)));
    this.session = createStompSession(port, sessionContext, this.now);
    if (version === "not yet") return;
    this.sends(`CONNECT\n${version === "1.0" ? "" : `accept-version:${version}\n`}host:h\n${headers}\n^@`);
    this.decoder.version = version;
    this.takeFrames();
  }

  /** `^@` is NUL. */
  sends(text: string): void {
    this.session.receive(Buffer.from(text.replaceAll("^@", "\0")), this.now);
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

  /** The last request that the session made. */
  get last(): SessionRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
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
