import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import type { PropertyValue } from "../../engine/core/message.ts";
import { headersOf, subscribed, TestClient } from "./stomp-client.ts";

describe("STOMP 1.2: BEGIN, COMMIT and ABORT", () => {
  test("sends and acknowledgements carry their transaction", () => {
    const client = subscribed("1.2", "client");
    client.delivers(5);
    client.sends(
      "BEGIN\ntransaction:t\n\n^@SEND\ndestination:/queue/a\ntransaction:t\n\nx^@ACK\nid:1-5\ntransaction:t\n\n^@COMMIT\ntransaction:t\n\n^@",
    );

    expect(client.requests.slice(1)).toMatchObject([
      { kind: "begin", transaction: "t" },
      { kind: "send", transaction: "t" },
      { kind: "settle", messages: [5], transaction: "t" },
      { kind: "commit", transaction: "t" },
    ]);
    const send = client.requests[2];
    expect(send?.kind === "send" && [...send.message.properties.keys()]).toEqual([]);
  });

  test("after COMMIT what it settled cannot be acknowledged again; after ABORT it can, in its old place", () => {
    for (const [ending, expected] of [
      ["COMMIT", [6]],
      ["ABORT", [5, 6]],
    ] as const) {
      const client = subscribed("1.2", "client");
      for (const id of [5, 6]) client.delivers(id);
      client.sends(
        `BEGIN\ntransaction:t\n\n^@ACK\nid:1-5\ntransaction:t\n\n^@${ending}\ntransaction:t\n\n^@ACK\nid:1-6\n\n^@`,
      );

      expect(client.last).toMatchObject({ kind: "settle", messages: expected, transaction: null });
    }
  });

  test("what an open transaction settles cannot be settled by another", () => {
    const client = subscribed("1.2", "client");
    for (const id of [5, 6]) client.delivers(id);
    client.sends("BEGIN\ntransaction:t\n\n^@ACK\nid:1-5\ntransaction:t\n\n^@ACK\nid:1-6\n\n^@");
    expect(client.last).toMatchObject({ messages: [6], transaction: null });

    client.sends("ACK\nid:1-5\n\n^@");
    expect(client.error.code).toBe("MESSAGE_UNKNOWN");
  });

  test.each([
    "COMMIT\ntransaction:t",
    "ABORT\ntransaction:t",
    "SEND\ndestination:/queue/a\ntransaction:t",
    "ACK\nid:1-5\ntransaction:t",
  ])("without BEGIN, %j names an unknown transaction", (text) => {
    const client = subscribed("1.2", "client");
    client.delivers(5);
    client.sends(`${text}\n\n^@`);

    expect(client.error.code).toBe("TRANSACTION_UNKNOWN");
    expect(client.requests).toHaveLength(1);
  });

  test("a transaction begins once, ends once, and must be named", () => {
    const client = new TestClient("1.2");
    client.sends("BEGIN\ntransaction:t\n\n^@COMMIT\ntransaction:t\n\n^@BEGIN\ntransaction:t\n\n^@");
    expect(client.isEnded).toBe(false);
    client.sends("BEGIN\ntransaction:t\n\n^@");
    expect(client.error.code).toBe("TRANSACTION_EXISTS");

    const nameless = new TestClient("1.2");
    nameless.sends("BEGIN\n\n^@");
    expect(nameless.error.code).toBe("HEADER_MISSING");
  });

  test("as many open transactions as allowed, and not one more", () => {
    const client = new TestClient("1.2");
    for (let count = 0; count < limits.transactionsPerConnectionMax; count += 1)
      client.sends(`BEGIN\ntransaction:${count}\n\n^@`);
    expect(client.isEnded).toBe(false);

    client.sends("BEGIN\ntransaction:more\n\n^@");
    expect(client.error.code).toBe("LIMIT_REACHED");
  });
});

