import { expect, onTestFailed, test } from "vitest";
import { Pair } from "./pair.ts";
import { passingOf, seededRandom } from "./random.ts";
import { startStompitConsumer, StompitProducer } from "./stompit-clients.ts";
import { medianOf, Traffic } from "./traffic.ts";

/** More of both for the acceptance run: `UNDERSTUDY_KILLS=20 UNDERSTUDY_TRAFFIC_SECONDS=20 npm run process failover`. */
const killCount = Number(process.env["UNDERSTUDY_KILLS"] ?? 5);
const trafficMs = Number(process.env["UNDERSTUDY_TRAFFIC_SECONDS"] ?? 3) * 1_000;

const random = seededRandom("kills of the primary");
const gapsMs: number[] = [];

for (let round = 1; round <= killCount; round += 1) {
  test(
    `kill -9 of the primary under stompit clients loses, reorders and hides nothing (${round} of ${killCount})`,
    { timeout: trafficMs + 90_000 },
    async () => {
      const pair = await Pair.start();
      const traffic = new Traffic();
      const destination = "/queue/orders";
      startStompitConsumer(pair.ports, { destination, traffic });
      const producer = new StompitProducer(pair.ports, { name: "p1", destination, traffic });
      await traffic.progress();

      const killAfterMs = Math.round(trafficMs * (0.1 + 0.8 * random()));
      onTestFailed(() => void process.stdout.write(`the primary was killed after ${killAfterMs} ms\n`));
      await passingOf(killAfterMs);
      const killed = await pair.killFromOutside("primary");
      await passingOf(trafficMs - killAfterMs);
      await producer.stop();
      await traffic.allArrived();

      expect(traffic.problems()).toEqual([]);
      const gapMs = traffic.longestGapMs();
      gapsMs.push(gapMs);
      // A busy disk makes gaps of its own: the one at the kill is told apart, and a long one is explained by the events.
      const promoted = await pair.happens(({ event }) => event === "promoted", "the promotion");
      const aroundMs = Math.round(traffic.gapAroundMs(killed.at));
      process.stdout.write(
        `round ${round}: killed after ${killAfterMs} ms, ${traffic.confirmedCount} confirmed, longest gap between receipts ${Math.round(gapMs)} ms, at the kill ${aroundMs} ms, taken over after ${Math.round(Number(promoted["tookMs"]))} ms\n`,
      );
      if (gapMs > 1_000)
        process.stdout.write(
          pair.events.map(({ at, text }) => `  ${new Date(at).toISOString()} ${text}\n`).join(""),
        );
      if (round === killCount)
        process.stdout.write(
          `longest gap between two receipts: median ${Math.round(medianOf(gapsMs))} ms of ${gapsMs.map(Math.round).join(", ")} ms\n`,
        );
    },
  );
}
