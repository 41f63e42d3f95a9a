import { expect, test } from "vitest";
import { Pair, type EventLine } from "./pair.ts";
import { RawClient } from "./raw-client.ts";
import { passingOf, seededRandom } from "./random.ts";
import { areGone, historiesOf } from "./stores.ts";

const random = seededRandom("kills during recovery");
const body = "x".repeat(10_000);
const storedCount = 300;

/** Takes the primary from a pair, and gives the replica something that the primary lacks. */
async function failOver(pair: Pair, sentCount: number): Promise<void> {
  if ((await pair.view()).primary.pid !== null) await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  const client = await RawClient.connect(pair.ports.replica);
  for (let number = 0; number < sentCount; number += 1)
    await client.send("/queue/orders", `${body}${number}`);
  client.end();
}

const isStep = (event: EventLine, step: string): boolean =>
  event.event === "recovery" && event["step"] === step;

test(
  "kill -9 of the supervisor at any step of a recovery leaves both stores whole and a way on",
  { timeout: 180_000 },
  async () => {
    let pair = await Pair.start();
    await failOver(pair, storedCount);
    let sentCount = storedCount;
    const steps = ["stop-source", "set-aside", "copy", "verify", "start-primary", "start-replica"];

    for (const step of [...steps, "at random"]) {
      const [stale] = historiesOf(pair.data, "primary");
      const { replica } = await pair.view();
      const after = pair.lastEventId;
      const recovery = pair.control.startRecovery({}).catch(() => undefined);
      if (step === "at random") await passingOf(1_500 * random());
      else await pair.happens((event) => isStep(event, step), `step ${step}`, after);
      const { primary: newPrimary, replica: newReplica } = await pair.view();
      await pair.killSupervisor();
      await recovery;
      await areGone(newPrimary.pid, newReplica.pid);

      expect(historiesOf(pair.data, "primary"), `the stale primary's store, killed at ${step}`).toContain(
        stale,
      );
      expect(
        historiesOf(pair.data, "replica").some((history) => Number(history.split(" ")[0]) >= replica.op),
        `the replica's store, killed at ${step}`,
      ).toBe(true);

      pair = await Pair.start({ data: pair.data });
      if (pair.ready.protection !== "protected") await pair.cli("recover");
      await pair.isProtection("protected");
      expect(await storedCountOf(pair), `killed at ${step}`).toBe(sentCount);
      await failOver(pair, 1);
      sentCount += 1;
      await pair.control.removeKept({}).catch(() => undefined);
    }
  },
);

async function storedCountOf(pair: Pair): Promise<number | undefined> {
  const { destinations } = await pair.control.listDestinations({});
  return destinations.find(({ name }) => name === "queue://orders")?.depth;
}