describe("STOMP 1.2: DISCONNECT", () => {
  test("with a receipt the connection ends when everything before is safe", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\ndestination:/queue/a\n\nx^@DISCONNECT\nreceipt:77\n\n^@");
    expect(client.last).toEqual({ kind: "settle-down" });
    expect(client.isEnded).toBe(false);

    client.confirms(1);
    expect(client.isEnded).toBe(false);
    client.confirms(2);
    expect(client.receipts).toEqual(["77"]);
    expect(client.isEnded).toBe(true);
  });

  test("without one it ends at once; frames after it are not looked at", () => {
    const client = new TestClient("1.2");
    client.sends("DISCONNECT\n\n^@SEND\ndestination:/queue/a\n\nx^@");

    expect(client.isEnded).toBe(true);
    expect(client.requests).toEqual([]);
  });

  test("a client that is leaving gets no more messages, but its earlier receipts", () => {
    const client = subscribed("1.2", "auto");
    client.sends("SEND\ndestination:/queue/a\nreceipt:1\n\nx^@DISCONNECT\nreceipt:2\n\n^@");
    client.delivers(5);
    client.confirms(2);
    client.confirms(3);

    expect(client.commands).toEqual(["RECEIPT", "RECEIPT"]);
    expect(client.receipts).toEqual(["1", "2"]);
  });
});

