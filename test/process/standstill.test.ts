import { expect, test } from "vitest";
import type { NodeName } from "../../engine/control/views.ts";
import { Pair } from "./pair.ts";
import { RawClient } from "./raw-client.ts";

/** Stops the nodes' processes for so long, and lets them go on. */
async function standStill(pair: Pair, nodes: readonly NodeName[], forMs: number): Promise<void> {
  const pids = await Promise.all(nodes.map(async (node) => await pair.pidOf(node)));
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, forMs));
  for (const pid of pids) process.kill(pid, "SIGCONT");
}

/** The pair is protected as it was: nobody was lost, and nobody was granted anything. */
async function goesOnProtected(pair: Pair): Promise<void> {
  const { primary, replica, epoch } = await pair.isProtection("protected");
  expect([primary.state, replica.state, epoch]).toEqual(["active", "standby", 1]);
  expect(pair.events.filter(({ event }) => event === "granted" || event === "promoted")).toEqual([]);
}

test("an active broker that stood still for longer than its patience reads what its standby said, and goes on with it", async () => {
  // Its patience is three quarters of the time, its standby's all of it: a second is left on either side.
  const pair = await Pair.start({ flags: ["--peer-timeout", "8000"] });
  const client = await RawClient.connect(pair.ports.primary);
  // From here on each has just heard of the other.
  await client.send("/queue/orders", "before");

  await standStill(pair, ["primary"], 7_000);

  await client.send("/queue/orders", "after");
  await goesOnProtected(pair);
  expect(await pair.cli("receive", "orders", "--count", "2")).toBe("before\nafter");
});

for (const profile of ["guarded", "classic"] as const)
  test(`${profile}: two brokers that stand still together, as on a machine that is suspended, lose each other not`, async () => {
    const pair = await Pair.start({ flags: ["--profile", profile] });
    const client = await RawClient.connect(pair.ports.primary);

    await standStill(pair, ["primary", "replica"], 4_000);

    await client.send("/queue/orders", "after");
    await goesOnProtected(pair);
  });
