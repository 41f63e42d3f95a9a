import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import { headersOf, TestClient } from "./stomp-client.ts";

describe("STOMP 1.2: Connecting", () => {
  test("CONNECTED names version, session, server and heart-beats", () => {
    const client = new TestClient("not yet");
    client.sends("CONNECT\naccept-version:1.2\nhost:localhost\n\n^@");

    expect(client.commands).toEqual(["CONNECTED"]);
    expect(headersOf(client.frames[0])).toEqual({
      version: "1.2",
      session: "c1-7",
      server: "Understudy/0.1.0",
      "heart-beat": "0,0",
    });
    expect(client.isEnded).toBe(false);
  });

  test("a STOMP frame is taken like CONNECT", () => {
    const client = new TestClient("not yet");
    client.sends("STOMP\r\naccept-version:1.1,1.2\r\nhost:localhost\r\n\r\n^@");

    expect(headersOf(client.frames[0])).toMatchObject({ version: "1.2" });
  });

  test("login and passcode: the right ones are let in, wrong and missing ones get an ERROR", () => {
    const connect = (headers: string): TestClient => {
      const client = new TestClient("not yet");
      client.sends(`CONNECT\naccept-version:1.2\nhost:h\n${headers}\n^@`);
      return client;
    };

    expect(connect("login:guest\npasscode:secret\n").commands).toEqual(["CONNECTED"]);
    expect(connect("login:guest\npasscode:wrong\n").error.code).toBe("AUTHENTICATION_FAILED");
    expect(connect("login:guest\n").error.code).toBe("AUTHENTICATION_FAILED");
    expect(connect("login:guest\npasscode:wrong\n").error.text).not.toContain("wrong\n");
  });

  test("the description says who is there, from CONNECT on", () => {
    const client = new TestClient("not yet");
    expect(client.session.description).toEqual({
      protocol: null,
      clientId: null,
      login: null,
      failsOver: null,
    });

    client.sends("CONNECT\naccept-version:1.1\nlogin:guest\npasscode:secret\nclient-id:shop\n\n^@");
    expect(client.session.description).toMatchObject({
      protocol: "STOMP 1.1",
      clientId: "shop",
      login: "guest",
    });
  });

  test("a second CONNECT is an error", () => {
    const client = new TestClient("1.2");
    client.sends("CONNECT\naccept-version:1.2\n\n^@");

    expect(client.error.code).toBe("PROTOCOL_VIOLATION");
  });

  test("any other frame before CONNECT is an error", () => {
    const client = new TestClient("not yet");
    client.sends("SEND\ndestination:/queue/a\n\nx^@");

    expect(client.error.message).toContain("it was SEND");
    expect(client.requests).toEqual([]);
  });

  test("a client that says nothing is sent away at the time-out, not before", () => {
    const client = new TestClient("not yet");
    client.passes(limits.connectTimeoutMs - 1);
    expect(client.isEnded).toBe(false);

    client.passes(1);
    expect(client.error.message).toContain(`${limits.connectTimeoutMs} ms`);
  });

  test("a client that is connected is not sent away at that time", () => {
    const client = new TestClient("1.2");
    client.passes(limits.connectTimeoutMs * 10);

    expect(client.isEnded).toBe(false);
    expect(client.frames).toEqual([]);
  });

  test("a process that stood still gives a client the whole time again", () => {
    const client = new TestClient("not yet");
    client.standsStill(60_000);
    expect(client.isEnded).toBe(false);

    client.passes(limits.connectTimeoutMs);
    expect(client.isEnded).toBe(true);
  });
});

describe("STOMP 1.2: Protocol Negotiation", () => {
  test.each([
    ["1.0,1.1,2.0", "1.1"],
    ["1.2", "1.2"],
    ["1.2,1.1,1.0", "1.2"],
    ["1.0", "1.0"],
    ["1.0, 1.1", "1.1"],
  ])("of %s the highest in common is %s", (accepted, version) => {
    const client = new TestClient("not yet");
    client.sends(`CONNECT\naccept-version:${accepted}\nhost:h\n\n^@`);

    expect(headersOf(client.frames[0])["version"]).toBe(version);
  });

  test("without accept-version the client speaks 1.0", () => {
    const client = new TestClient("not yet");
    client.sends("CONNECT\nlogin: guest\npasscode: secret\n\n^@");

    expect(headersOf(client.frames[0])["version"]).toBe("1.0");
  });

  test("without a version in common the ERROR lists ours", () => {
    const client = new TestClient("not yet");
    client.sends("CONNECT\naccept-version:2.0,3.0\nhost:h\n\n^@");

    expect(client.isEnded).toBe(true);
    expect(headersOf(client.frames[0])).toMatchObject({
      version: "1.0,1.1,1.2",
      "content-type": "text/plain",
    });
    expect(client.error.text).toBe("Supported protocol versions are 1.0 1.1 1.2\n");
  });

  test("the version holds for the next frame, even in the same bytes", () => {
    const client = new TestClient("not yet");
    client.sends("CONNECT\naccept-version:1.2\nhost:h\n\n^@SEND\ndestination:/queue/a\\cb\n\nx^@");

    expect(client.sentMessage.destination).toEqual({ kind: "queue", name: "a:b" });
  });
});