describe("STOMP 1.2: Standard Headers, receipt", () => {
  const frames = [
    "SEND\ndestination:/queue/a\nreceipt:r",
    "SUBSCRIBE\nid:n\ndestination:/queue/a\nreceipt:r",
    "UNSUBSCRIBE\nid:s\nreceipt:r",
    "ACK\nid:1-5\nreceipt:r",
    "NACK\nid:1-5\nreceipt:r",
    "BEGIN\ntransaction:n\nreceipt:r",
    "COMMIT\ntransaction:t\nreceipt:r",
    "ABORT\ntransaction:t\nreceipt:r",
    "SEND\ndestination:/queue/a\nreply-to:/temp-queue/new\nreceipt:r",
    "SUBSCRIBE\nid:n\ndestination:/temp-queue/new\nreceipt:r",
    "DISCONNECT\nreceipt:r",
  ];

  test.each(frames)("%j gets its RECEIPT when the node confirms its last request, and not before", (text) => {
    const client = subscribed("1.2", "client");
    client.sends("BEGIN\ntransaction:t\n\n^@");
    client.delivers(5);
    client.takeFrames();
    client.sends(`${text}\n\n^@`);
    expect(client.frames).toEqual([]);

    const last = client.asked.at(-1)?.number ?? 0;
    for (let number = 1; number < last; number += 1) client.confirms(number);
    expect(client.frames).toEqual([]);
    client.confirms(last);
    expect(client.frames.map(({ command, headers }) => [command, headers])).toEqual([
      ["RECEIPT", [["receipt-id", "r"]]],
    ]);
    client.nodeSays({ kind: "confirm", receipt: last + 1_000 });
    expect(client.frames).toHaveLength(1);
  });

  test("requests are numbered upwards, and frames without receipt get none", () => {
    const client = new TestClient("1.2");
    for (let count = 0; count < 3; count += 1) client.sends("SEND\ndestination:/queue/a\n\nx^@");
    for (const { number } of client.asked) client.confirms(number);

    expect(client.asked.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(client.frames).toEqual([]);
  });
});

describe("STOMP 1.2: MESSAGE", () => {
  test("has destination, message-id, subscription and, to be acknowledged, ack", () => {
    const client = subscribed("1.2", "client");
    client.delivers(42);

    expect(client.commands).toEqual(["MESSAGE"]);
    expect(headersOf(client.frames[0])).toMatchObject({
      destination: "/queue/orders",
      "message-id": "ID:understudy-42",
      subscription: "s",
      ack: "1-42",
    });
    expect(Buffer.from(client.frames[0]?.body ?? []).toString()).toBe("body");
  });

  test("has content-length for bytes, and user headers in their order", () => {
    const client = subscribed("1.2", "auto");
    client.delivers(5, {
      message: {
        bodyKind: "bytes",
        body: Buffer.from("\0\0"),
        properties: new Map<string, PropertyValue>([
          ["z", "1"],
          ["a", 2n],
          ["m", true],
        ]),
      },
    });
    client.delivers(6);

    expect(headersOf(client.frames[0])["content-length"]).toBe("2");
    expect(client.frames[0]?.headers.slice(-3)).toEqual([
      ["z", "1"],
      ["a", "2"],
      ["m", "true"],
    ]);
    expect(headersOf(client.frames[1])["content-length"]).toBeUndefined();
  });
});

describe("STOMP 1.2: ERROR", () => {
  test("the connection ends after it, and frames behind the bad one are not looked at", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\n\nx^@SEND\ndestination:/queue/a\n\nx^@");

    expect(client.error.receiptId).toBeNull();
    expect(client.requests).toEqual([]);
  });

  test("it waits for the receipts of what came before", () => {
    const client = new TestClient("1.2");
    client.sends(
      "SEND\ndestination:/queue/a\nreceipt:1\n\nx^@SEND\ndestination:/queue/a\nreceipt:2\n\nx^@BROKEN\n",
    );
    expect(client.frames).toEqual([]);

    client.confirms(1);
    expect(client.isEnded).toBe(false);
    client.confirms(2);
    expect(client.receipts).toEqual(["1", "2"]);
    expect(client.error.code).toBe("FRAME_MALFORMED");
  });

  test("but not for ever", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\ndestination:/queue/a\nreceipt:1\n\nx^@BROKEN\n");
    client.passes(4_999);
    expect(client.isEnded).toBe(false);

    client.passes(1);
    expect(client.error.code).toBe("FRAME_MALFORMED");
  });

  test("a refusal by the node names the frame when it had a receipt", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\ndestination:/queue/a\nreceipt:1\n\nx^@");
    client.refuses(1, new BrokerError("LIMIT_REACHED", { limit: 5, what: "messages" }));
    expect(client.error).toMatchObject({ code: "LIMIT_REACHED", receiptId: "1" });
    expect(client.error.text).toContain("SEND frame");

    const silent = new TestClient("1.2");
    silent.sends("SEND\ndestination:/queue/a\n\nx^@");
    silent.refuses(1);
    expect(silent.error).toMatchObject({ code: "TRANSACTION_UNKNOWN", receiptId: null });
  });

  test("the first cause is reported, not what followed from it", () => {
    const client = new TestClient("1.2");
    client.sends("SEND\ndestination:/queue/a\nreceipt:1\n\nx^@BROKEN\n");
    client.refuses(1);

    expect(client.error).toMatchObject({ code: "TRANSACTION_UNKNOWN", receiptId: "1" });
  });

  test("of several refusals the first is reported, after the receipts of all others", () => {
    const client = new TestClient("1.2");
    for (const id of [1, 2, 3]) client.sends(`SEND\ndestination:/queue/a\nreceipt:${id}\n\nx^@`);
    client.refuses(1);
    client.refuses(2, new BrokerError("LIMIT_REACHED", { limit: 5, what: "messages" }));
    expect(client.isEnded).toBe(false);
    client.confirms(3);

    expect(client.receipts).toEqual(["3"]);
    expect(client.error).toMatchObject({ code: "TRANSACTION_UNKNOWN", receiptId: "1" });
  });

  test("nor an error of the bytes behind the bad frame, or behind DISCONNECT", () => {
    const failing = new TestClient("1.2");
    failing.sends("SEND\ndestination:/queue/a\nreceipt:1\n\nx^@SEND\n\nx^@BROKEN\n");
    failing.confirms(1);
    expect(failing.error.code).toBe("HEADER_MISSING");

    const leaving = new TestClient("1.2");
    leaving.sends("DISCONNECT\nreceipt:1\n\n^@BROKEN\n");
    leaving.confirms(1);
    expect(leaving.commands).toEqual(["RECEIPT"]);
  });

  test("frames of a server, and bytes that are no frame, are errors", () => {
    const server = new TestClient("1.2");
    server.sends("MESSAGE\ndestination:/queue/a\n\nx^@");
    expect(server.error.message).toContain("only a server sends");

    const noise = new TestClient("1.2");
    noise.sends("GET / HTTP/1.1\r\n\r\n");
    expect(noise.error.text).toContain("frame, number 2 of this connection");
  });

  test("a frame beyond the size limit is refused by what it declares", () => {
    const client = new TestClient("1.2");
    client.sends(`SEND\ndestination:/queue/a\ncontent-length:${limits.frameBytesMax}\n\n`);

    expect(client.error.code).toBe("FRAME_TOO_LARGE");
  });
});
