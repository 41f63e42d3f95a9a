import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  decodeProperties,
  decodeText,
  encodeText,
  inflatedContent,
} from "../../engine/wire/openwire/bodies.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import {
  negotiate,
  optionsOf,
  wireFormatInfoOf,
  type WireFormatOptions,
} from "../../engine/wire/openwire/format.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import type { DataStructure, Message } from "../../engine/wire/openwire/frames.ts";
import {
  decodePrimitiveMap,
  decodePrimitives,
  encodePrimitiveMap,
  encodePrimitives,
} from "../../engine/wire/openwire/primitives.ts";
import type { Primitive } from "../../engine/wire/openwire/primitives.ts";

/** What `vectors/BodyWriter.java` printed, by name. */
const javaBytes = new Map(
  readFileSync(new URL("openwire/vectors/bodies.txt", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string])
    .map(([name, base64]) => [name, Buffer.from(base64, "base64")] as const),
);

const inflate = (bytes: Uint8Array, maxOutputLength: number) => inflateSync(bytes, { maxOutputLength });
const text = "a\0b ä € \u{1F600}";

const values: Record<string, Primitive> = {
  boolean: { type: "boolean", value: true },
  byte: { type: "byte", value: -7 },
  short: { type: "short", value: -700 },
  int: { type: "int", value: 70_000 },
  long: { type: "long", value: 9_007_199_254_740_993n },
  float: { type: "float", value: 1.5 },
  double: { type: "double", value: -0.1 },
  char: { type: "char", value: "€" },
  string: { type: "string", value: text },
  bytes: { type: "bytes", value: Buffer.of(1, 2, 255) },
  big: { type: "string", value: "y".repeat(8191) },
};
const ofMap = { ...values, null: { type: "null", value: null } as const };
const properties: Record<string, Primitive> = {
  ...Object.fromEntries(Object.entries(values).filter(([name]) => name !== "bytes")),
  list: {
    type: "list",
    value: [
      { type: "string", value: "one" },
      { type: "int", value: 2 },
    ],
  },
  map: {
    type: "map",
    value: new Map([["inner", { type: "list", value: [{ type: "boolean", value: true }] }]]),
  },
};

const types = {
  text: "ActiveMQTextMessage",
  "long-text": "ActiveMQTextMessage",
  bytes: "ActiveMQBytesMessage",
  map: "ActiveMQMapMessage",
  stream: "ActiveMQStreamMessage",
} as const;

function javaMessage(body: keyof typeof types, compressed: boolean): Message {
  const producerId = create("ProducerId", { connectionId: "ID:a-1", value: 1, sessionId: 1 });
  return create(types[body], {
    producerId,
    destination: create("ActiveMQQueue", { physicalName: "a" }),
    messageId: create("MessageId", { producerId }),
    content: javaBytes.get(compressed ? `${body}-compressed` : body)!,
    compressed,
  });
}

describe.each([false, true])("openwire: bodies as Java writes them, compressed: %s", (compressed) => {
  const contentOf = (body: keyof typeof types) => inflatedContent(javaMessage(body, compressed), inflate)!;

  test("text", () => {
    expect(decodeText(contentOf("text"))).toBe(text);
    expect(encodeText(text)).toEqual(contentOf("text"));
  });

  test("bytes", () => {
    expect(Buffer.from(contentOf("bytes")).toString()).toBe("some bytes, some bytes");
  });

  test("map", () => {
    const map = decodePrimitiveMap(contentOf("map"));
    expect(Object.fromEntries(map)).toEqual(ofMap);
    expect(encodePrimitiveMap(map)).toEqual(contentOf("map"));
  });

  test("stream", () => {
    expect(decodePrimitives(contentOf("stream"))).toEqual(Object.values(values));
    expect(encodePrimitives(Object.values(values))).toEqual(contentOf("stream"));
  });
});

test("openwire: a long compressed text, and one that would inflate too far", () => {
  const message = javaMessage("long-text", true);
  expect(decodeText(inflatedContent(message, inflate)!)).toBe(`long ${"x".repeat(9000)}`);
  expect(() => inflatedContent(message, (bytes) => inflate(bytes, 100))).toThrow();
});

test("openwire: the properties of a message", () => {
  const message = { ...javaMessage("text", false), marshalledProperties: javaBytes.get("properties")! };
  const map = decodeProperties(message);
  expect(Object.fromEntries(map)).toEqual(properties);
  expect(encodePrimitiveMap(map)).toEqual(message.marshalledProperties);
  expect(decodeProperties({ ...message, marshalledProperties: null }).size).toBe(0);
});

