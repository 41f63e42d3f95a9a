import { expect } from "vitest";
import { failoverCase } from "./cases.ts";
import { failoverUri, startStage } from "./stage.ts";

const queue = "queue://later";

failoverCase("what is scheduled comes after a failover, in its time and once", async (client, java) => {
  const stage = await startStage(java);
  const session = await client.session(failoverUri(stage.ports));
  const consumer = await session.consumer(queue);
  const sentAt = performance.now();
  await session.sendLater(queue, 6_000, "late");
  await session.sendLater(queue, 1, "early");
  expect(await consumer.texts(1)).toEqual(["early"]);

  await stage.kill();
  await client.told(session.connection, "resumed");
  // The kill is between both: what came already does not come again, and the other has its time still.
  expect(performance.now() - sentAt).toBeLessThan(6_000);
  expect(await consumer.texts(1)).toEqual(["late"]);
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(5_900);
  expect(await session.address()).toContain(`:${stage.ports.replica}`);

  // What comes behind it shows that nothing came twice.
  await session.sendLater(queue, 500, "last");
  expect(await consumer.texts(1)).toEqual(["last"]);
  expect(await consumer.rest()).toEqual([]);
});
