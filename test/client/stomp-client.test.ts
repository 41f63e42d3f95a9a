import { describe, expect, test } from "vitest";
import { identityOf } from "../../engine/client/message.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { failure, message, setStage } from "./harness.ts";
import { ScriptedPeer } from "./peer.ts";

const stage = setStage();

describe("client: connecting", () => {
  test("says who it is and which versions it speaks", async () => {
    stage.start({ login: "ann", passcode: "secret", clientId: "c1" });
    const connect = await (await stage.primary.connection()).login();
    expect(connect.headers).toEqual([
      ["accept-version", "1.0,1.1,1.2"],
      ["host", "127.0.0.1"],
      ["heart-beat", "0,0"],
      ["login", "ann"],
      ["passcode", "secret"],
      ["client-id", "c1"],
    ]);
    expect((await stage.nextEvent("connected")).address).toBe(stage.primary.address);
  });

  test("goes on to the next address when the first one refuses", async () => {
    const dead = stage.primary;
    await dead.die();
    stage.start();
    await stage.replica.client();
    expect(await stage.events.take()).toMatchObject({
      kind: "attempt",
      address: dead.address,
      error: "connection refused",
    });
    expect(await stage.events.take()).toMatchObject({ kind: "connected", address: stage.replica.address });
  });

  test("goes on when a broker accepts and says nothing", async () => {
    stage.start({ connectTimeoutMs: 30 });
    await stage.primary.connection();
    await stage.replica.client();
    expect(await stage.nextEvent("attempt")).toMatchObject({ error: "no answer within 30 ms" });
  });

  test("goes on when the login is refused, and says why", async () => {
    stage.start();
    const connection = await stage.primary.connection();
    await connection.next("CONNECT");
    connection.say("ERROR", [["message", "waiting for the replica"]]);
    await stage.replica.client();
    expect((await stage.nextEvent("attempt")).error).toBe(
      "the broker refused the login: waiting for the replica",
    );
  });

  test("gives up when the URI says so, and every request fails", async () => {
    await Promise.all([stage.primary.die(), stage.replica.die()]);
    const client = stage.start({ uri: "&startupMaxReconnectAttempts=2&initialReconnectDelay=1" });
    expect((await failure(client.send(message("1")))).code).toBe("GIVEN_UP");
    expect((await failure(client.connected())).code).toBe("GIVEN_UP");
    expect((await stage.nextEvent("gave-up")).error.message).toContain("in 2 attempts");
  });
});

describe("client: sending", () => {
  test("a send resolves with its receipt and not before", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    let isDone = false;
    const sent = client.send(message("1")).then(() => {
      isDone = true;
    });
    const frame = await peer.next("SEND");
    expect(isDone).toBe(false);
    expect(client.pendingCount).toBe(1);
    expect(Buffer.from(frame.body).toString()).toBe("1");
    expect(headerOf(frame, "persistent")).toBe("true");
    peer.confirm(frame);
    await sent;
    expect(client.pendingCount).toBe(0);
  });

  test("what was not answered is sent again after a failover: in order, same identity, marked", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    const sent = ["1", "2", "3"].map((text) => client.send(message(text)));
    const first = await peer.confirmNext("SEND");
    const second = await peer.next("SEND");
    const third = await peer.next("SEND");
    await sent[0];
    await stage.primary.die();

    const successor = await stage.replica.client();
    const again = [await successor.confirmNext("SEND"), await successor.confirmNext("SEND")];
    await Promise.all(sent);

    expect(identityOf(first)).toMatchObject({ sequence: 1, resent: false });
    expect(again.map(identityOf)).toEqual([
      { ...identityOf(second), resent: true },
      { ...identityOf(third), resent: true },
    ]);
    expect(again.map((frame) => Buffer.from(frame.body).toString())).toEqual(["2", "3"]);
    expect(await stage.nextEvent("lost")).toMatchObject({ address: stage.primary.address });
    expect(await stage.nextEvent("connected")).toMatchObject({ address: stage.replica.address });
    const resumed = await stage.nextEvent("first-confirmed");
    expect(resumed.address).toBe(stage.replica.address);
    expect(resumed.blackoutMs).toBeGreaterThan(0);
  });

  test("what was asked while there was no connection is not marked as sent before", async () => {
    const client = stage.start();
    const sent = client.send(message("early"));
    const frame = await (await stage.primary.client()).confirmNext("SEND");
    await sent;
    expect(identityOf(frame)).toMatchObject({ sequence: 1, resent: false });
    expect(await stage.nextEvent("first-confirmed")).toMatchObject({ blackoutMs: null });
  });

  test("with a timeout a send fails while no broker answers", async () => {
    await stage.replica.die();
    const client = stage.start({ uri: "&timeout=40&maxReconnectDelay=10" });
    const peer = await stage.primary.client();
    const waiting = failure(client.send(message("1")));
    await peer.next("SEND");
    await stage.primary.die();
    const error = await waiting;
    expect(error.code).toBe("TIMED_OUT");
    expect(error.message).toContain("40 ms");
    expect((await failure(client.begin())).code).toBe("TIMED_OUT");
  });

  test("a refused send fails and is not repeated, those behind it are", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    const refused = failure(client.send(message("bad")));
    const good = client.send(message("good"));
    const frame = await peer.next("SEND");
    await peer.next("SEND");
    peer.say("ERROR", [
      ["receipt-id", headerOf(frame, "receipt")!],
      ["message", "no such destination"],
    ]);
    const error = await refused;
    expect(error.code).toBe("REFUSED");
    expect(error.message).toBe("The broker refused the SEND: no such destination");
    const again = await (await stage.replica.client()).confirmNext("SEND");
    expect(Buffer.from(again.body).toString()).toBe("good");
    await good;
  });

  test("a request that ends three connections in a row is given up", async () => {
    const client = stage.start({ uri: "&initialReconnectDelay=1" });
    const refused = failure(client.send(message("poison")));
    for (const node of [stage.primary, stage.replica, stage.primary]) {
      const peer = await node.client();
      await peer.next("SEND");
      peer.say("ERROR", [["message", "cannot read this"]]);
      await peer.closed;
    }
    expect((await refused).code).toBe("REFUSED");
  });

  test("more than the limit is not held", async () => {
    const client = stage.start({ pendingCountMax: 2 });
    const held = [client.send(message("1")), client.send(message("2"))].map(failure);
    expect(client.hasRoom(1)).toBe(false);
    expect((await failure(client.send(message("3")))).code).toBe("LIMIT_REACHED");
    await client.close();
    for (const one of held) expect((await one).code).toBe("CLOSED");
  });
});

