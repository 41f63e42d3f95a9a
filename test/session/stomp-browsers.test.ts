import { expect, test } from "vitest";
import { headersOf, TestClient } from "./stomp-client.ts";

function subscribing(headers: string, connect = ""): TestClient {
  const client = new TestClient("1.1", connect);
  client.sends(`SUBSCRIBE\nid:s\n${headers}\n\n^@`);
  return client;
}

test("a browser shows what is on a queue, and then say so", () => {
  const client = subscribing("destination:/queue/a,/queue/b\nbrowser:true\nselector:x = 1");
  expect(client.last).toMatchObject({ kind: "subscribe", browser: true, selector: "x = 1" });
  client.delivers(5);
  client.nodeSays({ kind: "browsed", subscription: "1" });

  expect(client.frames.map(headersOf)).toMatchObject([
    { "message-id": "ID:understudy-5", subscription: "s" },
    { "message-id": "0", subscription: "s", browser: "end", destination: "/queue/a,/queue/b" },
  ]);
  expect(client.frames[1]).toMatchObject({ command: "MESSAGE", body: Buffer.alloc(0) });
  expect(headersOf(client.frames[0])["browser"]).toBeUndefined();
});

test("browsers have no lasting name, as they own no message groups", () => {
  const client = subscribing("destination:/queue/a\nbrowser:true", "client-id:shop\n");
  expect(client.last).toMatchObject({ lastingName: null });
});

test("one that was ended meanwhile is told nothing", () => {
  const client = subscribing("destination:/queue/a\nbrowser:true");
  client.sends("UNSUBSCRIBE\nid:s\n\n^@");
  client.nodeSays({ kind: "browsed", subscription: "1" });
  expect(client.frames).toEqual([]);
});

test("what a browser shows can be acknowledged, but not refused", () => {
  const client = subscribing("destination:/queue/a\nbrowser:true\nack:client");
  client.delivers(5);
  client.delivers(6);
  client.sends("ACK\nsubscription:s\nmessage-id:ID\\cunderstudy-5\n\n^@");
  expect(client.last).toMatchObject({ kind: "settle", messages: [5], outcome: "accepted" });
  client.sends("NACK\nsubscription:s\nmessage-id:ID\\cunderstudy-6\n\n^@");
  expect(client.error.code).toBe("PROTOCOL_VIOLATION");
  expect(client.error.message).toContain("stays on its queue");
});

test("browsers are of queues alone, and there since STOMP 1.1", () => {
  const onTopic = subscribing("destination:/topic/a\nbrowser:true");
  expect(onTopic.error.message).toContain("only a queue can be browsed");
  expect(subscribing("destination:/queue/a\nbrowser:yes").error.code).toBe("HEADER_INVALID");
  const old = new TestClient("1.0");
  old.sends("SUBSCRIBE\nid:s\ndestination:/queue/a\nbrowser:true\n\n^@");
  expect(old.error.message).toContain("since STOMP 1.1");
});
