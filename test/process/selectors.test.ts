import { expect, test } from "vitest";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { Pair } from "./pair.ts";
import { eventually } from "./program.ts";
import { RawClient } from "./raw-client.ts";
import { bodyOf, StompitFailover } from "./stompit-clients.ts";

type Ports = Pair["ports"];

const queue = "/queue/paints";
const topic = "/topic/paints";
/** With a blank within a string, which must come through the header as it is. */
const selector = "colour IN ('red', 'dark red') AND JMSPriority >= 4";

/** Sends one after the other, each once the one before is confirmed: `red 3` has the colour `red`. */
async function paint(ports: Ports, destination: string, bodies: readonly string[]): Promise<void> {
  const failover = new StompitFailover(ports);
  await new Promise<void>((resolve) => {
    failover.start((client) => {
      const send = (index: number): void => {
        const body = bodies[index];
        if (body === undefined) {
          resolve();
          return;
        }
        const colour = body.replace(/ \d+$/, "");
        const headers = { destination, persistent: "true", priority: 4, colour };
        const onReceipt = (): void => {
          send(index + 1);
        };
        client.send(headers, { onReceipt }).end(body);
      };
      send(0);
    });
  });
  failover.end();
}

/** Takes what comes; what it got is written down once the broker has its acknowledgement, so that none comes twice. */
class Subscriber {
  readonly bodies: string[] = [];
  readonly #failover: StompitFailover;

  constructor(ports: Ports, headers: Record<string, string>, connectHeaders: Record<string, string> = {}) {
    this.#failover = new StompitFailover(ports, connectHeaders);
    this.#failover.start((client) => {
      client.subscribe({ ack: "client-individual", ...headers }, (error, message) => {
        // The connection's own error says it as well, and brings the next one.
        if (error !== null) return;
        void bodyOf(message).then((body) => {
          client.ack(message, {}, { onReceipt: () => void this.bodies.push(body) });
        });
      });
    });
  }

  async has(count: number): Promise<string[]> {
    return await eventually(
      async () => await Promise.resolve(this.bodies.length >= count ? this.bodies : undefined),
      `${count} messages`,
    );
  }

  end(): void {
    this.#failover.end();
  }
}

/** What the broker says to this selector. A stompit client may see the connection's end before its ERROR. */
async function answerTo(port: number, wrong: string): Promise<string> {
  const client = await RawClient.connect(port);
  client.write("SUBSCRIBE", { id: "s", destination: queue, selector: wrong });
  const error = await client.frame(({ command }) => command === "ERROR");
  await client.closed();
  return headerOf(error, "message") ?? "";
}

/** The subscriber of a durable subscription, which goes on where it was when it came last. */
function durable(ports: Ports): Subscriber {
  const headers = { destination: topic, selector, "activemq.subscriptionName": "audit" };
  return new Subscriber(ports, headers, { "client-id": "auditor" });
}

/** The topic has a durable subscription with this many subscribers at it. */
async function hasSubscribers(pair: Pair, count: number): Promise<void> {
  await eventually(async () => {
    const { destinations } = await pair.control.listDestinations({});
    return destinations.find(({ kind }) => kind === "durable")?.consumers === count ? true : undefined;
  }, `a durable subscription with ${count} subscribers`);
}

test("stompit clients' selectors, one of a durable subscription among them, outlive a kill -9 of the primary", async () => {
  const pair = await Pair.start();
  const { ports } = pair;
  const reds = new Subscriber(ports, { destination: queue, selector });
  const first = durable(ports);
  await hasSubscribers(pair, 1);
  await paint(ports, queue, ["red 1", "blue 2", "dark red 3", "blue 4"]);
  await paint(ports, topic, ["red 1", "blue 2"]);
  expect(await reds.has(2)).toEqual(["red 1", "dark red 3"]);
  expect(await first.has(1)).toEqual(["red 1"]);
  expect(await answerTo(ports.primary, "colour = 'red' AND")).toContain("unexpected end at column 19");
  // Its subscriber is away while the primary is killed.
  first.end();
  await hasSubscribers(pair, 0);
  await paint(ports, topic, ["blue 3", "red 4"]);

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");

  await paint(ports, topic, ["red 5", "blue 6"]);
  const second = durable(ports);
  expect(await second.has(2)).toEqual(["red 4", "red 5"]);
  await paint(ports, queue, ["blue 5", "red 6", "redder 7", "red 8"]);
  expect(await reds.has(4)).toEqual(["red 1", "dark red 3", "red 6", "red 8"]);
  expect(await answerTo(ports.replica, "colour LIKE 5")).toContain('unexpected "5" at column 13');

  // What nobody selected is left, in order; and nobody got anything beside it.
  const rest = new Subscriber(ports, { destination: queue });
  expect(await rest.has(4)).toEqual(["blue 2", "blue 4", "blue 5", "redder 7"]);
  expect(reds.bodies).toHaveLength(4);
  await paint(ports, topic, ["blue 7", "red 8"]);
  expect(await second.has(3)).toEqual(["red 4", "red 5", "red 8"]);
});
