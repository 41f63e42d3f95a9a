import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asWallTime } from "../../engine/base/units.ts";
import { scheduleKindOf, timingOf } from "../../engine/core/timing.ts";
import { deadLetterQueue } from "../../engine/core/message.ts";
import { headersOf, TestClient } from "./stomp-client.ts";

function sent(headers: string): TestClient {
  const client = new TestClient("1.1");
  client.sends(`SEND\ndestination:/queue/a\n${headers}\n\nx^@`);
  return client;
}

function subscribing(headers: string, connect = ""): TestClient {
  const client = new TestClient("1.1", connect);
  client.sends(`SUBSCRIBE\nid:s\n${headers}\n\n^@`);
  return client;
}

describe("ActiveMQ: destinations", () => {
  test.each([
    ["/queue/orders", "queue", "orders"],
    ["/topic/prices.eu", "topic", "prices.eu"],
    ["queue\\c//orders", "queue", "orders"],
    ["topic\\c//prices", "topic", "prices"],
    ["orders", "queue", "orders"],
    ["/queue//orders", "queue", "/orders"],
    ["/remote-temp-queue/c9\\creplies", "temp-queue", "c9:replies"],
    ["/remote-temp-topic/c9\\creplies", "temp-topic", "c9:replies"],
    ["/temp-queue/replies", "temp-queue", "c1-7:replies"],
    ["/temp-topic/replies", "temp-topic", "c1-7:replies"],
    ["/queue/a,/queue/b", "queue", "a,b"],
    ["/queue/a,/topic/b,c", "queue", "a,topic://b,c"],
    ["/topic/a, /topic/b", "topic", "a,b"],
    ["/topic/a,/queue/b", "topic", "a,queue://b"],
    ["/temp-queue/r,/queue/b", "queue", "temp-queue://c1-7:r,b"],
  ])("SEND to %s goes to the %s %s", (text, kind, name) => {
    const client = new TestClient("1.1");
    client.sends(`SEND\ndestination:${text}\n\nx^@`);

    expect(client.sentMessage.destination).toEqual({ kind, name });
  });

  test.each([
    "",
    "/queue/",
    "/queues/a",
    "nothing://a",
    "temp-queue://a",
    "/queue/a,",
    "/queue/a,/topic/>",
    Array.from({ length: limits.destinationPartsMax + 1 }, (_, at) => `/queue/${at}`).join(","),
    "/queue/a?consumer.exclusive=true",
    "/queue/a\\nb",
    "/queue/a.>",
    "/topic/*.b",
    `/queue/${"x".repeat(limits.destinationNameBytesMax + 1)}`,
  ])("SEND to %j is refused", (text) => {
    const client = new TestClient("1.1");
    client.sends(`SEND\ndestination:${text}\n\nx^@`);

    expect(client.error.code).toBe("DESTINATION_INVALID");
    expect(client.requests).toEqual([]);
  });

  test("the longest name passes; wildcards are for subscribing", () => {
    expect(subscribing(`destination:/queue/${"x".repeat(limits.destinationNameBytesMax)}`).isEnded).toBe(
      false,
    );
    expect(subscribing("destination:/topic/prices.>").last).toMatchObject({
      destination: { kind: "topic", name: "prices.>" },
    });
  });
});

describe("ActiveMQ: headers of SEND", () => {
  test("a message that says nothing is not persistent, of priority 4, without end, sent now", () => {
    const client = sent("x:y");

    expect(client.sentMessage).toMatchObject({
      persistent: false,
      priority: 4,
      expiresAt: null,
      sentAt: client.now.wall,
      correlationId: null,
      replyTo: null,
      type: null,
    });
  });

  test("what it says is taken out of its own headers", () => {
    const client = sent(
      "persistent:true\npriority:9\nexpires:1800000000000\ntimestamp:1600000000000\ncorrelation-id:c\ntype:t\nreply-to:/topic/r\nreceipt:1\n" +
        "message-id:forged\nsubscription:forged\nredelivered:true\nack:forged\nJMSXUserID:root\nown:value",
    );

    expect(client.sentMessage).toMatchObject({
      persistent: true,
      priority: 9,
      expiresAt: 1_800_000_000_000,
      sentAt: 1_600_000_000_000,
      correlationId: "c",
      type: "t",
      replyTo: { kind: "topic", name: "r" },
    });
    expect([...client.sentMessage.properties]).toEqual([["own", "value"]]);
  });

  test("expires:0 is never", () => {
    expect(sent("expires:0").sentMessage.expiresAt).toBeNull();
  });

  test.each([
    "priority:10",
    "priority:-1",
    "priority:high",
    "priority:",
    "expires:soon",
    "expires:-1",
    "timestamp:1.5",
    "persistent:yes",
    "amq-msg-type:map",
  ])("%s is invalid", (header) => {
    expect(sent(header).error.code).toBe("HEADER_INVALID");
  });

  test("amq-msg-type overrules the content-length", () => {
    expect(sent("amq-msg-type:bytes").sentMessage.bodyKind).toBe("bytes");
    expect(sent("amq-msg-type:TEXT\ncontent-length:1").sentMessage.bodyKind).toBe("text");
  });

  test("when to deliver it is a property, as in JMS", () => {
    const { sentMessage } = sent("AMQ_SCHEDULED_DELAY:1000\nAMQ_SCHEDULED_CRON:0 * * * *");
    expect(scheduleKindOf(sentMessage)).toBe("calendar");
    expect(timingOf(sentMessage)).toMatchObject({ delayMs: 1_000, periodMs: 0, repeatCount: 0 });
  });

  test("a reply-to that names no destination is an ordinary header", () => {
    const client = sent("reply-to:me");

    expect(client.sentMessage.replyTo).toBeNull();
    expect(client.sentMessage.properties.get("reply-to")).toBe("me");
  });
});

