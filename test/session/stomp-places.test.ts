import { describe, expect, test } from "vitest";
import { headersOf, TestClient } from "./stomp-client.ts";

function subscribing(headers: string, connect = ""): TestClient {
  const client = new TestClient("1.1", connect);
  client.sends(`SUBSCRIBE\nid:s\n${headers}\n\n^@`);
  return client;
}

describe("ActiveMQ: copies and groups", () => {
  test("a consumer of a client with an id is known by it after a reconnect, and is told of its new groups", () => {
    const client = subscribing("destination:/queue/orders", "client-id:billing\n");
    expect(client.requests.at(-1)).toMatchObject({ lastingName: "billing s" });
    client.delivers(5, { message: { group: { id: "g", sequence: 3 } }, isFirstOfGroup: true });
    client.delivers(6, { message: { group: { id: "g", sequence: 4 } } });

    expect(headersOf(client.frames[0])).toMatchObject({
      JMSXGroupID: "g",
      JMSXGroupSeq: "3",
      JMSXGroupFirstForConsumer: "true",
    });
    expect(headersOf(client.frames[1])["JMSXGroupFirstForConsumer"]).toBeUndefined();
  });

  test("a copy says which of several destinations it came from, and all that it was sent to", () => {
    const client = subscribing("destination:/queue/a");
    client.delivers(5, {
      message: { destination: { kind: "queue", name: "a,topic://b" } },
      source: { kind: "queue", name: "a" },
    });

    expect(headersOf(client.frames[0])).toMatchObject({
      destination: "/queue/a",
      "original-destination": "/queue/a,/topic/b",
    });
  });
});
