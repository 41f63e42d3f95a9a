import { expect } from "vitest";
import { failoverCase } from "./cases.ts";
import { failoverUri, isReal, startStage } from "./stage.ts";

const queue = "queue://grouped";

failoverCase(
  "message groups: each stays with its consumer, in order, over a failover",
  async (client, java) => {
    const stage = await startStage(java);
    const uri = failoverUri(stage.ports);
    const [one, two, sending] = [
      await client.session(uri),
      await client.session(uri),
      await client.session(uri),
    ];
    const [first, second] = [await one.consumer(queue), await two.consumer(queue)];
    await sending.sendGroup(queue, "g", "g1", "g2");
    await sending.sendGroup(queue, "h", "h1", "h2");
    const [g1] = await first.texts(1);
    const [mine, others] = g1 === "g1" ? ["g", "h"] : ["h", "g"];
    expect(await first.texts(1)).toEqual([`${mine}2`]);
    expect(await second.texts(2)).toEqual([`${others}1`, `${others}2`]);

    await stage.kill();
    for (const session of [one, two, sending]) await client.told(session.connection, "resumed");
    // Alternately and the other way round: whoever came back first would get all of them if nobody remembered.
    await sending.sendGroup(queue, others, `${others}3`);
    await sending.sendGroup(queue, mine, `${mine}3`, `${mine}4`);
    await sending.sendGroup(queue, others, `${others}4`);

    // The real broker forgets who had which group.
    if (isReal) return;
    expect(await first.texts(2)).toEqual([`${mine}3`, `${mine}4`]);
    expect(await second.texts(2)).toEqual([`${others}3`, `${others}4`]);
    expect(await first.rest()).toEqual([]);
    expect(await second.rest()).toEqual([]);
  },
);

failoverCase(
  "message groups: those of a consumer that does not come back go to another",
  async (client, java) => {
    const stage = await startStage(java);
    const uri = failoverUri(stage.ports);
    const leaving = await client.session(`tcp://127.0.0.1:${stage.ports.primary}`, "client");
    const staying = await client.session(uri);
    const lost = await leaving.consumer(queue);
    const sending = await client.session(uri);
    await sending.sendGroup(queue, "g", "g1", "g2");
    expect(await lost.texts(2)).toEqual(["g1", "g2"]);
    const heir = await staying.consumer(queue);

    await stage.kill();
    await client.told(sending.connection, "resumed");
    await sending.sendGroup(queue, "g", "g3");
    expect(await heir.texts(3)).toEqual(["g1", "g2", "g3"]);
  },
);
