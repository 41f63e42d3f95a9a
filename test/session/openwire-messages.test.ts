import { expect, test } from "vitest";
import { create } from "../../engine/wire/openwire/frames.ts";
import {
  decodePrimitiveMap,
  encodePrimitiveMap,
  type Primitive,
} from "../../engine/wire/openwire/primitives.ts";
import { propertyText } from "../../engine/core/message.ts";
import {
  consumerId,
  messageId,
  orders,
  ordersOnWire,
  producerId,
  TestClient,
  textMessage,
} from "./openwire-client.ts";

test("openwire: a message is handed to the core without its protocol", () => {
  const client = new TestClient();
  const properties = encodePrimitiveMap(
    new Map([
      ["n", { type: "int", value: 5 }],
      ["big", { type: "long", value: 7 }],
      ["none", { type: "null", value: null }],
    ]),
  );
  client.sends(
    textMessage({
      marshalledProperties: properties,
      correlationId: "c",
      jmsType: "t",
      groupID: "g",
      groupSequence: 2,
      replyTo: create("ActiveMQTempQueue", { physicalName: "ID:a-1:1" }),
    }),
  );

  expect(client.takeRequests()).toMatchObject([
    {
      kind: "send",
      transaction: null,
      message: {
        destination: orders,
        bodyKind: "text",
        body: Buffer.from("hello"),
        properties: new Map<string, unknown>([
          ["n", { type: "int", value: 5 }],
          ["big", 7n],
          ["none", null],
        ]),
        correlationId: "c",
        type: "t",
        group: { id: "g", sequence: 2 },
        replyTo: { kind: "temp-queue", name: "ID:a-1:1" },
        origin: { producer: "ID:a-1:1:1", sequence: 5 },
      },
    },
  ]);
});

test("openwire: null, lists and maps are kept as properties, and are text for STOMP", () => {
  const map = new Map<string, Primitive>([
    ["none", { type: "null", value: null }],
    ["raw", { type: "bytes", value: Buffer.from([1, 2]) }],
    [
      "list",
      {
        type: "list",
        value: [
          { type: "byte", value: 1 },
          { type: "string", value: "b" },
        ],
      },
    ],
  ]);
  const properties = encodePrimitiveMap(new Map([["map", { type: "map", value: map }], ...map]));
  const client = new TestClient();
  client.sends(textMessage({ marshalledProperties: properties }));
  const [request] = client.takeRequests();
  if (request?.kind !== "send") throw new Error("nothing was sent");
  const [value] = request.message.properties.values();
  expect(propertyText(value ?? "")).toBe("{none=null, raw=[B, list=[1, b]}");

  client.consumes();
  client.delivers(1, { message: { properties: request.message.properties } });
  expect(client.takeFrames()).toMatchObject([{ message: { marshalledProperties: properties } }]);
});

test.each([
  ["a plain text", "hällo €", "0000000a68c3a46c6c6f20e282ac"],
  ["a NUL", "a\0b", "0000000461c08062"],
  ["a character beyond the first 65,536", "\u{1f600}", "00000006eda0bdedb880"],
])("openwire: %s is Java's text on the wire and UTF-8 in the core", (_what, text, content) => {
  const client = new TestClient();
  client.sends(textMessage({ content: Buffer.from(content, "hex") }));
  const [request] = client.takeRequests();
  expect(request).toMatchObject({ message: { body: Buffer.from(text) } });

  client.consumes();
  client.delivers(1, { message: { body: Buffer.from(text) } });
  expect(client.takeFrames()).toMatchObject([{ message: { content: Buffer.from(content, "hex") } }]);
});

test("openwire: a text message without a text stays one", () => {
  const client = new TestClient();
  client.sends(textMessage({ content: null }));
  expect(client.takeRequests()).toMatchObject([{ message: { bodyKind: "null-text" } }]);

  client.consumes();
  client.delivers(1, { message: { bodyKind: "null-text", body: Buffer.alloc(0) } });
  client.delivers(2, { message: { body: Buffer.alloc(0) } });
  expect(client.takeFrames()).toMatchObject([
    { message: { type: "ActiveMQTextMessage", content: null } },
    { message: { type: "ActiveMQTextMessage", content: Buffer.alloc(4) } },
  ]);
});

test("openwire: a blob message keeps where its contents are", () => {
  const client = new TestClient();
  const blob = { remoteBlobUrl: "http://host/1", mimeType: "image/png", deletedByBroker: true };
  client.sends(
    create("ActiveMQBlobMessage", {
      producerId,
      destination: ordersOnWire,
      messageId: messageId(1),
      ...blob,
    }),
  );
  const [request] = client.takeRequests();
  if (request?.kind !== "send") throw new Error("it is a send");

  client.consumes();
  client.delivers(1, { message: request.message });
  expect(client.takeFrames()).toMatchObject([{ message: { type: "ActiveMQBlobMessage", ...blob } }]);
});

test("openwire: a delivery has the id its producer gave it, and the broker's number", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(17, { count: 3 });

  expect(client.takeFrames()).toMatchObject([
    {
      type: "MessageDispatch",
      consumerId: consumerId(),
      redeliveryCounter: 2,
      message: {
        messageId: {
          producerId: { connectionId: "ID:b-1", sessionId: 2, value: 3 },
          producerSequenceId: 9,
          brokerSequenceId: 17,
        },
        redeliveryCounter: 2,
      },
    },
  ]);
});

test("openwire: a message of another protocol has the id by which that one knows it", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(17, { message: { origin: null } });
  expect(client.takeFrames()).toMatchObject([{ message: { messageId: { textView: "ID:understudy-17" } } }]);
});

test("openwire: a dead letter does not expire, and says why it is one", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(1, { dead: "expired", message: { expiresAt: 5 as never } });

  const [dispatch] = client.takeFrames();
  if (dispatch?.type !== "MessageDispatch" || dispatch.message?.marshalledProperties === null)
    throw new Error("no");
  expect(dispatch.message?.expiration).toBe(0);
  const properties = decodePrimitiveMap(dispatch.message!.marshalledProperties);
  expect(properties.get("dlqDeliveryFailureCause")?.value).toContain("Expired");
  expect(properties.get("originalExpiration")).toEqual({ type: "long", value: 5 });
});
