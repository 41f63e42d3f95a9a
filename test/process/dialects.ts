import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import { initialFormat } from "../../engine/wire/openwire/format.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import { encodePrimitiveMap } from "../../engine/wire/openwire/primitives.ts";

/** What a badly behaved client says, byte by byte, in its protocol. */
export interface Dialect {
  readonly name: string;
  /** Says who it is; the broker answers. */
  connecting(client: number): Buffer;
  /** As {@link connecting}, and a subscription to the queue that acknowledges nothing. */
  subscribing(queue: string, prefetch: number): Buffer;
  /** As {@link connecting}, and a message that stops in its middle. */
  half(client: number): Buffer;
  /** What a slow one sends a byte of now and then, without ever saying who it is. */
  readonly drip: Buffer;
  /** Takes what the broker says, and counts the deliveries in it. */
  listener(): (bytes: Buffer) => number;
}

const bodyBytes = 100_000;

const connect = "CONNECT\naccept-version:1.2\nhost:h\n\n\0";

const stomp: Dialect = {
  name: "STOMP",
  connecting: () => Buffer.from(connect),
  subscribing: (queue, prefetch) =>
    Buffer.from(
      `${connect}SUBSCRIBE\nid:1\ndestination:/queue/${queue}\nack:client-individual\nactivemq.prefetchSize:${prefetch}\n\n\0`,
    ),
  half: () =>
    Buffer.from(
      `${connect}SEND\ndestination:/queue/half\ncontent-length:${bodyBytes}\n\n${"x".repeat(bodyBytes / 2)}`,
    ),
  drip: Buffer.from("\n"),
  listener: () => {
    let heard = "";
    return (bytes) => {
      heard += bytes.toString("latin1");
      return heard.match(/MESSAGE\n/g)?.length ?? 0;
    };
  },
};

/** Without any of the options, so that no frame depends on another. */
const plain = { ...initialFormat, hasStackTraces: false };
const silenceForEver = encodePrimitiveMap(new Map([["MaxInactivityDuration", { type: "long", value: 0 }]]));

function openwireFrames(client: number, ...more: Parameters<OpenWireEncoder["encode"]>[0][]): Buffer {
  const encoder = new OpenWireEncoder();
  const greeting = encoder.encode(
    create("WireFormatInfo", { version: plain.version, marshalledProperties: silenceForEver }),
  );
  encoder.format = plain;
  const connectionId = create("ConnectionId", { value: `ID:raw-${client}` });
  const introduction = create("ConnectionInfo", {
    connectionId,
    clientId: `raw-${client}`,
    commandId: 1,
    responseRequired: true,
  });
  return Buffer.concat([greeting, ...[introduction, ...more].map((frame) => encoder.encode(frame))]);
}

const openwire: Dialect = {
  name: "OpenWire",
  connecting: (client) => openwireFrames(client),
  subscribing: (queue, prefetch) =>
    openwireFrames(
      0,
      create("ConsumerInfo", {
        consumerId: create("ConsumerId", { connectionId: "ID:raw-0", sessionId: 1, value: 1 }),
        destination: create("ActiveMQQueue", { physicalName: queue }),
        prefetchSize: prefetch,
        commandId: 2,
        responseRequired: true,
      }),
    ),
  half: (client) => {
    const producerId = create("ProducerId", { connectionId: `ID:raw-${client}`, sessionId: 1, value: 1 });
    const whole = openwireFrames(
      client,
      create("ActiveMQBytesMessage", {
        producerId,
        messageId: create("MessageId", { producerId, producerSequenceId: 1 }),
        destination: create("ActiveMQQueue", { physicalName: "half" }),
        content: Buffer.alloc(bodyBytes),
      }),
    );
    return whole.subarray(0, -bodyBytes / 2);
  },
  drip: openwireFrames(0),
  listener: () => {
    const decoder = new OpenWireDecoder();
    let count = 0;
    return (bytes) => {
      decoder.push(bytes, (frame) => {
        if (frame.type === "WireFormatInfo") decoder.format = plain;
        if (frame.type === "MessageDispatch") count += 1;
      });
      return count;
    };
  },
};

export const dialects: readonly Dialect[] = [stomp, openwire];