describe("ActiveMQ: temporary destinations", () => {
  test("are created when first named, and once", () => {
    const client = new TestClient("1.1");
    client.sends(
      "SUBSCRIBE\nid:r\ndestination:/temp-queue/r\n\n^@SEND\ndestination:/queue/a\nreply-to:/temp-queue/r\n\nx^@SEND\ndestination:/temp-topic/r\n\nx^@",
    );

    expect(client.requests).toMatchObject([
      { kind: "create-temporary", destination: { kind: "temp-queue", name: "c1-7:r" } },
      { kind: "subscribe", destination: { kind: "temp-queue", name: "c1-7:r" } },
      { kind: "send", message: { replyTo: { kind: "temp-queue", name: "c1-7:r" } } },
      { kind: "create-temporary", destination: { kind: "temp-topic", name: "c1-7:r" } },
      { kind: "send" },
    ]);
  });

  test("their owner sees its own name, others the remote one, which can be sent to", () => {
    const client = subscribing("destination:/queue/orders");
    client.delivers(5, { message: { replyTo: { kind: "temp-queue", name: "c2-9:r" } } });
    client.delivers(6, {
      message: {
        replyTo: { kind: "temp-queue", name: "c1-7:r" },
        destination: { kind: "temp-topic", name: "c1-7:t" },
      },
    });

    expect(headersOf(client.frames[0])["reply-to"]).toBe("/remote-temp-queue/c2-9:r");
    expect(headersOf(client.frames[1])).toMatchObject({
      "reply-to": "/temp-queue/r",
      destination: "/temp-topic/t",
    });
    client.sends("SEND\ndestination:/remote-temp-queue/c2-9\\cr\n\nx^@");
    expect(client.sentMessage.destination).toEqual({ kind: "temp-queue", name: "c2-9:r" });
    expect(client.requests.map(({ kind }) => kind)).toEqual(["subscribe", "send"]);
  });

  test("only the owner can subscribe", () => {
    // The name of this connection, c1-7, begins like that of another.
    expect(subscribing("destination:/remote-temp-queue/c1-77\\cr").error.code).toBe("DESTINATION_INVALID");
    expect(subscribing("destination:/remote-temp-queue/c2-9\\cr").error.code).toBe("DESTINATION_INVALID");
    expect(subscribing("destination:/remote-temp-queue/c1-7\\cr").isEnded).toBe(false);
  });
});

