import { expect, test } from "vitest";
import type { Advisory } from "../../engine/core/advisory.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import { decodePrimitiveMap } from "../../engine/wire/openwire/primitives.ts";
import { TestClient as OpenWireClient } from "./openwire-client.ts";
import { headersOf, TestClient as StompClient } from "./stomp-client.ts";

const topic = "ActiveMQ.Advisory.SlowConsumer.Topic.prices.gold";

function slow(subscription: string): Advisory {
  return {
    kind: "slow-consumer",
    destination: { kind: "topic", name: "prices.gold" },
    request: {
      subscription,
      destination: { kind: "topic", name: "prices.>" },
      ackMode: "auto",
      prefetchCount: 100,
      ...plainWishes,
    },
    connection: "c2-3",
  };
}

test("openwire: a slow consumer is told of by its id, with what it subscribed to", () => {
  const client = new OpenWireClient();
  client.consumes({ destination: create("ActiveMQTopic", { physicalName: topic }) });
  client.nodeSays({ kind: "advise", subscription: "ID:a-1:1:1", advisory: slow("ID:b-1:2:3") });

  const [dispatch] = client.takeFrames();
  expect(dispatch).toMatchObject({
    message: {
      jmsType: "Advisory",
      destination: { type: "ActiveMQTopic", physicalName: topic },
      dataStructure: {
        type: "ConsumerInfo",
        consumerId: { connectionId: "ID:b-1", sessionId: 2, value: 3 },
        destination: { type: "ActiveMQTopic", physicalName: "prices.>" },
        prefetchSize: 100,
      },
    },
  });
  const { message } = dispatch as { message: { marshalledProperties: Uint8Array } };
  const properties = decodePrimitiveMap(message.marshalledProperties);
  expect(properties.get("consumerId")).toMatchObject({ value: "ID:b-1:2:3" });
  expect(properties.get("originBrokerName")).toMatchObject({ value: "primary" });
});

test("stomp: the same as JSON; a STOMP subscriber has an id made of its connection's name", () => {
  const client = new StompClient("1.2");
  client.sends(`SUBSCRIBE\nid:w\ndestination:/topic/${topic}\n\n^@`);
  client.takeFrames();
  client.nodeSays({ kind: "advise", subscription: "1", advisory: slow("4") });

  const [frame] = client.takeFrames();
  expect(headersOf(frame)).toMatchObject({
    destination: `/topic/${topic}`,
    subscription: "w",
    type: "Advisory",
    consumerId: "c2-3:-1:4",
    originBrokerName: "primary",
  });
  expect(JSON.parse(Buffer.from(frame?.body ?? []).toString())).toMatchObject({
    ConsumerInfo: {
      consumerId: { connectionId: "c2-3", sessionId: -1, value: 4 },
      destination: { "@class": "ActiveMQTopic", physicalName: "prices.>" },
    },
  });
});
