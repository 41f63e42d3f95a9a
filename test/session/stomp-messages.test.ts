import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { headersOf, subscribed, TestClient } from "./stomp-client.ts";
import { plainWishes } from "../../engine/core/dialogue.ts";

const settled = (client: TestClient): unknown[] => client.requests.filter(({ kind }) => kind === "settle");

describe("STOMP 1.2: SEND", () => {
  test("asks the node to send, with everything the frame says", () => {
    const client = new TestClient("1.2");
    client.sends(
      "SEND\ndestination:/queue/orders\ncontent-type:text/plain\nfoo:first\nfoo:second\n\nhello^@",
    );

    expect(client.last).toMatchObject({ kind: "send", transaction: null });
    expect(client.sentMessage).toMatchObject({
      destination: { kind: "queue", name: "orders" },
      bodyKind: "text",
    });
    expect(Buffer.from(client.sentMessage.body).toString()).toBe("hello");
    expect([...client.sentMessage.properties]).toEqual([
      ["content-type", "text/plain"],
      ["foo", "first"],
    ]);
  });

  test("a body with content-length is bytes", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\ndestination:/queue/orders\ncontent-length:3\n\na^@b^@");

    expect(client.sentMessage.bodyKind).toBe("bytes");
    expect(client.sentMessage.body).toHaveLength(3);
    expect(client.sentMessage.properties.size).toBe(0);
  });

  test("without destination it is an error that names the header, the frame and its receipt", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\nreceipt:r1\n\nx^@");

    expect(client.error).toMatchObject({
      code: "HEADER_MISSING",
      receiptId: "r1",
      message: "The SEND frame needs the header destination.",
    });
    expect(client.error.text).toContain("Where: SEND frame, number 2 of this connection.");
    expect(client.error.text).toContain("What to do: Add the header");
    expect(client.requests).toEqual([]);
  });
});

describe("STOMP 1.2: SUBSCRIBE", () => {
  test("asks for a subscription, auto unless told", () => {
    const client = new TestClient("1.2");
    client.sends("SUBSCRIBE\nid:0\ndestination:/queue/orders\n\n^@");

    expect(client.requests).toEqual([
      {
        kind: "subscribe",
        lastingName: null,
        subscription: "1",
        destination: { kind: "queue", name: "orders" },
        ackMode: "auto",
        prefetchCount: limits.prefetchCountDefault,
        ...plainWishes,
      },
    ]);
  });

  test("SUBSCRIBE id Header: required since 1.1, and unique", () => {
    for (const version of ["1.1", "1.2"] as const) {
      const client = new TestClient(version);
      client.sends("SUBSCRIBE\ndestination:/queue/orders\n\n^@");
      expect(client.error.message).toContain("needs the header id");
    }

    const client = subscribed("1.2", "auto");
    client.sends("SUBSCRIBE\nid:s\ndestination:/queue/other\n\n^@");
    expect(client.error.code).toBe("SUBSCRIPTION_EXISTS");
    expect(client.requests).toHaveLength(1);
  });

  test("an id is free again after UNSUBSCRIBE, and late deliveries to its last owner are not shown", () => {
    const client = subscribed("1.2", "client");
    client.sends("UNSUBSCRIBE\nid:s\n\n^@SUBSCRIBE\nid:s\ndestination:/queue/other\nack:client\n\n^@");
    client.delivers(5, { subscription: "1" });
    expect(client.frames).toEqual([]);

    client.delivers(6, { subscription: "2" });
    expect(headersOf(client.frames[0])).toMatchObject({ subscription: "s", ack: "2-6" });
  });

  test("SUBSCRIBE ack Header: anything but the three modes is an error", () => {
    expect(subscribed("1.2", "maybe").error.code).toBe("HEADER_INVALID");
  });

  test("ack auto: what was delivered is settled when it has left, once, and not before", () => {
    const client = subscribed("1.2", "auto");
    client.delivers(5);
    client.delivers(6);
    expect(settled(client)).toEqual([]);

    client.session.flushed(client.now);
    client.session.flushed(client.now);
    expect(settled(client)).toEqual([
      { kind: "settle", subscription: "1", messages: [5, 6], outcome: "accepted", transaction: null },
    ]);
    expect(headersOf(client.frames[0])["ack"]).toBeUndefined();
  });

  test("ack client: nothing is settled by being sent; an ACK is for all before it", () => {
    const client = subscribed("1.2", "client");
    for (const id of [5, 6, 7, 8]) client.delivers(id);
    client.session.flushed(client.now);
    expect(settled(client)).toEqual([]);

    client.sends("ACK\nid:1-7\n\n^@");
    expect(client.last).toEqual({
      kind: "settle",
      subscription: "1",
      messages: [5, 6, 7],
      outcome: "accepted",
      transaction: null,
    });
    client.sends("ACK\nid:1-8\n\n^@");
    expect(client.last).toMatchObject({ messages: [8] });
  });

  test("ack client-individual: an ACK is for its message alone", () => {
    const client = subscribed("1.2", "client-individual");
    for (const id of [5, 6, 7]) client.delivers(id);
    client.sends("ACK\nid:1-6\n\n^@ACK\nid:1-5\n\n^@");

    expect(settled(client)).toMatchObject([{ messages: [6] }, { messages: [5] }]);
  });

  test("as many subscriptions as allowed, and not one more", () => {
    const client = new TestClient("1.2");
    for (let count = 0; count < limits.subscriptionsPerConnectionMax; count += 1)
      client.sends(`SUBSCRIBE\nid:${count}\ndestination:/queue/a\n\n^@`);
    expect(client.isEnded).toBe(false);

    client.sends("SUBSCRIBE\nid:more\ndestination:/queue/a\n\n^@");
    expect(client.error.code).toBe("LIMIT_REACHED");
    expect(client.requests).toHaveLength(limits.subscriptionsPerConnectionMax);
  });
});

