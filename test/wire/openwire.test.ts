import { expect, expectTypeOf, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { encodeText } from "../../engine/wire/openwire/bodies.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import { initialFormat } from "../../engine/wire/openwire/format.ts";
import type { OpenWireFormat } from "../../engine/wire/openwire/format.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import type {
  ConnectionId,
  ConnectionInfo,
  DataStructure,
  Destination,
  Long,
  Message,
} from "../../engine/wire/openwire/frames.ts";
import { openwireVersionMax, openwireVersionMin } from "../../engine/wire/openwire/table.ts";

test("openwire: the table gives each type its TypeScript type", () => {
  expectTypeOf<ConnectionInfo["connectionId"]>().toEqualTypeOf<ConnectionId>();
  expectTypeOf<ConnectionInfo["clientId"]>().toEqualTypeOf<string | null>();
  expectTypeOf<ConnectionInfo["clientMaster"]>().toEqualTypeOf<boolean>();
  expectTypeOf<Message["destination"]>().toEqualTypeOf<Destination>();
  expectTypeOf<Message["timestamp"]>().toEqualTypeOf<Long>();
  expectTypeOf<Message["dataStructure"]>().toEqualTypeOf<DataStructure | null>();
  // @ts-expect-error A SessionInfo without its id has no meaning.
  create("SessionInfo", {});

  const info = create("ConnectionInfo", { connectionId: create("ConnectionId", { value: "ID:a" }) });
  expect(info).toEqual({
    type: "ConnectionInfo",
    commandId: 0,
    responseRequired: false,
    connectionId: { type: "ConnectionId", value: "ID:a" },
    clientId: null,
    password: null,
    userName: null,
    brokerPath: null,
    brokerMasterConnector: false,
    manageable: false,
    clientMaster: true,
    faultTolerant: false,
    failoverReconnect: false,
    clientIp: null,
  });
});

const formats: OpenWireFormat[] = [];
for (let version = openwireVersionMin; version <= openwireVersionMax; version += 1)
  for (const isTight of [false, true])
    for (const cacheSize of [0, 1024]) formats.push({ ...initialFormat, version, isTight, cacheSize });

const producerId = create("ProducerId", { connectionId: "ID:a-1", value: 1, sessionId: 2 });
const message = create("ActiveMQTextMessage", {
  producerId,
  destination: create("ActiveMQQueue", { physicalName: "Aufträge" }),
  messageId: create("MessageId", { producerId, producerSequenceId: 7n ** 20n }),
  content: encodeText("a\0b \u{1F600} ÿ"),
});
const consumerId = create("ConsumerId", { connectionId: "ID:b-1", sessionId: 1, value: -1 });
const dispatch = create("MessageDispatch", { consumerId, destination: message.destination, message });

test.each(formats)(
  "openwire: v$version tight=$isTight cache=$cacheSize gives back what it was given",
  (format) => {
    const encoder = new OpenWireEncoder();
    const decoder = new OpenWireDecoder();
    encoder.format = decoder.format = format;
    const sent = [message, dispatch, message, create("KeepAliveInfo", { commandId: 70_000 })];
    const received: DataStructure[] = [];
    for (const frame of sent) decoder.push(encoder.encode(frame), (got) => received.push(got));
    expect(received).toEqual(sent);
  },
);

const asBits: OpenWireFormat = { ...initialFormat, isTight: true };
const tightCached: OpenWireFormat = { ...initialFormat, isTight: true, cacheSize: 1024 };

function encoderOf(format: OpenWireFormat): OpenWireEncoder {
  const encoder = new OpenWireEncoder();
  encoder.format = format;
  return encoder;
}

function decode(format: OpenWireFormat, ...pieces: readonly Uint8Array[]): DataStructure[] {
  const decoder = new OpenWireDecoder();
  decoder.format = format;
  const frames: DataStructure[] = [];
  for (const piece of pieces) decoder.push(piece, (frame) => frames.push(frame));
  return frames;
}