describe("STOMP 1.2: Heart-beating", () => {
  const connected = (heartbeat: string): TestClient => {
    const client = new TestClient("not yet");
    client.sends(`CONNECT\naccept-version:1.2\nhost:h\nheart-beat:${heartbeat}\n\n^@`);
    return client;
  };

  test.each([
    ["0,0", "0,0"],
    ["1000,2000", "2000,1000"],
    ["0,500", "500,0"],
    ["1,1", "100,100"],
  ])("asked %s the broker offers %s", (asked, offered) => {
    expect(headersOf(connected(asked).frames[0])["heart-beat"]).toBe(offered);
  });

  test.each(["", "1000", "-1,0", "a,b", "1,2,3"])("heart-beat:%s is invalid", (asked) => {
    expect(connected(asked).error.code).toBe("HEADER_INVALID");
  });

  test("the broker sends a line end in time when it has nothing to say, and keeps on", () => {
    const client = connected("0,1000");
    client.passes(749);
    expect(client.decoder.eolCount).toBe(0);
    client.passes(251);
    expect(client.decoder.eolCount).toBe(1);

    client.passes(9_000);
    expect(client.decoder.eolCount).toBeGreaterThanOrEqual(10);
    expect(client.decoder.eolCount).toBeLessThanOrEqual(14);
    expect(client.isEnded).toBe(false);
  });

  test("a frame that was sent stands for a beat", () => {
    const client = connected("0,1000");
    for (let count = 0; count < 20; count += 1) {
      client.sends(`SEND\ndestination:/queue/a\nreceipt:${count}\n\nx^@`);
      client.confirms(count + 1);
      client.passes(500);
    }

    expect(client.receipts).toHaveLength(20);
    expect(client.decoder.eolCount).toBe(0);
  });

  test("a client that falls silent is given twice its interval and a second, and no more", () => {
    const client = connected("1000,0");
    client.passes(2_999);
    expect(client.isEnded).toBe(false);

    client.passes(1);
    expect(client.error.code).toBe("INACTIVE");
    expect(client.error.message).toContain("3000 ms");
  });

  test("any byte shows that the client is there: a line end, a frame, a piece of one", () => {
    const client = connected("1000,0");
    for (const piece of ["\n", "SEND\ndestination:/queue/a\n", "\nabc", "def^@", "\n"]) {
      client.passes(2_900);
      client.sends(piece);
    }
    expect(client.isEnded).toBe(false);

    client.passes(3_000);
    expect(client.error.code).toBe("INACTIVE");
  });

  test("a client without beats may be silent for ever", () => {
    const client = connected("0,1000");
    client.passes(10_000_000);

    expect(client.isEnded).toBe(false);
  });

  test("after a standstill of this process the client's silence is not held against it", () => {
    const client = connected("1000,0");
    client.standsStill(60_000);
    expect(client.isEnded).toBe(false);

    client.passes(3_000);
    expect(client.error.code).toBe("INACTIVE");
  });
});

describe("the end of a session", () => {
  test("the node closes: with an error it is told, without one the connection just ends", () => {
    const told = new TestClient("1.2");
    told.nodeSays({
      kind: "close",
      error: new BrokerError("NOT_ACTIVE", { node: "primary", state: "stopped" }),
    });
    expect(told.error.code).toBe("NOT_ACTIVE");

    const quiet = new TestClient("1.2");
    quiet.nodeSays({ kind: "close", error: null });
    expect(quiet.frames).toEqual([]);
    expect(quiet.isEnded).toBe(true);
  });

  test("after the end nothing is asked, written or woken, whatever comes", () => {
    const client = new TestClient("1.2", "heart-beat:100,100\n");
    client.sends("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@DISCONNECT\n\n^@");
    const asked = client.asked.length;

    client.sends("SEND\ndestination:/queue/a\n\nx^@NONSENSE\n");
    client.delivers(5);
    client.confirms(1);
    client.refuses(1);
    client.nodeSays({ kind: "close", error: null });
    client.session.flushed(client.now);
    client.session.wake(client.now);
    client.passes(100_000);

    expect(client.asked).toHaveLength(asked);
    expect(client.frames).toEqual([]);
    expect(client.wakeAt).toBeNull();
  });
});
