import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { dialects } from "./dialects.ts";
import { forgetPeak, memory } from "./memory.ts";
import { Pair } from "./pair.ts";
import { eventually, patienceMs } from "./program.ts";
import { RawClient } from "./raw-client.ts";

const mebibyte = 1_048_576;
const floodCount = 100;
/** `UNDERSTUDY_IDLE_CONNECTIONS=10000` opens so many; each takes a file of this process and one of the broker. */
const idleCount = Number(process.env["UNDERSTUDY_IDLE_CONNECTIONS"] ?? 500);

/** A client that writes and never reads: not even the answer to its CONNECT. */
async function deafClient(port: number, frames: Uint8Array): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(frames);
  return socket;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

describe.each(dialects)("$name", (dialect) => {
  test("a client that asks for 100 MB and reads nothing costs little memory, and the others get their messages", async () => {
    const pair = await Pair.start();
    const producer = await RawClient.connect(pair.ports.primary);
    const body = "x".repeat(mebibyte);
    for (let count = 0; count < floodCount; count += 1) await producer.send("/queue/flood", body);
    const pid = await pair.pidOf("primary");
    const before = memory(pid).now;
    forgetPeak(pid);

    const deaf = await deafClient(pair.ports.primary, dialect.subscribing("flood", 1_000));
    const taken = await eventually(async () => {
      const { destinations } = await pair.control.listDestinations({});
      const flood = destinations.find(({ name }) => name === "queue://flood");
      return flood !== undefined && flood.inFlight > 0 ? flood.inFlight : undefined;
    }, "a delivery to the deaf client");
    expect(taken).toBeLessThan(50);

    const good = await RawClient.connect(pair.ports.primary);
    await good.subscribe("/queue/flood", { "activemq.prefetchSize": "5" });
    const received = (await good.bodies(floodCount - 50)).length;
    // What the deaf client had is given back when it goes.
    deaf.destroy();
    expect(received + (await good.bodies(50)).length).toBe(floodCount);

    const { peak } = memory(pid);
    say(
      `deaf client: ${taken} of ${floodCount} messages on the way to it, ${megabytes(before)} before, ${megabytes(peak)} at most`,
    );
    expect(peak).toBeLessThan(500 * mebibyte);
  });

  test("clients that say nothing, drip bytes or stop within a frame leave the others alone", async () => {
    const pair = await Pair.start();
    const pid = await pair.pidOf("primary");
    const port = pair.ports.primary;
    const before = memory(pid).now;

    const idle: Socket[] = [];
    for (let opened = 0; opened < idleCount; opened += 250)
      await Promise.all(
        Array.from({ length: Math.min(250, idleCount - opened) }, async (_, index) => {
          const socket = await deafClient(port, dialect.connecting(opened + index));
          idle.push(socket);
          await once(socket, "data");
        }),
      );
    const each = (memory(pid).now - before) / idleCount;
    say(`${idleCount} idle connections: ${Math.round(each / 1_024)} KiB each`);
    expect(each).toBeLessThan(256 * 1_024);

    const drips = await Promise.all(
      Array.from({ length: 50 }, async () => await deafClient(port, dialect.drip.subarray(0, 1))),
    );
    let dripped = 0;
    const dripping = setInterval(() => {
      const at = ++dripped % dialect.drip.length;
      for (const socket of drips) if (socket.writable) socket.write(dialect.drip.subarray(at, at + 1));
    }, 200);
    onTestFinished(() => {
      clearInterval(dripping);
    });
    for (let count = 0; count < 50; count += 1) await deafClient(port, dialect.half(idleCount + count));

    const good = await RawClient.connect(port);
    await good.subscribe("/queue/orders");
    for (let count = 0; count < 100; count += 1) await good.send("/queue/orders", String(count));
    expect(await good.bodies(100)).toEqual(Array.from({ length: 100 }, (_, count) => String(count)));
    expect((await pair.view()).protection).toBe("protected");
    expect(idle.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(limits.connectionsMax).toBeGreaterThan(10_000);
  });

  test("a client that never acknowledges keeps its prefetch and no more, until it goes", async () => {
    const pair = await Pair.start();
    const mute = await deafClient(pair.ports.primary, dialect.subscribing("orders", 5));
    const listen = dialect.listener();
    let heard = 0;
    mute.on("data", (bytes) => (heard = listen(bytes)));
    await eventually(async () => {
      const { destinations } = await pair.control.listDestinations({});
      return destinations.find(({ name }) => name === "queue://orders")?.consumers === 1 ? true : undefined;
    }, "the subscription");
    const good = await RawClient.connect(pair.ports.primary);
    await good.subscribe("/queue/orders", { "activemq.prefetchSize": "5" });
    for (let count = 0; count < 40; count += 1) await good.send("/queue/orders", String(count));

    const received = await good.bodies(35);
    await expect.poll(() => heard, { timeout: patienceMs }).toBe(5);
    mute.destroy();
    received.push(...(await good.bodies(5)));
    expect(new Set(received).size).toBe(40);
  });
});