/** A frame of these bytes. */
function frameOf(...bytes: readonly number[]): Buffer {
  return Buffer.from([0, 0, bytes.length >> 8, bytes.length & 0xff, ...bytes]);
}

const keepAlive = [10, 0, 0, 0, 7, 0];

test("openwire: a format set while frames are handed over counts for the next frame", () => {
  const decoder = new OpenWireDecoder();
  const info = create("WireFormatInfo", { version: 12 });
  const bytes = Buffer.concat([new OpenWireEncoder().encode(info), encoderOf(tightCached).encode(dispatch)]);
  const received: DataStructure[] = [];
  decoder.push(bytes, (frame) => {
    received.push(frame);
    if (frame.type === "WireFormatInfo") decoder.format = tightCached;
  });
  expect(received).toEqual([info, dispatch]);
});

test("openwire: frames added one by one are taken at once", () => {
  const encoder = encoderOf(tightCached);
  const sent = Array.from({ length: 300 }, (_, commandId) => ({ ...dispatch, commandId }));
  for (const frame of sent) encoder.add(frame);
  expect(decode(tightCached, encoder.take())).toEqual(sent);
  expect(encoder.take()).toHaveLength(0);
});

test("openwire: content is a view into what was pushed", () => {
  const bytes = encoderOf(initialFormat).encode(message);
  const [got] = decode(initialFormat, bytes);
  expect(got?.type === "ActiveMQTextMessage" && got.content?.buffer).toBe(bytes.buffer);
});

test.each([80, 700, 4000])(
  "openwire: a tight frame of %i arrays' elements has its bits in front",
  (count) => {
    const data = Array.from({ length: count }, (_, value) =>
      create("SessionId", { connectionId: "", value }),
    );
    const response = create("DataArrayResponse", { data });
    const encoder = encoderOf(tightCached);
    expect(decode(tightCached, encoder.encode(response), encoder.encode(response))).toEqual([
      response,
      response,
    ]);
    // Per element: there, has a text, all ASCII, and two bits for the length of its number; before: two flags.
    const bitBytes = Math.ceil((2 + count * 5) / 8);
    const head = { 80: [bitBytes], 700: [0x80, bitBytes >> 8, bitBytes & 0xff] }[count] ?? [0x80, 9, 197];
    expect([...encoder.encode(response).subarray(5, 5 + head.length)]).toEqual(head);
  },
);

test("openwire: a nested message in a frame of its own is read", () => {
  const framed = create("MessageDispatch", { consumerId: { ...consumerId, value: 1 }, message });
  const bytes = encoderOf(asBits).encode(framed);
  const messageAt = bytes.indexOf(28, 8) + 1;
  const head = Buffer.from(bytes.subarray(4, messageAt));
  // Before the bit that says so: 1 for a response, 7 for the consumer, 1 for no destination, 1 for a message.
  const bit = 1 + 7 + 1 + 1;
  head[2 + (bit >> 3)]! |= 1 << (bit & 7);
  const rebuilt = Buffer.concat([head, encoderOf(asBits).encode(message), Buffer.alloc(4)]);
  expect(decode(asBits, frameOf(...rebuilt))).toEqual([framed]);
});

test("openwire: the frame that says nothing is passed over", () => {
  expect(decode(initialFormat, frameOf(0), frameOf(...keepAlive))).toEqual([
    create("KeepAliveInfo", { commandId: 7 }),
  ]);
});

const withCache = { ...initialFormat, cacheSize: 10 };
const sessionInfo = [4, 0, 0, 0, 1, 0];

