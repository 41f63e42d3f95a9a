import { expect, test } from "vitest";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { passingOf } from "./random.ts";
import { RawClient } from "./raw-client.ts";

const perTransaction = 80_000;

async function depthOf(pair: Pair, name: string): Promise<number> {
  const { destinations } = await pair.control.listDestinations({});
  return destinations.find((destination) => destination.name === name)?.depth ?? 0;
}

/** What the primary had not told its replica yet, that one finds out by itself. */
async function allDied(pair: Pair): Promise<void> {
  await eventually(async () => {
    const depth = await depthOf(pair, "queue://ActiveMQ.DLQ");
    return depth === 2 * perTransaction || undefined;
  }, "as many dead letters");
}

test("160,000 messages that expire at one moment become dead letters on both, and nobody takes it for a failure", async () => {
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

  await allDied(pair);
  expect(await depthOf(pair, "queue://orders")).toBe(0);
  expect((await pair.view()).protection).toBe("protected");

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await allDied(pair);
});
