import { expect, test } from "vitest";
import { lanesProgress, startLanes, stopLanes } from "./lanes.ts";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { passingOf, seededRandom } from "./random.ts";
import { startStompitConsumer, StompitProducer } from "./stompit-clients.ts";
import { startStompjsConsumer, stompjsProducer } from "./stompjs-clients.ts";
import { Traffic } from "./traffic.ts";

const random = seededRandom("kills under other clients");
const destination = "/queue/orders";

/** Kills somewhere between half a second and two seconds from now, and lets a second pass. */
async function killSomewhere(pair: Pair): Promise<void> {
  await passingOf(500 + 1_500 * random());
  await pair.killFromOutside("primary");
  await passingOf(1_000);
}

/** Nothing is left on the queue, neither waiting nor in anyone's hands. */
async function isDrained(pair: Pair): Promise<void> {
  await eventually(async () => {
    const { destinations } = await pair.control.listDestinations({});
    const orders = destinations.find(({ name }) => name === "queue://orders");
    return orders?.depth === 0 && orders.inFlight === 0 ? true : undefined;
  }, "an empty queue");
}

test("kill -9 of the primary under stompjs clients loses, reorders and hides nothing", async () => {
  const pair = await Pair.start();
  const traffic = new Traffic();
  let isOver = false;
  startStompjsConsumer(pair.ports, { destination, traffic });
  const produced = stompjsProducer(pair.ports, { destination, traffic, until: () => isOver });
  await traffic.progress();

  await killSomewhere(pair);
  isOver = true;
  await produced;
  await traffic.allArrived();

  expect(traffic.problems()).toEqual([]);
  await isDrained(pair);
});

test("kill -9 of the primary leaves every transaction whole: all of its messages or none", async () => {
  const pair = await Pair.start();
  const traffic = new Traffic();
  startStompitConsumer(pair.ports, { destination, traffic });
  const producer = new StompitProducer(pair.ports, { name: "p1", destination, traffic, groupSize: 7 });
  await traffic.progress();

  await killSomewhere(pair);
  await producer.stop();
  await traffic.allArrived();

  expect(traffic.problems()).toEqual([]);
  await isDrained(pair);
});

test("kill -9 of the primary strands nothing of 8 producers before a slow consumer", async () => {
  const pair = await Pair.start();
  const traffic = new Traffic();
  startStompitConsumer(pair.ports, { destination, traffic, processingMs: 5, prefetch: 50 });
  const producers = Array.from(
    { length: 8 },
    (_, index) => new StompitProducer(pair.ports, { name: `p${index + 1}`, destination, traffic }),
  );
  await traffic.progress();

  await killSomewhere(pair);
  await Promise.all(producers.map((producer) => producer.stop()));
  await traffic.allArrived();

  expect(traffic.problems()).toEqual([]);
  await isDrained(pair);
});

test("a primary stopped by SIGSTOP under load and continued after the takeover is fenced, and nothing is lost", async () => {
  const pair = await Pair.start({ flags: ["--peer-timeout", "500"] });
  const lanes = startLanes(pair.ports);
  await lanesProgress(lanes);
  await passingOf(500 * random());

  const pid = await pair.pidOf("primary");
  process.kill(pid, "SIGSTOP");
  await pair.isState("replica", "active");
  await passingOf(1_000);
  process.kill(pid, "SIGCONT");

  await pair.becomes(({ primary }) => ["fenced", "out of sync"].includes(primary.state), "the fence");
  // Its clients hung on its connections all the time; now they find the other broker.
  await lanesProgress(lanes);
  await stopLanes(lanes);
  expect(lanes.flatMap(({ traffic }) => traffic.problems())).toEqual([]);
  expect(pair.events.filter(({ event }) => event === "promoted")).toHaveLength(1);
  expect(pair.events.filter((event) => event["protection"] === "split")).toEqual([]);
});