describe("ActiveMQ: headers of SUBSCRIBE and UNSUBSCRIBE", () => {
  test("a selector is passed on as it is; a blank one is none", () => {
    expect(subscribing("destination:/topic/a\nselector:price > 10").last).toMatchObject({
      selector: "price > 10",
    });
    expect(subscribing("destination:/queue/a\nselector: ").last).toMatchObject({ selector: null });
  });

  test("prefetch, exclusive, noLocal, retroactive and priority are passed on", () => {
    const client = subscribing(
      "destination:/topic/a\nactivemq.prefetchSize:1\nactivemq.exclusive:true\nactivemq.noLocal:true\nactivemq.retroactive:true\nactivemq.priority:127",
    );

    expect(client.last).toMatchObject({
      prefetchCount: 1,
      browser: false,
      exclusive: true,
      noLocal: true,
      retroactive: true,
      selector: null,
      consumerPriority: 127,
    });
  });

  test("Artemis' no-local says the same", () => {
    expect(subscribing("destination:/queue/a\nno-local:true").last).toMatchObject({ noLocal: true });
    expect(subscribing("destination:/queue/a\nno-local:maybe").error.code).toBe("HEADER_INVALID");
  });

  test("a prefetch beyond the limit becomes the limit", () => {
    expect(
      subscribing(`destination:/queue/a\nactivemq.prefetchSize:${limits.prefetchCountMax + 1}`).last,
    ).toMatchObject({
      prefetchCount: limits.prefetchCountMax,
      browser: false,
    });
  });

  test.each([
    "activemq.prefetchSize:0",
    "activemq.prefetchSize:many",
    "activemq.exclusive:1",
    "activemq.priority:128",
  ])("%s is invalid", (header) => {
    expect(subscribing(`destination:/queue/a\n${header}`).error.code).toBe("HEADER_INVALID");
  });

  test("the same headers may say that nothing is wanted", () => {
    expect(
      subscribing("destination:/topic/a\nselector:\nbrowser:false\nactivemq.retroactive:false").isEnded,
    ).toBe(false);
  });

  test.each(["activemq.subscriptionName:daily", "durable-subscription-name:daily"])(
    "%s makes a topic subscription durable",
    (header) => {
      expect(subscribing(`destination:/topic/a\n${header}`, "client-id:shop\n").last).toMatchObject({
        durable: { clientId: "shop", name: "daily" },
      });
    },
  );

  test("durable:true does so under the subscription's id, and says nothing on a queue", () => {
    expect(subscribing("destination:/topic/a\ndurable:true", "client-id:shop\n").last).toMatchObject({
      durable: { clientId: "shop", name: "s" },
    });
    expect(subscribing("destination:/queue/a\ndurable:true").last).toMatchObject({ durable: null });
  });

  test("a durable subscription needs a client-id, and a topic", () => {
    expect(subscribing("destination:/topic/a\nactivemq.subscriptionName:daily").error.message).toContain(
      "CONNECT frame needs the header client-id",
    );
    expect(
      subscribing("destination:/queue/a\nactivemq.subscriptionName:daily", "client-id:shop\n").error.code,
    ).toBe("HEADER_INVALID");
  });

  test("UNSUBSCRIBE with its name deletes it, after ending it if it is in use here", () => {
    const client = subscribing("destination:/topic/a\nactivemq.subscriptionName:daily", "client-id:shop\n");
    client.sends("UNSUBSCRIBE\nid:s\nactivemq.subscriptionName:daily\nreceipt:1\n\n^@");
    expect(client.requests.slice(1)).toEqual([
      { kind: "unsubscribe", subscription: "1", unseen: [] },
      { kind: "delete-durable", clientId: "shop", name: "daily" },
    ]);
    client.confirms(2);
    expect(client.frames).toEqual([]);
    client.confirms(3);
    expect(client.receipts).toEqual(["1"]);

    client.sends("UNSUBSCRIBE\nactivemq.subscriptionName:weekly\n\n^@");
    expect(client.last).toEqual({ kind: "delete-durable", clientId: "shop", name: "weekly" });
  });

  test("UNSUBSCRIBE without its name keeps it", () => {
    const client = subscribing("destination:/topic/a\nactivemq.subscriptionName:daily", "client-id:shop\n");
    client.sends("UNSUBSCRIBE\nid:s\n\n^@");

    expect(client.requests.slice(1)).toEqual([{ kind: "unsubscribe", subscription: "1", unseen: [] }]);
  });
});

describe("ActiveMQ: headers of MESSAGE", () => {
  test("a plain message has its defaults and no more", () => {
    const client = subscribing("destination:/queue/orders");
    client.delivers(5);

    expect(headersOf(client.frames[0])).toEqual({
      destination: "/queue/orders",
      "message-id": "ID:understudy-5",
      subscription: "s",
      timestamp: "1700000000000",
      expires: "0",
      priority: "4",
    });
  });

  test("a message with everything has everything, each header once", () => {
    const client = subscribing("destination:/queue/orders");
    const properties = new Map([
      ["priority", "0"],
      ["destination", "/queue/forged"],
      ["reply-to", "forged"],
      ["redelivered", "x"],
      ["own", "1"],
    ]);
    client.delivers(5, {
      count: 2,
      message: {
        persistent: true,
        priority: 9,
        expiresAt: asWallTime(1_800_000_000_000),
        correlationId: "c",
        type: "t",
        replyTo: { kind: "queue", name: "r" },
        properties,
      },
    });

    expect(headersOf(client.frames[0])).toMatchObject({
      persistent: "true",
      priority: "9",
      expires: "1800000000000",
      "correlation-id": "c",
      type: "t",
      "reply-to": "/queue/r",
      redelivered: "true",
      own: "1",
    });
    const names = client.frames[0]?.headers.map(([name]) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  test("redelivered is said of the second delivery, not of the first", () => {
    const client = subscribing("destination:/queue/orders");
    client.delivers(5, { count: 1 });
    client.delivers(6, { count: 2 });

    expect(client.frames.map((frame) => headersOf(frame)["redelivered"])).toEqual([undefined, "true"]);
  });

  test("a dead letter says where it was and why", () => {
    const client = subscribing("destination:/queue/ActiveMQ.DLQ");
    client.delivers(5, { from: "queue://orders", source: deadLetterQueue });

    expect(headersOf(client.frames[0])).toMatchObject({
      destination: "/queue/ActiveMQ.DLQ",
      "original-destination": "/queue/orders",
      dlqDeliveryFailureCause: "rejected",
    });
  });

  test("a header that was sent comes back as it was, through every pair of versions", () => {
    for (const version of ["1.1", "1.2"] as const) {
      const client = new TestClient(version);
      client.sends(
        "SUBSCRIBE\nid:s\ndestination:/queue/a\n\n^@SEND\ndestination:/queue/a\na\\cb:c\\nd\\\\\n\nx^@",
      );
      client.delivers(5, { message: client.sentMessage });

      expect(client.frames[0]?.headers.at(-1)).toEqual(["a:b", "c\nd\\"]);
    }
  });
});