test.each([
  ["a text without a size", () => decodeText(Buffer.of(0, 0))],
  ["a text with a size that cannot be", () => decodeText(Buffer.of(0, 0, 0, 9, 65))],
  ["a text that is not UTF-8", () => decodeText(Buffer.of(0, 0, 0, 2, 0xc3, 0x28))],
  ["a value of no type", () => decodePrimitives(Buffer.of(14))],
  ["a map that ends early", () => decodePrimitiveMap(Buffer.of(0, 0, 0, 1, 0, 1, 65))],
  ["bytes with a negative size", () => decodePrimitives(Buffer.of(10, 255, 255, 255, 255))],
])("openwire: %s is refused", (_name, decode) => {
  expect(decode).toThrow(/Malformed OpenWire frame/);
});

test("openwire: values within values, and too many values, are refused", () => {
  const nested = Buffer.concat([...Array<Buffer>(40).fill(Buffer.of(12, 0, 0, 0, 1)), Buffer.of(0)]);
  expect(() => decodePrimitives(nested)).toThrow(/limit of 32 values within values/);
  expect(() => decodePrimitives(Buffer.alloc(100_001))).toThrow(/limit of 100000 values/);
});

const ours: WireFormatOptions = {
  version: 12,
  tightEncodingEnabled: true,
  cacheEnabled: true,
  cacheSize: 2048,
  stackTraceEnabled: true,
  tcpNoDelayEnabled: true,
  sizePrefixDisabled: false,
  maxFrameSize: 1_000_000,
  maxInactivityDuration: 30_000,
  maxInactivityDurationInitialDelay: 10_000,
  host: null,
  providerName: "Understudy",
  providerVersion: "1",
  platformDetails: null,
};

function javaOptions(): WireFormatOptions {
  const frames: DataStructure[] = [];
  new OpenWireDecoder().push(javaBytes.get("client-info")!, (frame) => frames.push(frame));
  const [info] = frames;
  if (info?.type !== "WireFormatInfo") throw new Error("the client begins with its WireFormatInfo");
  return optionsOf(info);
}

test("openwire: a Java client's wishes are read, and what both agree on", () => {
  const theirs = javaOptions();
  expect(theirs).toEqual({
    version: 12,
    tightEncodingEnabled: true,
    cacheEnabled: true,
    cacheSize: 1024,
    stackTraceEnabled: true,
    tcpNoDelayEnabled: true,
    sizePrefixDisabled: false,
    maxFrameSize: Number(2n ** 63n - 1n),
    maxInactivityDuration: 30_000,
    maxInactivityDurationInitialDelay: 10_000,
    host: "localhost",
    providerName: "ActiveMQ",
    providerVersion: expect.any(String) as string,
    platformDetails: expect.any(String) as string,
  });
  expect(negotiate(ours, theirs)).toEqual({
    format: {
      version: 12,
      isTight: true,
      cacheSize: 1024,
      hasStackTraces: true,
      hasSizePrefix: true,
      frameBytesMax: 1_000_000,
    },
    tcpNoDelay: true,
    inactivityMs: 30_000,
    inactivityInitialMs: 10_000,
  });
});

test("openwire: what is wished is said in the WireFormatInfo", () => {
  for (const options of [ours, { ...ours, host: "a", maxFrameSize: 0, cacheEnabled: false }])
    expect(optionsOf(wireFormatInfoOf(options))).toEqual(options);
});

test.each<[string, Partial<WireFormatOptions>, object]>([
  ["an older version", { version: 3 }, { version: 3 }],
  ["a newer version", { version: 13 }, { version: 12 }],
  ["no version", { version: 0 }, { version: 12 }],
  ["loose encoding", { tightEncodingEnabled: false }, { isTight: false }],
  ["no cache", { cacheEnabled: false }, { cacheSize: 0 }],
  ["a cache of any size", { cacheSize: 0 }, { cacheSize: 16_383 }],
  ["no traces", { stackTraceEnabled: false }, { hasStackTraces: false }],
  ["no sizes, which only one wants", { sizePrefixDisabled: true }, { hasSizePrefix: true }],
  ["any size of a frame", { maxFrameSize: 0 }, { frameBytesMax: 1_000_000 }],
  ["small frames", { maxFrameSize: 500 }, { frameBytesMax: 500 }],
])("openwire: negotiation with a side that wants %s", (_name, wish, agreed) => {
  const { format } = negotiate(ours, { ...ours, ...wish });
  expect(format).toMatchObject(agreed);
  expect(negotiate({ ...ours, ...wish }, ours).format).toEqual(format);
});

test("openwire: a side that bears silence for ever makes both do", () => {
  expect(negotiate(ours, { ...ours, maxInactivityDuration: 0 }).inactivityMs).toBe(0);
});
