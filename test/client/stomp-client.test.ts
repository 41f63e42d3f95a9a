import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ClientError } from "../../engine/client/errors.ts";
import type { ClientEvent, StompClientOptions } from "../../engine/client/client-options.ts";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import type { ClientMessage, Delivery } from "../../engine/client/message.ts";
import { identityOf } from "../../engine/client/message.ts";
import { StompClient } from "../../engine/client/stomp-client.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { Queue, ScriptedPeer } from "./peer.ts";

let primary: ScriptedPeer;
let replica: ScriptedPeer;
let events: Queue<ClientEvent>;
const clients: StompClient[] = [];

beforeEach(async () => {
  primary = await ScriptedPeer.listen();
  replica = await ScriptedPeer.listen();
  events = new Queue();
});

afterEach(async () => {
  await Promise.all([primary.die(), replica.die()]);
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function start(
  options: { uri?: string; randomize?: never } & Partial<Omit<StompClientOptions, "uri">> = {},
): StompClient {
  const uri = `failover:(${primary.address},${replica.address})?randomize=false${options.uri ?? ""}`;
  const client = new StompClient({
    heartbeatMs: 0,
    onEvent: (event) => events.put(event),
    ...options,
    uri: parseFailoverUri(uri),
  });
  clients.push(client);
  return client;
}

const message = (text: string): ClientMessage => ({
  destination: "/queue/orders",
  body: Buffer.from(text),
  headers: [["persistent", "true"]],
});

async function nextEvent<Kind extends ClientEvent["kind"]>(
  kind: Kind,
): Promise<Extract<ClientEvent, { kind: Kind }>> {
  for (;;) {
    const event = await events.take();
    if (event.kind === kind) return event as Extract<ClientEvent, { kind: Kind }>;
  }
}

async function failure(promise: Promise<unknown>): Promise<ClientError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ClientError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("client: connecting", () => {
  test("says who it is and which versions it speaks", async () => {
    start({ login: "ann", passcode: "secret", clientId: "c1" });
    const connect = await (await primary.connection()).login();
    expect(connect.headers).toEqual([
      ["accept-version", "1.0,1.1,1.2"],
      ["host", "127.0.0.1"],
      ["heart-beat", "0,0"],
      ["login", "ann"],
      ["passcode", "secret"],
      ["client-id", "c1"],
    ]);
    expect((await nextEvent("connected")).address).toBe(primary.address);
  });

  test("goes on to the next address when the first one refuses", async () => {
    const dead = primary;
    await dead.die();
    start();
    await replica.client();
    expect(await events.take()).toMatchObject({
      kind: "attempt",
      address: dead.address,
      error: "connection refused",
    });
    expect(await events.take()).toMatchObject({ kind: "connected", address: replica.address });
  });

  test("goes on when a broker accepts and says nothing", async () => {
    start({ connectTimeoutMs: 30 });
    await primary.connection();
    await replica.client();
    expect(await nextEvent("attempt")).toMatchObject({ error: "no answer within 30 ms" });
  });

  test("goes on when the login is refused, and says why", async () => {
    start();
    const connection = await primary.connection();
    await connection.next("CONNECT");
    connection.say("ERROR", [["message", "waiting for the replica"]]);
    await replica.client();
    expect((await nextEvent("attempt")).error).toBe("the broker refused the login: waiting for the replica");
  });

  test("gives up when the URI says so, and every request fails", async () => {
    await Promise.all([primary.die(), replica.die()]);
    const client = start({ uri: "&startupMaxReconnectAttempts=2&initialReconnectDelay=1" });
    expect((await failure(client.send(message("1")))).code).toBe("GIVEN_UP");
    expect((await failure(client.connected())).code).toBe("GIVEN_UP");
    expect((await nextEvent("gave-up")).error.message).toContain("in 2 attempts");
  });
});

describe("client: sending", () => {
  test("a send resolves with its receipt and not before", async () => {
    const client = start();
    const peer = await primary.client();
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
    const client = start();
    const peer = await primary.client();
    const sent = ["1", "2", "3"].map((text) => client.send(message(text)));
    const first = await peer.confirmNext("SEND");
    const second = await peer.next("SEND");
    const third = await peer.next("SEND");
    await sent[0];
    await primary.die();

    const successor = await replica.client();
    const again = [await successor.confirmNext("SEND"), await successor.confirmNext("SEND")];
    await Promise.all(sent);

    expect(identityOf(first)).toMatchObject({ sequence: 1, resent: false });
    expect(again.map(identityOf)).toEqual([
      { ...identityOf(second), resent: true },
      { ...identityOf(third), resent: true },
    ]);
    expect(again.map((frame) => Buffer.from(frame.body).toString())).toEqual(["2", "3"]);
    expect(await nextEvent("lost")).toMatchObject({ address: primary.address });
    expect(await nextEvent("connected")).toMatchObject({ address: replica.address });
    const resumed = await nextEvent("first-confirmed");
    expect(resumed.address).toBe(replica.address);
    expect(resumed.blackoutMs).toBeGreaterThan(0);
  });

  test("what was asked while there was no connection is not marked as sent before", async () => {
    const client = start();
    const sent = client.send(message("early"));
    const frame = await (await primary.client()).confirmNext("SEND");
    await sent;
    expect(identityOf(frame)).toMatchObject({ sequence: 1, resent: false });
    expect(await nextEvent("first-confirmed")).toMatchObject({ blackoutMs: null });
  });

  test("with a timeout a send fails while no broker answers", async () => {
    await replica.die();
    const client = start({ uri: "&timeout=40&maxReconnectDelay=10" });
    const peer = await primary.client();
    const waiting = failure(client.send(message("1")));
    await peer.next("SEND");
    await primary.die();
    const error = await waiting;
    expect(error.code).toBe("TIMED_OUT");
    expect(error.message).toContain("40 ms");
    expect((await failure(client.begin())).code).toBe("TIMED_OUT");
  });

  test("a refused send fails and is not repeated, those behind it are", async () => {
    const client = start();
    const peer = await primary.client();
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
    const again = await (await replica.client()).confirmNext("SEND");
    expect(Buffer.from(again.body).toString()).toBe("good");
    await good;
  });

  test("a request that ends three connections in a row is given up", async () => {
    const client = start({ uri: "&initialReconnectDelay=1" });
    const refused = failure(client.send(message("poison")));
    for (const node of [primary, replica, primary]) {
      const peer = await node.client();
      await peer.next("SEND");
      peer.say("ERROR", [["message", "cannot read this"]]);
      await peer.closed;
    }
    expect((await refused).code).toBe("REFUSED");
  });

  test("more than the limit is not held", async () => {
    const client = start({ pendingCountMax: 2 });
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
    const client = start({ heartbeatMs: 20, now: () => now });
    await primary.client({ heartbeat: "20,0" });
    await client.connected();
    // The clock is ours: three steps that no stopped process explains, each shorter than the silence allowed.
    const step = setInterval(() => (now += 10), 5);
    await replica.client();
    clearInterval(step);
    expect((await nextEvent("lost")).reason).toMatch(/^nothing heard for 1\d\d\d ms$/);
  });

  test("heart-beats are sent when there is nothing else to send", async () => {
    const client = start({ heartbeatMs: 10 });
    const peer = await primary.client({ heartbeat: "0,10" });
    await client.connected();
    await peer.heartbeat();
  });

  test("bytes that are no STOMP end the connection", async () => {
    start();
    const peer = await primary.client();
    peer.sayBytes("HTTP/1.1 400 Bad Request\r\n\r\n");
    await replica.client();
    expect((await nextEvent("lost")).reason).toContain("what is no STOMP");
  });
});

describe("client: receiving", () => {
  const orders = { destination: "/queue/orders", ackMode: "client-individual", prefetchCount: 5 } as const;

  test("a subscription is made again after a failover, and stale acknowledgements are dropped", async () => {
    const client = start();
    const deliveries = new Queue<Delivery>();
    const subscribed = client.subscribe(orders, (delivery) => deliveries.put(delivery));
    const peer = await primary.client();
    const subscribe = await peer.confirmNext("SUBSCRIBE");
    const id = await subscribed;
    expect(headerOf(subscribe, "activemq.prefetchSize")).toBe("5");
    peer.say("MESSAGE", [
      ["subscription", id],
      ["message-id", "m1"],
      ["ack", "a1"],
      ["destination", "/queue/orders"],
    ]);
    const stale = await deliveries.take();
    await primary.die();

    const successor = await replica.client();
    const again = await successor.confirmNext("SUBSCRIBE");
    expect(headerOf(again, "id")).toBe(id);
    expect(client.acknowledge(stale)).toBe(false);
    successor.say("MESSAGE", [
      ["subscription", id],
      ["message-id", "m1"],
      ["ack", "a2"],
      ["destination", "/queue/orders"],
      ["redelivered", "true"],
    ]);
    const fresh = await deliveries.take();
    expect(fresh.redelivered).toBe(true);
    expect(client.acknowledge(fresh)).toBe(true);
    expect((await successor.next("ACK")).headers).toEqual([["id", "a2"]]);
  });

  test.each([
    ["1.2", [["id", "a1"]]],
    [
      "1.1",
      [
        ["message-id", "m1"],
        ["subscription", "s1"],
      ],
    ],
    [
      "1.0",
      [
        ["message-id", "m1"],
        ["subscription", "s1"],
      ],
    ],
  ] as const)("STOMP %s names what it acknowledges in its own way", async (version, headers) => {
    const client = start();
    const deliveries = new Queue<Delivery>();
    const subscribed = client.subscribe(orders, (delivery) => deliveries.put(delivery));
    const peer = await primary.client({ version });
    await peer.confirmNext("SUBSCRIBE");
    await subscribed;
    peer.say("MESSAGE", [
      ["subscription", "s1"],
      ["message-id", "m1"],
      ["ack", "a1"],
      ["destination", "/queue/orders"],
    ]);
    client.acknowledge(await deliveries.take());
    expect((await peer.next("ACK")).headers).toEqual(headers);
  });

  test("a refused subscription fails and is not made again", async () => {
    const client = start();
    const refused = failure(client.subscribe(orders, () => undefined));
    const peer = await primary.client();
    const frame = await peer.next("SUBSCRIBE");
    peer.say("ERROR", [
      ["receipt-id", headerOf(frame, "receipt")!],
      ["message", "selectors are not supported"],
    ]);
    expect((await refused).code).toBe("REFUSED");
    const sent = client.send(message("next"));
    await (await replica.client()).confirmNext("SEND");
    await sent;
  });

  test("after unsubscribing nothing is delivered", async () => {
    const client = start();
    const subscribed = client.subscribe({ ...orders, ackMode: "auto" }, () => {
      throw new Error("delivered");
    });
    const peer = await primary.client();
    await peer.confirmNext("SUBSCRIBE");
    const ended = client.unsubscribe(await subscribed);
    const frame = await peer.next("UNSUBSCRIBE");
    peer.say("MESSAGE", [
      ["subscription", "s1"],
      ["message-id", "m1"],
      ["destination", "/queue/orders"],
    ]);
    peer.confirm(frame);
    await ended;
  });
});

describe("client: transactions", () => {
  test("all frames of a transaction carry its name, and the commit is confirmed", async () => {
    const client = start();
    const peer = await primary.client();
    const transaction = await client.begin();
    await transaction.send(message("1"));
    const committed = transaction.commit();
    const frames = [await peer.next("BEGIN"), await peer.next("SEND"), await peer.confirmNext("COMMIT")];
    await committed;
    expect(frames.map((frame) => headerOf(frame, "transaction"))).toEqual(["t1", "t1", "t1"]);
    expect((await failure(transaction.send(message("2")))).code).toBe("TRANSACTION_LOST");
  });

  test("after a failover an open transaction is gone", async () => {
    const client = start();
    const peer = await primary.client();
    const transaction = await client.begin();
    await transaction.send(message("1"));
    await peer.next("BEGIN");
    await primary.die();
    await replica.client();
    await client.connected();
    const error = await failure(transaction.commit());
    expect(error.code).toBe("TRANSACTION_LOST");
    expect(error.message).toContain("repeat it whole");
    await transaction.abort();
  });

  test("a commit that was not answered may have been done", async () => {
    const client = start();
    const peer = await primary.client();
    const transaction = await client.begin();
    const committed = failure(transaction.commit());
    await peer.next("BEGIN");
    await peer.next("COMMIT");
    await primary.die();
    expect((await committed).code).toBe("COMMIT_UNKNOWN");
  });
});

describe("client: other addresses while one is in use", () => {
  test("priorityBackup returns to the preferred broker when it answers again", async () => {
    const port = primary.port;
    await primary.die();
    const client = start({ uri: "&priorityBackup=true" });
    const spare = await replica.client();
    await client.connected();
    primary = await ScriptedPeer.listen(port);
    const preferred = await primary.client();
    await spare.closed;
    const sent = client.send(message("1"));
    await preferred.confirmNext("SEND");
    await sent;
    expect((await nextEvent("lost")).reason).toContain("back to the priority address");
  });

  test("backup holds a second connection ready and uses it at once", async () => {
    const client = start({ uri: "&backup=true&initialReconnectDelay=60000" });
    await primary.client();
    const spare = await replica.client();
    await client.connected();
    await primary.die();
    const sent = client.send(message("1"));
    await spare.confirmNext("SEND");
    await sent;
    expect(client.address).toBe(replica.address);
  });
});

test("client: closing says goodbye and waits for the answer", async () => {
  const client = start();
  const peer = await primary.client();
  await client.connected();
  const closed = client.close();
  await peer.confirmNext("DISCONNECT");
  await closed;
  await peer.closed;
  expect((await failure(client.send(message("1")))).code).toBe("CLOSED");
});