describe("client: noticing that a broker is gone", () => {
  test("silence beyond the agreed heart-beat ends the connection", async () => {
    let now = 0;
    const client = stage.start({ heartbeatMs: 20, now: () => now });
    await stage.primary.client({ heartbeat: "20,0" });
    await client.connected();
    // The clock is ours: steps that no stopped process explains, each shorter than the silence allowed.
    const step = setInterval(() => (now += 5), 5);
    await stage.replica.client();
    clearInterval(step);
    expect((await stage.nextEvent("lost")).reason).toMatch(/^nothing heard for [56]\d\d ms$/);
  });

  test("a frozen broker, which takes connections and says nothing, is not waited for while another one answers", async () => {
    stage.start({ connectTimeoutMs: 60_000 });
    const frozen = await stage.primary.connection();
    await stage.replica.client();
    expect((await stage.nextEvent("connected")).address).toBe(stage.replica.address);
    await frozen.closed;
  });

  test("a slow broker is taken once it answers, after others were tried meanwhile", async () => {
    await stage.replica.die();
    stage.start({ connectTimeoutMs: 60_000 });
    const slow = await stage.primary.connection();
    expect((await stage.nextEvent("attempt")).address).toBe(stage.replica.address);
    await slow.login();
    expect((await stage.nextEvent("connected")).address).toBe(stage.primary.address);
  });

  test("who gives up after one attempt waits for its answer, however late", async () => {
    await stage.replica.die();
    stage.start({ uri: "&startupMaxReconnectAttempts=1", connectTimeoutMs: 600 });
    await stage.primary.connection();
    expect((await stage.nextEvent("attempt")).address).toBe(stage.replica.address);
    expect((await stage.nextEvent("attempt")).error).toBe("no answer within 600 ms");
    await stage.nextEvent("gave-up");
  });

  test("heart-beats are sent when there is nothing else to send", async () => {
    const client = stage.start({ heartbeatMs: 10 });
    const peer = await stage.primary.client({ heartbeat: "0,10" });
    await client.connected();
    await peer.heartbeat();
  });

  test("bytes that are no STOMP end the connection", async () => {
    stage.start();
    const peer = await stage.primary.client();
    peer.sayBytes("HTTP/1.1 400 Bad Request\r\n\r\n");
    await stage.replica.client();
    expect((await stage.nextEvent("lost")).reason).toContain("what is no STOMP");
  });
});

describe("client: other addresses while one is in use", () => {
  test("priorityBackup returns to the preferred broker when it answers again", async () => {
    const port = stage.primary.port;
    await stage.primary.die();
    const client = stage.start({ uri: "&priorityBackup=true" });
    const spare = await stage.replica.client();
    await client.connected();
    stage.primary = await ScriptedPeer.listen(port);
    const preferred = await stage.primary.client();
    await spare.closed;
    const sent = client.send(message("1"));
    await preferred.confirmNext("SEND");
    await sent;
    expect((await stage.nextEvent("lost")).reason).toContain("back to the priority address");
  });

  test("backup holds a second connection ready and uses it at once", async () => {
    const client = stage.start({ uri: "&backup=true&initialReconnectDelay=60000" });
    await stage.primary.client();
    const spare = await stage.replica.client();
    await client.connected();
    await stage.primary.die();
    const sent = client.send(message("1"));
    await spare.confirmNext("SEND");
    await sent;
    expect(client.address).toBe(stage.replica.address);
  });
});

test("client: closing says goodbye and waits for the answer", async () => {
  const client = stage.start();
  const peer = await stage.primary.client();
  await client.connected();
  const closed = client.close();
  await peer.confirmNext("DISCONNECT");
  await closed;
  await peer.closed;
  expect((await failure(client.send(message("1")))).code).toBe("CLOSED");
});