describe("STOMP 1.2: UNSUBSCRIBE", () => {
  test("ends the subscription; its messages are not delivered any more", () => {
    const client = subscribed("1.2", "auto");
    client.sends("UNSUBSCRIBE\nid:s\n\n^@");
    client.delivers(5);

    expect(client.last).toEqual({ kind: "unsubscribe", subscription: "1", unseen: [] });
    expect(client.frames).toEqual([]);
  });

  test("what an auto subscription was sent counts as received first", () => {
    const client = subscribed("1.2", "auto");
    client.delivers(5);
    client.sends("UNSUBSCRIBE\nid:s\n\n^@");

    expect(client.requests.slice(1)).toMatchObject([
      { kind: "settle", messages: [5] },
      { kind: "unsubscribe" },
    ]);
    client.session.flushed(client.now);
    expect(client.requests).toHaveLength(3);
  });

  test("an unknown id, and none, are errors", () => {
    const unknown = new TestClient("1.2");
    unknown.sends("UNSUBSCRIBE\nid:s\n\n^@");
    expect(unknown.error.code).toBe("SUBSCRIPTION_UNKNOWN");

    const none = subscribed("1.2", "auto");
    none.sends("UNSUBSCRIBE\ndestination:/queue/orders\n\n^@");
    expect(none.error.code).toBe("HEADER_MISSING");
  });
});

