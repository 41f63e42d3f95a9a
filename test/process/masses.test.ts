import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { passingOf } from "./random.ts";
import { RawClient } from "./raw-client.ts";

/*
 * What is very much at once takes a broker longer than the other one may be silent. It has to be done in steps: a pair that
 * was unprotected for a moment would stay so.
 */

const perTransaction = 80_000;
const subscriberCount = 2_000;
const publishedCount = 300;
const bodyBytes = 200;

async function depthOf(pair: Pair, name: string): Promise<number> {
  const { destinations } = await pair.control.listDestinations({});
  return destinations.find((destination) => destination.name === name)?.depth ?? 0;
}

async function hasDepth(pair: Pair, name: string, depth: number): Promise<void> {
  await eventually(
    async () => (await depthOf(pair, name)) === depth || undefined,
    `${depth} messages in ${name}`,
  );
}

async function isStillProtected(pair: Pair): Promise<void> {
  expect((await pair.view()).protection).toBe("protected");
}

test("160,000 messages that expire at one moment become dead letters on both", async () => {
  const pair = await Pair.start();
  const producer = await RawClient.connect(pair.ports.primary);
  const expires = `${Date.now() + 1_000}`;
  for (const transaction of ["a", "b"]) {
    producer.write("BEGIN", { transaction });
    for (let left = perTransaction; left > 0; left -= 1)
      producer.write("SEND", { destination: "/queue/orders", persistent: "true", expires, transaction });
  }
  await producer.send("/queue/last", "");
  await passingOf(Math.max(0, Number(expires) - Date.now()));

  await Promise.all(["a", "b"].map((transaction) => producer.confirmed("COMMIT", { transaction })));

  await hasDepth(pair, "queue://ActiveMQ.DLQ", 2 * perTransaction);
  expect(await depthOf(pair, "queue://orders")).toBe(0);
  await isStillProtected(pair);

  // What the primary had not told its replica yet, that one finds out by itself.
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await hasDepth(pair, "queue://ActiveMQ.DLQ", 2 * perTransaction);
});

test("300 messages of a topic reach each of 2,000 subscribers", async () => {
  const pair = await Pair.start();
  const subscribers = await Promise.all(
    Array.from({ length: subscriberCount }, () => CountingSubscriber.to(pair.ports.primary, "/topic/prices")),
  );
  const publisher = await RawClient.connect(pair.ports.primary);
  for (let left = publishedCount; left > 0; left -= 1)
    publisher.write("SEND", { destination: "/topic/prices" }, "~".repeat(bodyBytes));

  await eventually(
    () =>
      Promise.resolve(
        subscribers.every(({ bodyCount }) => bodyCount >= publishedCount * bodyBytes) || undefined,
      ),
    "all messages",
  );
  expect(new Set(subscribers.map(({ bodyCount }) => bodyCount))).toEqual(
    new Set([publishedCount * bodyBytes]),
  );
  await isStillProtected(pair);
});

/** Of what it gets it only counts the letters of bodies: two thousand of them share this process. */
class CountingSubscriber {
  bodyCount = 0;

  private constructor(socket: Socket) {
    socket.on("data", (bytes) => {
      for (const byte of bytes) if (byte === 0x7e) this.bodyCount += 1;
    });
    onTestFinished(() => void socket.destroy());
  }

  static async to(port: number, destination: string): Promise<CountingSubscriber> {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write(
      "CONNECT\naccept-version:1.2\nhost:h\n\n\0" +
        `SUBSCRIBE\nid:s\ndestination:${destination}\nreceipt:r\n\n\0`,
    );
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      let heard = "";
      socket.on("data", (bytes) => {
        heard += bytes.toString("latin1");
        if (heard.includes("RECEIPT")) resolve();
      });
    });
    socket.removeAllListeners("data");
    return new CountingSubscriber(socket);
  }
}
