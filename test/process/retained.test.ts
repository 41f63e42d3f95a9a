import { expect, test } from "vitest";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { Pair } from "./pair.ts";
import { bodyOf, RawClient } from "./raw-client.ts";

/** What a retroactive subscriber of that port begins with. */
async function begins(port: number): Promise<string> {
  const client = await RawClient.connect(port);
  await client.subscribe("/topic/prices.>", { "activemq.retroactive": "true" });
  const message = await client.message();
  expect(headerOf(message, "ActiveMQ.Retained")).toBe("true");
  expect(headerOf(message, "destination")).toBe("/topic/prices.gold");
  client.end();
  return bodyOf(message);
}

test("what a topic keeps for retroactive subscribers is there after a failover, and after both were killed", async () => {
  const pair = await Pair.start();
  const publisher = await RawClient.connect(pair.ports.primary);
  await publisher.send("/topic/prices.gold", "1", { "ActiveMQ.Retain": "true" });
  await publisher.send("/topic/prices.gold", "2", { "ActiveMQ.Retain": "true" });
  expect(await begins(pair.ports.primary)).toBe("2");

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  expect(await begins(pair.ports.replica)).toBe("2");

  await pair.killEverything();
  const again = await Pair.start({ data: pair.data });
  const { replica } = again.ready;
  expect(await begins(replica.state === "active" ? again.ports.replica : again.ports.primary)).toBe("2");
});
