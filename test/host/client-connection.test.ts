import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import type { SessionId } from "../../engine/core/dialogue.ts";
import {
  ClientConnection,
  type ClientProtocol,
  type ConnectionBounds,
} from "../../engine/host/client-connection.ts";
import { graceMs } from "../../engine/session/alarm.ts";

const context = {
  brokerName: "test",
  version: "0",
  url: "tcp://127.0.0.1:1",
  connectionName: "c1-1",
  authenticate: () => true,
};
const connecting = "CONNECT\naccept-version:1.2\nhost:h\n\n\0";
const half = (sizeBytes: number): string =>
  `SEND\ndestination:/queue/a\ncontent-length:1000000\n\n${"x".repeat(sizeBytes)}`;

/** Where clients connect to; the node behind it confirms nothing, as none of these frames is ever whole. */
async function serve(
  bounds: Partial<ConnectionBounds>,
  protocol: ClientProtocol = "stomp",
  served: ClientConnection[] = [],
) {
  const server = createServer((socket) => {
    const ports = {
      isServing: () => true,
      ask: () => undefined,
      received: () => undefined,
      unsent: () => undefined,
      hasOutput: (connection: ClientConnection) => void setImmediate(() => connection.flush()),
      described: () => undefined,
      closed: () => undefined,
    };
    const id = (served.length + 1) as SessionId;
    served.push(new ClientConnection(id, protocol, socket, context, ports, { ...limits, ...bounds }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return async (): Promise<Client> => {
    const client = new Client(connect((server.address() as AddressInfo).port, "127.0.0.1"));
    await once(client.socket, "connect");
    return client;
  };
}

/** Hears whatever the broker says. */
class Client {
  readonly socket: Socket;
  heard = "";
  isEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (piece: string) => (this.heard += piece));
    socket.on("end", () => (this.isEnded = true));
  }

  async logIn(): Promise<void> {
    this.socket.write(connecting);
    await expect.poll(() => this.heard).toContain("CONNECTED");
  }

  async untilEnd(): Promise<string> {
    if (!this.isEnded) await once(this.socket, "end");
    return this.heard;
  }
}

test("client connection: a frame that stops halfway ends it, and one whose bytes keep coming does not", async () => {
  const client = await serve({ stalledFrameMs: 400 });
  const dripping = await client();
  await dripping.logIn();
  dripping.socket.write(half(1));
  // Begun before the other's, and still alive when that one is ended.
  const drip = setInterval(() => dripping.socket.write("x"), 20);
  onTestFinished(() => {
    clearInterval(drip);
  });
  const between = await client();
  await between.logIn();
  const stalled = await client();
  await stalled.logIn();
  stalled.socket.write(half(10));

  expect(await stalled.untilEnd()).toContain(
    "message:A frame began, and for 400 ms nothing more of it came.\nerror-code:PROTOCOL_VIOLATION",
  );
  expect([dripping.isEnded, between.isEnded]).toEqual([false, false]);
});

test(
  "client connection: an OpenWire frame that stops halfway ends it",
  async () => {
    const stalled = await (await serve({ stalledFrameMs: 100 }, "openwire"))();
    stalled.socket.write(Buffer.of(0, 0, 0, 100, 1, 0));

    // Long before a stranger's time is up, which this test would not live to see.
    expect(await stalled.untilEnd()).toContain("ActiveMQ");
  },
  limits.connectTimeoutMs / 2,
);

test("client connection: large pieces leave as they are and in their place", async () => {
  const served: ClientConnection[] = [];
  const client = await (await serve({}, "stomp", served))();
  const large = Buffer.alloc(200_000, "L");
  const sent = [Buffer.from("a"), Buffer.from("b"), large, Buffer.from("c"), large, large, Buffer.from("d")];
  for (const piece of sent) served[0]?.write(piece);
  const expected = Buffer.concat(sent).toString("latin1");
  await expect.poll(() => client.heard.length).toBe(expected.length);
  expect(client.heard === expected).toBe(true);
});

test("client connection: unfinished frames of all together have a limit, met by the one that sends more", async () => {
  const client = await serve({ unfinishedBytesMax: 250_000 });
  const [one, two, three] = [await client(), await client(), await client()];
  for (const each of [one, two, three]) await each.logIn();
  one.socket.write(half(100_000));
  two.socket.write(half(100_000));
  await expect.poll(() => one.socket.writableLength + two.socket.writableLength).toBe(0);
  three.socket.write(half(100_000));
  const refusal = "The limit of 250000 bytes of unfinished frames of all clients is reached.";
  await expect.poll(() => [one, two, three].filter(({ heard }) => heard.includes(refusal)).length).toBe(1);

  // What that one had is given back, and small frames are everybody's.
  const next = await client();
  await next.logIn();
  next.socket.write(half(limits.openingFrameBytesMax / 2));
  const left = [one, two, three].find(({ heard }) => !heard.includes(refusal))!;
  left.socket.write("x".repeat(10));
  expect([next.isEnded, left.isEnded]).toEqual([false, false]);
});

test("client connection: a client that spoke while the broker was busy is not taken for silent", async () => {
  const client = await (await serve({}))();
  client.socket.write("CONNECT\naccept-version:1.2\nhost:h\nheart-beat:100,1000\n\n\0");
  await expect.poll(() => client.heard).toContain("CONNECTED");
  const heardBefore = client.heard.length;
  // It wakes up later than the client may be silent, but not so late that it takes itself for asleep.
  await new Promise((resolve) => setImmediate(resolve));
  client.socket.write("\n");
  standStill(2 * 100 + graceMs + 100);

  await expect.poll(() => client.heard.length).toBeGreaterThan(heardBefore);
  expect(client.heard).not.toContain("ERROR");
});

/** The event loop does nothing for so long; what it takes next, if this is in an immediate, are timers. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
