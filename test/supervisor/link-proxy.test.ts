import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { faults } from "../../engine/faults/index.ts";
import { linkMode } from "../../engine/control/views.ts";
import { LinkProxy } from "../../engine/supervisor/link-proxy.ts";

/** A server that sends back what it gets, and keeps its sockets for the test to use. */
let echo: Server;
let accepted: Socket[];
let proxy: LinkProxy;
const opened: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(chunk));
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = new LinkProxy((echo.address() as AddressInfo).port);
  await proxy.listen();
});

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  for (const socket of accepted) socket.destroy();
  await proxy.close();
  echo.close();
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  opened.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Resolves with the next `length` bytes. */
function read(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.on("data", function collect(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      if (size < length) return;
      socket.off("data", collect);
      resolve(Buffer.concat(chunks));
    });
  });
}

async function roundTrip(socket: Socket, text: string): Promise<string> {
  const answer = read(socket, Buffer.byteLength(text));
  socket.write(text);
  return (await answer).toString();
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once("close", resolve));

test("link: there is one fault for each mode of the contract", () => {
  expect(faults.map(({ mode }) => mode).toSorted()).toEqual([...linkMode.options].sort());
  for (const fault of faults) expect(fault.sentence({ delayMs: 7 })).toMatch(/^The replication link .*\.$/);
});

describe("link: healed", () => {
  test("carries bytes both ways and counts them", async () => {
    const socket = await dial();
    expect(await roundTrip(socket, "hello")).toBe("hello");
    expect(proxy.bytes).toBe(10);
  });

  test("carries megabytes unharmed through slow readers", async () => {
    const socket = await dial();
    const bytes = Buffer.alloc(8 * 1024 * 1024, "0123456789");
    const answer = read(socket, bytes.length);
    socket.write(bytes);
    expect((await answer).equals(bytes)).toBe(true);
  });

  test("passes an end on, and what is written after it the other way", async () => {
    const socket = await dial();
    await roundTrip(socket, "x");
    const far = accepted[0]!;
    const ended = once(far, "end");
    socket.end();
    await ended;
    const last = read(socket, 4);
    far.end("last");
    expect((await last).toString()).toBe("last");
    await once(socket, "end");
  });

  test("a reset at one end resets the other", async () => {
    const socket = await dial();
    await roundTrip(socket, "x");
    accepted[0]!.resetAndDestroy();
    await closed(socket);
  });

  test("a target that refuses closes the caller's connection", async () => {
    echo.close();
    const socket = await dial();
    await closed(socket);
  });
});

describe("link: cut", () => {
  test("tears down what is open, refuses what is new, and heals", async () => {
    const socket = await dial();
    await roundTrip(socket, "x");
    proxy.setMode("cut", 0);
    await Promise.all([closed(socket), closed(accepted[0]!)]);

    await dial().then(closed, (error: unknown) => expect(String(error)).toContain("ECONNRESET"));

    proxy.setMode("heal", 0);
    expect(await roundTrip(await dial(), "again")).toBe("again");
  });
});

describe("link: half-open", () => {
  test("accepts and swallows, both ways, on old and new connections; healing resets what lost bytes", async () => {
    const socket = await dial();
    await roundTrip(socket, "x");
    const heard: string[] = [];
    socket.on("data", (chunk) => heard.push(chunk.toString()));
    accepted[0]!.on("data", (chunk) => heard.push(chunk.toString()));

    proxy.setMode("half-open", 0);
    socket.write("lost");
    accepted[0]!.write("lost too");
    const fresh = await dial();
    fresh.write("lost as well");
    // Once the healed proxy has reset both, whatever they had to say has passed or never will.
    proxy.setMode("half-open", 0);
    await new Promise((resolve) => setImmediate(resolve));
    await expect.poll(() => socket.bytesWritten).toBe(5);
    await expect
      .poll(() => {
        proxy.setMode("heal", 0);
        return socket.destroyed;
      })
      .toBe(true);
    expect(heard).toEqual([]);
    expect(await roundTrip(await dial(), "again")).toBe("again");
  });
});

describe("link: delay", () => {
  test("hands chunks on later, in order, and the end behind them", async () => {
    const socket = await dial();
    await roundTrip(socket, "x");
    proxy.setMode("delay", 40);
    const startedAt = performance.now();
    const answer = read(socket, 30);
    for (let index = 0; index < 10; index += 1) socket.write(`${index}--`);
    expect((await answer).toString()).toBe("0--1--2--3--4--5--6--7--8--9--");
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(79);

    const ended = once(accepted[0]!, "end");
    socket.end();
    await ended;
  });
});