test.each<[string, OpenWireFormat, Buffer, RegExp]>([
  ["no size", initialFormat, Buffer.alloc(4), /its size is 0/],
  ["a negative size", initialFormat, Buffer.of(255, 0, 0, 0), /its size is -16777216/],
  [
    "a size over the limit",
    initialFormat,
    Buffer.of(0x7f, 0, 0, 0),
    /2130706432 bytes is larger than the limit/,
  ],
  ["an unknown type", initialFormat, frameOf(13), /version 12 has no type 13/],
  ["a type of a later version", { ...initialFormat, version: 2 }, frameOf(19), /version 2 has no type 19/],
  ["bytes left over", initialFormat, frameOf(...keepAlive, 9, 9), /2 bytes are left/],
  ["too few bytes", initialFormat, frameOf(10, 0), /at least 3 more bytes/],
  ["too few bits", asBits, frameOf(10, 0, 0, 0, 0, 1), /fewer bits/],
  ["bits beyond the end", asBits, frameOf(10, 63, 0, 0), /more bytes/],
  ["a command without its id", initialFormat, frameOf(...sessionInfo, 0), /SessionInfo has no sessionId/],
  ["an id of another kind", initialFormat, frameOf(...sessionInfo, 1, 120, 1, 0, 0), /type 120 .* SessionId/],
  ["an unknown nested type", initialFormat, frameOf(32, ...keepAlive.slice(1), 0, 0, 0, 0, 1, 13), /type 13/],
  ["a text that is not UTF-8", initialFormat, frameOf(120, 1, 0, 1, 0xff), /not UTF-8/],
  ["another magic", initialFormat, frameOf(1, ...Buffer.from("ActiveMX\0\0\0\x01\0", "latin1")), /ActiveMQ/],
  ["a negative count", initialFormat, frameOf(33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 255, 255), /-1 elements/],
  [
    "a hole in an array",
    initialFormat,
    frameOf(33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0),
    /element .* missing/,
  ],
  ["a cached value never sent", withCache, frameOf(...sessionInfo, 0, 0, 3), /cached value 3/],
  ["a cached value beyond the agreed", withCache, frameOf(...sessionInfo, 1, 0, 10, 0), /10 were agreed on/],
  ["a negative number of a cached value", withCache, frameOf(...sessionInfo, 1, 255, 0, 0), /-256/],
])("openwire: %s is refused", (_name, format, bytes, says) => {
  expect(() => decode(format, bytes)).toThrow(says);
  expect(() => decode(format, bytes)).toThrow(BrokerError);
});

test("openwire: a cached value of another type than its place is refused", () => {
  const format = { ...withCache, cacheSize: 20 };
  const connectionId = create("ConnectionId", { value: "a" });
  const first = encoderOf(format).encode(create("ConnectionInfo", { connectionId }));
  expect(() => decode(format, first, frameOf(...sessionInfo, 0, 0, 0))).toThrow(/cached ConnectionId/);
});

test("openwire: objects within objects, and too many of them, are refused", () => {
  const responses = [...Array<number[]>(40).fill([32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])].flat();
  expect(() => decode(initialFormat, frameOf(...responses))).toThrow(/limit of 32 values within values/);

  const brokers = Array.from({ length: 10_001 }, () => create("BrokerId", { value: "" }));
  const bytes = encoderOf(asBits).encode(create("DataArrayResponse", { data: brokers }));
  expect(() => decode(asBits, bytes)).toThrow(/limit of 10000 values in a frame/);
});

test("openwire: the bytes that cached values take are bounded", () => {
  const encoder = encoderOf(tightCached);
  const decoder = new OpenWireDecoder();
  decoder.format = tightCached;
  expect(() => {
    for (let index = 0; index < 200; index += 1) {
      const value = `${index} ${"x".repeat(30_000)}`;
      decoder.push(
        encoder.encode(create("ConnectionInfo", { connectionId: create("ConnectionId", { value }) })),
        () => {},
      );
    }
  }).toThrow(/limit of 4194304 bytes of cached values/);
});

test.each([16, 17, 100, 1024])(
  "openwire: a cache of %i places forgets the oldest values first",
  (cacheSize) => {
    const format = { ...tightCached, cacheSize };
    const encoder = encoderOf(format);
    const sent = Array.from({ length: 5000 }, (_, index) => {
      const connectionId = create("ConnectionId", { value: `${(index * index) % 300}` });
      const transactionId = create("LocalTransactionId", { connectionId, value: index % 7 });
      return create("TransactionInfo", { connectionId, transactionId });
    });
    for (const frame of sent) encoder.add(frame);
    expect(decode(format, encoder.take())).toEqual(sent);

    // Where a frame is read again when more of it has come, it must not find what it brought itself.
    const open = { ...format, hasSizePrefix: false };
    const openEncoder = encoderOf(open);
    for (const frame of sent) openEncoder.add(frame);
    const bytewise = Array.from(openEncoder.take(), (byte) => Buffer.of(byte));
    expect(decode(open, ...bytewise)).toEqual(sent);
  },
);

