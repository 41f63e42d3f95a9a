import { expect } from "vitest";
import { Pair } from "../process/pair.ts";
import { eventually } from "../process/program.ts";
import { Traffic } from "../process/traffic.ts";
import { scriptCase, type ScriptClient } from "./scripts.ts";

const queue = "/queue/orders";

async function confirms(traffic: Traffic, count: number): Promise<void> {
  const wanted = traffic.confirmedCount + count;
  await eventually(
    async () => await Promise.resolve(traffic.confirmedCount >= wanted ? true : undefined),
    `${count} more confirmations after ${traffic.confirmedCount}`,
  );
}

/** Both keep going over a kill of the primary. */
async function overAKill(pair: Pair, traffic: Traffic, producer: ScriptClient): Promise<void> {
  await confirms(traffic, 20);
  await pair.killFromOutside("primary");
  await confirms(traffic, 20);
  await traffic.progress();
  await producer.stop();
}

/** All that was confirmed arrives, in order, and repeats are flagged. */
async function nothingIsWrong(pair: Pair, traffic: Traffic, producer: ScriptClient): Promise<void> {
  await overAKill(pair, traffic, producer);
  await traffic.allArrived();
  expect(traffic.problems()).toEqual([]);
}

scriptCase(
  "python",
  "a listener in auto mode gets nothing out of order over a kill, and nothing twice without the flag",
  async (start) => {
    const [pair, traffic] = [await Pair.start(), new Traffic()];
    start(pair, traffic, "consume", queue, "auto", "1");
    await overAKill(pair, traffic, start(pair, traffic, "produce", "p1", queue, "1"));
    // What was on its way to the client at the kill counted as taken, or comes again where the replica had not heard of that.
    expect(traffic.problems().filter((problem) => !problem.includes("never arrived"))).toEqual([]);
    expect(traffic.figures()).toMatchObject({ unflagged: 0 });
  },
);

for (const mode of ["client", "client-individual"]) {
  scriptCase("python", `a listener in ${mode} mode and a producer over a kill under load`, async (start) => {
    const [pair, traffic] = [await Pair.start(), new Traffic()];
    start(pair, traffic, "consume", queue, mode, mode === "client" ? "3" : "1");
    const producer = start(pair, traffic, "produce", "p1", queue, "1");
    await nothingIsWrong(pair, traffic, producer);
  });
}

scriptCase("python", "transactions of sends and of acknowledgements over a kill", async (start) => {
  const [pair, traffic] = [await Pair.start(), new Traffic()];
  start(pair, traffic, "consume", queue, "client-individual", "5");
  const producer = start(pair, traffic, "produce", "p1", queue, "5");
  await nothingIsWrong(pair, traffic, producer);
});

for (const language of ["ruby", "perl"] as const) {
  scriptCase(
    language,
    "producer and consumer with their own failover over a kill under load",
    async (start) => {
      const [pair, traffic] = [await Pair.start(), new Traffic()];
      start(pair, traffic, "consume", queue);
      const producer = start(pair, traffic, "produce", queue);
      await nothingIsWrong(pair, traffic, producer);
    },
  );
}
