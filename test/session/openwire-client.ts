import { BrokerError } from "../../engine/base/errors.ts";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import type { SessionRequest } from "../../engine/core/dialogue.ts";
import type { Destination, Message } from "../../engine/core/message.ts";
import { createOpenWireSession } from "../../engine/session/openwire/session.ts";
import type { Session } from "../../engine/session/session.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import type { OpenWireFormat } from "../../engine/wire/openwire/format.ts";
import { initialFormat } from "../../engine/wire/openwire/format.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import type { DataStructure } from "../../engine/wire/openwire/frames.ts";
import { encodePrimitiveMap } from "../../engine/wire/openwire/primitives.ts";
import type { Primitive } from "../../engine/wire/openwire/primitives.ts";
import { sessionContext, SessionStage } from "./stage.ts";

export const connectionId = create("ConnectionId", { value: "ID:a-1" });
export const producerId = create("ProducerId", { connectionId: "ID:a-1", sessionId: 1, value: 1 });
export const orders: Destination = { kind: "queue", name: "orders" };
export const ordersOnWire = create("ActiveMQQueue", { physicalName: "orders" });

export function consumerId(value = 1) {
  return create("ConsumerId", { connectionId: "ID:a-1", sessionId: 1, value });
}

const agreed: OpenWireFormat = { ...initialFormat, isTight: true, cacheSize: 1_024, hasStackTraces: true };

const wishes: readonly (readonly [string, Primitive])[] = [
  ["TightEncodingEnabled", { type: "boolean", value: true }],
  ["CacheEnabled", { type: "boolean", value: true }],
  ["CacheSize", { type: "int", value: 1_024 }],
  ["StackTraceEnabled", { type: "boolean", value: true }],
  ["MaxInactivityDuration", { type: "long", value: 30_000 }],
];

/** A client of OpenWire and the node behind its session, both played by the test. */
export class TestClient extends SessionStage<DataStructure> {
  readonly session: Session;
  readonly #encoder = new OpenWireEncoder();
  readonly #decoder = new OpenWireDecoder();
  #lastCommand = 0;

  constructor(how: "new" | "negotiated" | "connected" = "connected") {
    super();
    const port = this.portTo((bytes) => this.#decoder.push(bytes, (frame) => this.frames.push(frame)));
    this.session = createOpenWireSession(port, sessionContext, this.now);
    if (how === "new") return;
    this.negotiates();
    if (how === "connected") this.connects();
    this.takeFrames();
    this.asked.length = 0;
  }

  negotiates(version = 12, maxFrameSize = 104_857_600): void {
    const largest = ["MaxFrameSize", { type: "long", value: maxFrameSize }] as const;
    const marshalledProperties = encodePrimitiveMap(new Map([...wishes, largest]));
    const info = this.#encoder.encode(create("WireFormatInfo", { version, marshalledProperties }));
    // The broker's own proposal has come already; what comes from now on is written as agreed.
    this.#decoder.format = { ...agreed, version };
    this.#encoder.format = { ...agreed, version };
    this.receives(info);
  }

  connects(clientId: string | null = "me", fields: { failoverReconnect?: boolean } = {}): void {
    this.sends(create("ConnectionInfo", { connectionId, clientId, manageable: true, ...fields }));
    this.confirmsAll();
  }

  receives(bytes: Uint8Array): void {
    this.session.receive(bytes, this.now);
  }

  /** Sends the command and waits for no response. */
  sends(command: DataStructure): void {
    this.receives(this.#encoder.encode(command));
  }

  /** Sends the command with the wish for a response; its number. */
  asks(command: DataStructure): number {
    this.#lastCommand += 1;
    this.sends({ ...command, commandId: this.#lastCommand, responseRequired: true } as DataStructure);
    return this.#lastCommand;
  }

  confirmsAll(): void {
    for (const { number } of this.asked.splice(0)) this.nodeSays({ kind: "confirm", receipt: number });
  }

  refuses(error = new BrokerError("DESTINATION_UNKNOWN", { destination: "x" })): void {
    for (const { number } of this.asked.splice(0)) this.nodeSays({ kind: "refuse", receipt: number, error });
  }

  consumes(fields: Partial<Parameters<typeof create<"ConsumerInfo">>[1]> = {}): void {
    this.sends(
      create("ConsumerInfo", {
        consumerId: consumerId(),
        destination: ordersOnWire,
        prefetchSize: 10,
        ...fields,
      }),
    );
    this.confirmsAll();
    this.takeFrames();
  }

  delivers(
    id: number,
    options: {
      consumer?: number;
      count?: number;
      message?: Partial<Message>;
      dead?: "rejected" | "expired";
    } = {},
  ): void {
    this.nodeSays({
      kind: "deliver",
      subscription: `ID:a-1:1:${options.consumer ?? 1}`,
      id: asOp(id),
      message: { ...plainMessage, ...options.message },
      source: orders,
      deliveryCount: options.count ?? 1,
      deadLetter: options.dead === undefined ? null : { from: "queue://orders", cause: options.dead },
      isFirstOfGroup: false,
    });
  }

  acknowledges(ackType: number, first: number | null, last: number, transaction: number | null = null): void {
    this.sends(
      create("MessageAck", {
        consumerId: consumerId(),
        ackType,
        firstMessageId: first === null ? null : messageId(first),
        lastMessageId: messageId(last),
        messageCount: 1,
        transactionId:
          transaction === null ? null : create("LocalTransactionId", { value: transaction, connectionId }),
      }),
    );
  }

  transaction(transactionType: number, value = 1): number {
    const transactionId = create("LocalTransactionId", { value, connectionId });
    return this.asks(create("TransactionInfo", { connectionId, transactionId, transactionType }));
  }

  takeRequests(): SessionRequest[] {
    return this.asked.splice(0).map(({ request }) => request);
  }
}

export function messageId(op: number) {
  return create("MessageId", { producerId, producerSequenceId: op, brokerSequenceId: op });
}

export function textMessage(fields: Partial<Parameters<typeof create<"ActiveMQTextMessage">>[1]> = {}) {
  return create("ActiveMQTextMessage", {
    producerId,
    destination: ordersOnWire,
    messageId: create("MessageId", { producerId, producerSequenceId: 5 }),
    persistent: true,
    priority: 4,
    timestamp: 1_700_000_000_000,
    content: Buffer.from("\0\0\0\u0005hello", "latin1"),
    ...fields,
  });
}

const plainMessage: Message = {
  destination: orders,
  body: Buffer.from("hello"),
  bodyKind: "text",
  isCompressed: false,
  properties: new Map(),
  persistent: true,
  priority: 4,
  expiresAt: null,
  sentAt: asWallTime(1_700_000_000_000),
  correlationId: null,
  replyTo: null,
  type: null,
  origin: { producer: "ID:b-1:2:3", sequence: 9 },
  group: null,
  userId: null,
};
