import { describe, expect, test } from "vitest";
import { detectProtocol, detectionRefusal, openings, replicationPreamble } from "../../engine/wire/detect.ts";
import type { DetectedProtocol } from "../../engine/wire/detect.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Beginnings as clients send them, and the byte with which there is no more doubt. */
const beginnings: readonly [name: string, protocol: DetectedProtocol, text: string, decidedAfter: number][] =
  [
    ["STOMP CONNECT", "stomp", "CONNECT\naccept-version:1.2\n\n\0", 8],
    ["STOMP CONNECT with CR LF", "stomp", "CONNECT\r\nhost:a\r\n\r\n\0", 9],
    ["STOMP STOMP", "stomp", "STOMP\nhost:a\n\n\0", 6],
    ["STOMP after line ends", "stomp", "\n\r\n\nCONNECT\n\n\0", 12],
    ["replication", "replication", replicationPreamble, 11],
    ["HTTP GET", "http", "GET / HTTP/1.1\r\n", 4],
    ["HTTP HEAD", "http", "HEAD / HTTP/1.1\r\n", 5],
    ["OpenWire", "openwire", "\0\0\x01\x3c\x01ActiveMQ\0\0\0\x0c\x01", 13],
    ["AMQP 1.0", "amqp", "AMQP\0\x01\0\0", 4],
    ["AMQP with SASL", "amqp", "AMQP\x03\x01\0\0", 4],
    ["MQTT 3.1.1", "mqtt", "\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0", 8],
    ["MQTT 5 with a length of two bytes", "mqtt", "\x10\x80\x01\0\x04MQTT\x05", 9],
    ["MQTT 3.1", "mqtt", "\x10\x0e\0\x06MQIsdp\x03\x02", 10],
    ["TLS", "tls", "\x16\x03\x01\x02\0\x01", 2],
  ];

describe.each(beginnings)("detect: %s", (_name, protocol, text, decidedAfter) => {
  test("is told by its first bytes, and not before they are there", () => {
    const bytes = bytesOf(text);
    for (let length = 0; length <= bytes.length; length += 1) {
      const expected = length < decidedAfter ? { kind: "more" } : { kind: "protocol", protocol };
      expect(detectProtocol(bytes.subarray(0, length)), `${length} bytes`).toEqual(expected);
    }
  });
});

test("detect: every opening has a beginning here", () => {
  expect(new Set(beginnings.map(([, protocol]) => protocol))).toEqual(
    new Set(openings.map(({ protocol }) => protocol)),
  );
});

test.each([
  ["SMTP", "EHLO localhost\r\n"],
  ["a command with something behind it", "CONNECTED\nversion:1.2\n\n\0"],
  ["a STOMP frame that is not the first", "SEND\ndestination:/queue/a\n\n\0"],
  ["HTTP POST", "POST / HTTP/1.1\r\n"],
  ["an MQTT length that never ends", "\x10\xff\xff\xff\xff\x7f\0\x04MQTT"],
  ["zeros", "\0".repeat(20)],
])("detect: %s is nothing that this port serves", (_name, text) => {
  expect(detectProtocol(bytesOf(text))).toMatchObject({ kind: "unknown" });
});

test("detect: line ends without end are given up on", () => {
  expect(detectProtocol(bytesOf("\n".repeat(63)))).toEqual({ kind: "more" });
  expect(detectProtocol(bytesOf("\n".repeat(64)))).toMatchObject({ kind: "unknown" });
});

test("detect: the refusal of the unknown shows its first bytes, readably", () => {
  const detection = detectProtocol(bytesOf("\x05hello, \xff world, are you there?"));

  expect(detectionRefusal(detection)?.code).toBe("PROTOCOL_UNKNOWN");
  expect(detectionRefusal(detection)?.message).toContain(String.raw`"\x05hello, \xff world,…"`);
});

test.each([
  ["amqp", /AMQP is not supported yet.*STOMP/],
  ["mqtt", /MQTT is not supported yet.*STOMP/],
  ["tls", /TLS is not supported.*without it/],
] as const)("detect: the refusal of %s names it and what to use instead", (protocol, says) => {
  expect(detectionRefusal({ kind: "protocol", protocol })?.message).toMatch(says);
});

test("detect: what is served, or not decided yet, is not refused", () => {
  for (const protocol of ["stomp", "openwire", "replication", "http"] as const)
    expect(detectionRefusal({ kind: "protocol", protocol })).toBeNull();
  expect(detectionRefusal({ kind: "more" })).toBeNull();
});
