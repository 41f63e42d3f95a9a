import { expect, test } from "vitest";
import { fakeClock } from "./fake-clock.ts";
import { lanesProgress, startLanes, stopLanes } from "./lanes.ts";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { RawClient } from "./raw-client.ts";

const hourMs = 3_600_000;

async function depthOf(pair: Pair, name: string): Promise<number | undefined> {
  const { destinations } = await pair.control.listDestinations({});
  return destinations.find((each) => each.name === `queue://${name}`)?.depth;
}

const depthIs = async (pair: Pair, name: string, depth: number): Promise<true> =>
  await eventually(
    async () => ((await depthOf(pair, name)) === depth ? true : undefined),
    `${depth} on ${name}`,
  );

/** Sends to a queue that nobody reads; `lifeMs` from the broker's time on, which is `offsetMs` from ours. */
async function leave(pair: Pair, body: string, lifeMs: number | null, offsetMs: number): Promise<void> {
  const client = await RawClient.connect(await servingPort(pair));
  const expires = lifeMs === null ? {} : { expires: String(Date.now() + offsetMs + lifeMs) };
  await client.send("/queue/left", body, expires);
  client.end();
}

async function servingPort(pair: Pair): Promise<number> {
  const { primary, replica } = await pair.view();
  return (replica.state === "active" ? replica : primary).port;
}

test("a clock that jumps an hour ahead and back expires what is due, and disturbs nothing else", async (context) => {
  const clock = fakeClock();
  if (clock === null) return context.skip("libfaketime is not installed (Debian: apt install libfaketime)");
  const pair = await Pair.start({ environment: clock.environment });
  const lanes = startLanes(pair.ports);
  await leave(pair, "for ever", null, 0);
  await leave(pair, "for half an hour", hourMs / 2, 0);
  await leave(pair, "for two hours", 2 * hourMs, 0);
  const before = pair.lastEventId;

  clock.setOffset(3_600);
  await depthIs(pair, "left", 2);
  await lanesProgress(lanes);
  await leave(pair, "for half an hour, from an hour later on", hourMs / 2, hourMs);

  clock.setOffset(0);
  await lanesProgress(lanes);
  await leave(pair, "for half an hour again", hourMs / 2, 0);
  await leave(pair, "for a moment", 300, 0);
  await depthIs(pair, "left", 4);

  // No time-out of any kind took the jump for silence.
  const told = pair.events.filter(({ id }) => id > before).map(({ event }) => event);
  expect(told.filter((event) => !event.startsWith("client-"))).toEqual([]);
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await lanesProgress(lanes);
  await stopLanes(lanes);
  expect(lanes.flatMap(({ traffic }) => traffic.problems())).toEqual([]);
  expect((await pair.cli("receive", "left", "--count", "9", "--timeout", "0")).split("\n")).toEqual([
    "for ever",
    "for two hours",
    "for half an hour, from an hour later on",
    "for half an hour again",
  ]);
});