test("openwire: a frame that cannot be written leaves nothing behind, in the cache neither", () => {
  const small = { ...tightCached, frameBytesMax: 200 };
  const encoder = encoderOf(small);
  const large = { ...message, content: Buffer.alloc(300) };
  expect(() => encoder.add(large)).toThrow(/larger than the limit of 200/);
  expect(() => encoder.add({ ...message, groupID: "x".repeat(40_000) })).toThrow(
    /limit of 32766 bytes in a text/,
  );
  encoder.add({ ...message, content: null });
  expect(decode(tightCached, encoder.take())).toEqual([{ ...message, content: null }]);
  expect(() => encoderOf({ ...asBits, version: 2 }).add(create("ProducerAck", { producerId }))).toThrow(
    /ProducerAck in OpenWire version 2 is not supported/,
  );
});

test("openwire: the message of an exception is cut so that it can be sent", () => {
  const exception = { className: "a.B", message: "ä".repeat(50_000), stackTrace: [], cause: null };
  const [got] = decode(asBits, encoderOf(asBits).encode(create("ExceptionResponse", { exception })));
  expect(got?.type === "ExceptionResponse" && got.exception?.message).toBe("ä".repeat(8_000));
});

test.each<Long>([
  0,
  1,
  -1,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  2n ** 53n,
  -(2n ** 63n),
])("openwire: the long %s is the same after the wire", (timestamp) => {
  for (const format of [initialFormat, asBits])
    expect(decode(format, encoderOf(format).encode({ ...message, timestamp }))).toEqual([
      { ...message, timestamp },
    ]);
});

test("openwire: a large body is written without being copied, and in its place", () => {
  const content = Buffer.alloc(100_000, "x");
  for (const format of formats) {
    const [pieces, whole] = [new OpenWireEncoder(), new OpenWireEncoder()];
    pieces.format = whole.format = format;
    const producerId = create("ProducerId", { connectionId: "ID:a" });
    for (let count = 0; count < 3; count += 1) {
      const message = create("ActiveMQBytesMessage", {
        producerId,
        destination: create("ActiveMQQueue", { physicalName: "orders" }),
        messageId: create("MessageId", { producerId }),
        content,
        // Fields behind it, one of which is filled in late.
        marshalledProperties: Buffer.of(0, 0, 0, 0),
        targetConsumerId: create("ConsumerId", { connectionId: "ID:b", value: count }),
        userID: "me",
      });
      pieces.add(message);
      whole.add(message);
      expect(() => pieces.add({ type: "ActiveMQQueue", physicalName: "x".repeat(70_000) })).toThrow(
        BrokerError,
      );
    }
    const taken = pieces.takePieces();
    expect(taken.filter((piece) => piece === content)).toHaveLength(3);
    expect(Buffer.concat(taken).equals(whole.take())).toBe(true);
    const decoder = new OpenWireDecoder();
    decoder.format = format;
    const bodies: unknown[] = [];
    for (const piece of taken)
      decoder.push(piece, (frame) => bodies.push("content" in frame && frame.content?.length));
    expect(bodies).toEqual([100_000, 100_000, 100_000]);
  }
});

test("openwire: a frame whose shared body makes it too large is refused, and the next one is not", () => {
  const encoder = new OpenWireEncoder();
  encoder.format = { ...initialFormat, frameBytesMax: 150_000 };
  const part = (sizeBytes: number) => ({ type: "PartialCommand", data: Buffer.alloc(sizeBytes) }) as const;
  expect(() => encoder.add(part(150_000))).toThrow(/larger than the limit/);
  expect(encoder.encode(part(140_000)).length).toBe(140_000 + 14);
});
