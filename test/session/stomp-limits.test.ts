import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { TestClient } from "./stomp-client.ts";

const long = "x".repeat(limits.nameCharactersMax + 1);

describe("stomp: limits on what a client makes the broker keep", () => {
  test.each([
    ["receipt", `BEGIN\ntransaction:t\nreceipt:${long}\n\n^@`],
    ["transaction", `BEGIN\ntransaction:${long}\n\n^@`],
    ["id", `SUBSCRIBE\nid:${long}\ndestination:/queue/a\n\n^@`],
    [
      "activemq.subscriptionName",
      `SUBSCRIBE\nid:1\ndestination:/topic/a\nactivemq.subscriptionName:${long}\n\n^@`,
    ],
  ])("the header %s names something in 1,024 characters at most", (header, frame) => {
    const client = new TestClient("1.2", "client-id:c\n");
    client.sends(frame);

    expect(client.error.code).toBe("HEADER_INVALID");
    expect(client.error.message).toContain(header);
    expect(client.asked).toEqual([]);
  });

  test("a name of 1,024 characters is taken, and other headers may be longer", () => {
    const client = new TestClient("1.2");
    client.sends(`BEGIN\ntransaction:${long.slice(1)}\nother:${long}${long}\n\n^@`);

    expect(client.requests).toHaveLength(1);
  });

  test("a client that has not logged in gets 64 KiB, and the full size afterwards", () => {
    const stranger = new TestClient("not yet");
    stranger.sends(`CONNECT\naccept-version:1.2\ncontent-length:${limits.openingFrameBytesMax}\n\n`);
    expect(stranger.error.code).toBe("FRAME_TOO_LARGE");

    const client = new TestClient("1.2");
    const body = "x".repeat(limits.openingFrameBytesMax * 2);
    client.sends(`SEND\ndestination:/queue/a\n\n${body}`);
    expect(client.session.unfinishedBytes).toBeGreaterThan(body.length);
    client.sends("^@");
    expect(client.requests).toHaveLength(1);
    expect(client.session.unfinishedBytes).toBe(0);
  });
});
