import { expect } from "vitest";
import { Pair } from "../process/pair.ts";
import { startStompitConsumer, StompitProducer } from "../process/stompit-clients.ts";
import { Traffic } from "../process/traffic.ts";
import { failoverCase } from "./cases.ts";
import { failoverUri, noteBlackout } from "./stage.ts";

failoverCase("one story on OpenWire and STOMP, side by side", async (client) => {
  const pair = await Pair.start();
  const traffic = new Traffic();
  startStompitConsumer(pair.ports, { destination: "/queue/stomp", traffic });
  const stomp = new StompitProducer(pair.ports, { name: "p1", destination: "/queue/stomp", traffic });
  const session = await client.session(failoverUri(pair.ports));
  const openwire = session.produce("queue://openwire", "m");
  await Promise.all([openwire.goesOn(50), traffic.progress()]);

  await pair.killFromOutside("primary");
  await openwire.goesOn(50);
  await traffic.progress();

  await stomp.stop();
  const { confirmed, failures, longestGapMs } = await openwire.halt();
  await traffic.allArrived();
  expect(traffic.problems()).toEqual([]);
  expect(failures).toEqual([]);
  const reading = await client.session(failoverUri(pair.ports));
  const arrived = await (await reading.consumer("queue://openwire")).rest();
  expect(arrived.map(({ text }) => text)).toEqual(confirmed);
  noteBlackout(longestGapMs);
});

failoverCase("a text goes from STOMP to OpenWire and back, over a failover", async (client) => {
  const pair = await Pair.start();
  const session = await client.session(failoverUri(pair.ports));
  const consumer = await session.consumer("queue://in");
  await pair.cli("send", "in", "grüße");
  expect(await consumer.texts(1)).toEqual(["grüße"]);
  await session.send("queue://out", "zurück");

  await pair.killFromOutside("primary");
  await client.told(session.connection, "resumed");

  expect(await pair.cli("receive", "out")).toBe("zurück");
  await pair.cli("send", "in", "again");
  expect(await consumer.texts(1)).toEqual(["again"]);
});
