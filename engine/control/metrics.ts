import {
  brokerState,
  clientView,
  protection,
  type ClientView,
  type DestinationView,
  type PairView,
} from "./views.ts";

/** The pair in Prometheus' text format, version 0.0.4. Names end in their unit; totals since the brokers started. */
export function metricsText(
  pair: PairView,
  clients: readonly ClientView[],
  destinations: readonly DestinationView[],
): string {
  const brokers = [pair.primary, pair.replica];
  const perBroker = (value: (broker: PairView["primary"]) => number): Sample[] =>
    brokers.map((broker) => [{ node: broker.node }, value(broker)]);
  const perDestination = (value: (destination: DestinationView) => number): Sample[] =>
    destinations.map((destination) => [
      { destination: destination.name, kind: destination.kind },
      value(destination),
    ]);
  const families: Family[] = [
    [
      "understudy_info",
      "gauge",
      "Version and profile",
      [[{ version: pair.version, profile: pair.profile }, 1]],
    ],
    [
      "understudy_protection",
      "gauge",
      "1 for the pair's protection state",
      protection.options.map((name) => [{ protection: name }, pair.protection === name ? 1 : 0]),
    ],
    ["understudy_epoch", "gauge", "Newest epoch granted", [[{}, pair.epoch]]],
    [
      "understudy_broker_state",
      "gauge",
      "1 for the broker's state",
      brokers.flatMap(({ node, state }) =>
        brokerState.options.map((name): Sample => [{ node, state: name }, state === name ? 1 : 0]),
      ),
    ],
    ["understudy_broker_op", "gauge", "Journal position", perBroker(({ op }) => op)],
    [
      "understudy_broker_committed_op",
      "gauge",
      "Journal position known safe",
      perBroker(({ committed }) => committed),
    ],
    [
      "understudy_broker_stored_messages",
      "gauge",
      "Messages stored",
      perBroker(({ storedMessages }) => storedMessages),
    ],
    [
      "understudy_broker_scheduled_messages",
      "gauge",
      "Messages to be delivered later",
      perBroker(({ scheduledMessages }) => scheduledMessages),
    ],
    [
      "understudy_broker_store_bytes",
      "gauge",
      "Size of the store",
      perBroker(({ storeBytes }) => storeBytes),
    ],
    [
      "understudy_broker_memory_bytes",
      "gauge",
      "Resident memory",
      perBroker(({ memoryBytes }) => memoryBytes),
    ],
    ["understudy_broker_clients", "gauge", "Client connections", perBroker((broker) => broker.clients)],
    [
      "understudy_link_attached",
      "gauge",
      "1 while the standby is attached",
      [[{}, pair.link.attached ? 1 : 0]],
    ],
    [
      "understudy_link_lag_entries",
      "gauge",
      "Entries not yet acknowledged by the standby",
      [[{}, pair.link.lagEntries]],
    ],
    ["understudy_link_lag_seconds", "gauge", "Age of the oldest of them", [[{}, pair.link.lagMs / 1_000]]],
    [
      "understudy_clients",
      "gauge",
      "Known clients by state",
      clientView.shape.state.options.map((state) => [
        { state },
        clients.filter((client) => client.state === state).length,
      ]),
    ],
    ["understudy_destination_depth", "gauge", "Messages stored", perDestination(({ depth }) => depth)],
    [
      "understudy_destination_in_flight",
      "gauge",
      "Messages with consumers",
      perDestination(({ inFlight }) => inFlight),
    ],
    [
      "understudy_destination_enqueued_total",
      "counter",
      "Messages accepted",
      perDestination(({ enqueued }) => enqueued),
    ],
    [
      "understudy_destination_dequeued_total",
      "counter",
      "Messages done with",
      perDestination(({ dequeued }) => dequeued),
    ],
  ];
  return families.map(familyText).join("");
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];
type Family = readonly [name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]];

function familyText([name, type, help, samples]: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
