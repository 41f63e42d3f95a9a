import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { replicationPreamble } from "../../engine/wire/detect.ts";
import { Listener, type ListenerBounds } from "../../engine/host/listener.ts";

const generous: ListenerBounds = { connectionsMax: 100, connectTimeoutMs: 60_000 };
const opened: { listener: Listener; sockets: Socket[] }[] = [];
afterEach(() => {
  for (const { listener, sockets } of opened.splice(0)) {
    for (const socket of sockets) socket.destroy();
    listener.close();
  }
});

/** A listener whose clients and replicas are only counted. */
async function listen(bounds: Partial<ListenerBounds>) {
  const sockets: Socket[] = [];
  const seen: string[] = [];
  const listener = new Listener(
    "127.0.0.1",
    {
      client: (_protocol, socket) => (sockets.push(socket), void seen.push("client")),
      peer: (socket) => (sockets.push(socket), void seen.push("replica")),
      refused: (text) => void seen.push(text),
    },
    { ...generous, ...bounds },
  );
  opened.push({ listener, sockets });
  const port = (await listener.open(0)) ?? 0;
  const begin = (opening: string): Socket => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(opening);
    return socket;
  };
  return { seen, begin };
}

/** All that the other side says until it ends. */
async function words(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(socket, "end");
  return text;
}

test("listener: a client beyond the limit is told so in its own protocol; the replica still comes in", async () => {
  const { seen, begin } = await listen({ connectionsMax: 2 });
  const connecting = "CONNECT\naccept-version:1.2\nhost:h\n\n\0";
  begin(connecting);
  begin(connecting);
  await expect.poll(() => seen).toEqual(["client", "client"]);

  const text = await words(begin(connecting));
  expect(text).toMatch(
    /^ERROR\nmessage:The limit of 2 connections to this broker is reached\.\nerror-code:LIMIT_REACHED\n/,
  );
  expect(text.endsWith("\0")).toBe(true);

  begin(replicationPreamble);
  await expect.poll(() => seen.at(-1)).toBe("replica");
});

test("listener: whoever leaves makes room", async () => {
  const { seen, begin } = await listen({ connectionsMax: 1 });
  const first = begin("STOMP\n");
  await expect.poll(() => seen).toEqual(["client"]);
  first.destroy();
  for (const socket of opened[0]!.sockets) socket.destroy();

  await expect
    .poll(() => {
      begin("STOMP\n");
      return seen.filter((word) => word === "client").length;
    })
    .toBeGreaterThan(1);
});

test("listener: one byte now and then does not keep a connection open that says nothing", async () => {
  const { begin } = await listen({ connectTimeoutMs: 300 });
  const socket = begin("\n");
  // More often than the limit: were the time counted from the last byte, this would never end.
  let dripCount = 0;
  const dripping = setInterval(() => void (socket.write("\n"), (dripCount += 1)), 50);
  await once(socket, "close");
  clearInterval(dripping);
  // It would also end with the 64th byte, which can begin no protocol any more.
  expect(dripCount).toBeLessThan(60);
});

test("listener: first bytes that came while the broker was busy are read before their time counts as over", async () => {
  const { seen, begin } = await listen({ connectTimeoutMs: 100 });
  const socket = begin("\n");
  // One more is accepted and heard after it, so it was accepted, too.
  begin("STOMP\n");
  await expect.poll(() => seen).toEqual(["client"]);
  // Behind an immediate the event loop takes timers, and only then what can be read.
  setImmediate(() => {
    socket.write("STOMP\n");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  });
  await expect.poll(() => seen).toEqual(["client", "client"]);
});