describe("STOMP 1.2: ACK and NACK", () => {
  test("NACK rejects: the message alone, or in client mode all before it too", () => {
    const individual = subscribed("1.2", "client-individual");
    const cumulative = subscribed("1.2", "client");
    for (const client of [individual, cumulative]) {
      for (const id of [5, 6]) client.delivers(id);
      client.sends("NACK\nid:1-6\n\n^@");
    }

    expect(individual.last).toMatchObject({ kind: "settle", messages: [6], outcome: "rejected" });
    expect(cumulative.last).toMatchObject({ kind: "settle", messages: [5, 6], outcome: "rejected" });
  });

  test.each(["1-6", "2-5", "1-", "5", "-5", "ID:understudy-5", "1-5x", "1-05"])(
    "id:%s acknowledges nothing that was delivered",
    (id) => {
      const client = subscribed("1.2", "client");
      client.delivers(5);
      client.sends(`ACK\nid:${id}\n\n^@`);

      expect(client.error.code).toBe("MESSAGE_UNKNOWN");
      expect(settled(client)).toEqual([]);
    },
  );

  test("a message is acknowledged once", () => {
    const client = subscribed("1.2", "client");
    client.delivers(5);
    client.sends("ACK\nid:1-5\n\n^@ACK\nid:1-5\n\n^@");

    expect(client.error.code).toBe("MESSAGE_UNKNOWN");
    expect(settled(client)).toHaveLength(1);
  });

  test("the id header is required", () => {
    const client = subscribed("1.2", "client");
    client.delivers(5);
    client.sends("ACK\nmessage-id:ID:understudy-5\nsubscription:s\n\n^@");

    expect(client.error.message).toContain("needs the header id");
  });

  test("1.1: message-id and subscription, both required", () => {
    const client = subscribed("1.1", "client-individual");
    client.delivers(5);
    expect(headersOf(client.frames[0])["ack"]).toBeUndefined();
    client.sends("ACK\nsubscription:s\nmessage-id:ID\\cunderstudy-5\n\n^@");
    expect(client.last).toMatchObject({ kind: "settle", messages: [5] });

    client.sends("NACK\nmessage-id:ID\\cunderstudy-5\n\n^@");
    expect(client.error.message).toContain("NACK frame needs the header subscription");
  });

  test("1.0: message-id alone, and no NACK", () => {
    const client = subscribed("1.0", "client");
    client.sends("SUBSCRIBE\nid:t\ndestination:/queue/other\nack:client\n\n^@");
    client.delivers(5, { subscription: "2" });
    client.sends("ACK\nmessage-id:ID:understudy-5\n\n^@");
    expect(client.last).toMatchObject({ kind: "settle", subscription: "2", messages: [5] });

    client.sends("NACK\nmessage-id:ID:understudy-5\n\n^@");
    expect(client.error.code).toBe("PROTOCOL_VIOLATION");
  });

  test("delivered again, a message takes its new place in the order", () => {
    const client = subscribed("1.2", "client");
    for (const id of [5, 6, 5]) client.delivers(id);
    client.sends("ACK\nid:1-6\n\n^@");

    expect(client.last).toMatchObject({ messages: [6] });
  });
});

describe("STOMP 1.0", () => {
  test("SUBSCRIBE without id: the destination names it, and MESSAGE has no subscription header", () => {
    const client = new TestClient("1.0");
    client.sends("SUBSCRIBE\ndestination: /queue/orders\nack: client\n\n^@");
    client.delivers(5);

    expect(client.requests[0]).toMatchObject({
      kind: "subscribe",
      destination: { kind: "queue", name: "orders" },
      ackMode: "client",
    });
    expect(headersOf(client.frames[0])["subscription"]).toBeUndefined();
    client.sends("UNSUBSCRIBE\ndestination:/queue/orders\n\n^@");
    expect(client.last).toEqual({ kind: "unsubscribe", subscription: "1", unseen: [] });
  });

  test("UNSUBSCRIBE by destination finds a subscription with an id too", () => {
    const client = subscribed("1.0", "auto");
    client.sends("UNSUBSCRIBE\ndestination:/queue/orders\n\n^@");

    expect(client.last).toEqual({ kind: "unsubscribe", subscription: "1", unseen: [] });
  });

  test("two without id on one destination clash", () => {
    const client = new TestClient("1.0");
    client.sends("SUBSCRIBE\ndestination:/queue/a\n\n^@SUBSCRIBE\ndestination:/queue/a\n\n^@");

    expect(client.error.code).toBe("SUBSCRIPTION_EXISTS");
  });
});

test.each([
  ["a text", "text", "", "aGVsbG8="],
  ["bytes", "bytes", "00000005", "aGVsbG8="],
])("stomp: %s that a JMS client compressed arrives as it was", (_what, bodyKind, size, base64) => {
  const hello = Buffer.from(base64, "base64");
  const content = bodyKind === "text" ? Buffer.concat([Buffer.from("00000005", "hex"), hello]) : hello;
  const body = Buffer.concat([Buffer.from(size, "hex"), deflateSync(content)]);
  const client = new TestClient("1.2");
  client.sends("SUBSCRIBE\nid:s\ndestination:/queue/a\n\n^@");

  client.delivers(1, { message: { bodyKind: bodyKind as "text" | "bytes", body, isCompressed: true } });

  expect(Buffer.from(client.takeFrames()[0]!.body).toString()).toBe("hello");
});

test("stomp: of a map, which only Java can read, nothing arrives but the headers", () => {
  const client = new TestClient("1.2");
  client.sends("SUBSCRIBE\nid:s\ndestination:/queue/a\n\n^@");
  client.delivers(1, { message: { bodyKind: "map", body: Buffer.from([0, 0, 0, 0]) } });
  expect(client.takeFrames()[0]!.body).toHaveLength(0);
});
