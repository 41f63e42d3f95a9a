import { fakeClient } from "./fake-clients.ts";
import { FakePair } from "./fake-pair.ts";
import { fakeRecover } from "./fake-recovery.ts";

/** What has happened before somebody looks, in seconds before now, oldest first. */
type Script = readonly (readonly [secondsAgo: number, happen: (pair: FakePair) => void])[];

const clientsArrive: Script = [
  [
    52,
    (pair) =>
      pair.clients.push(
        fakeClient(pair.at, { role: "consumer", destination: "demo", window: 100, ratePerSecond: 400 }),
      ),
  ],
  [
    51.5,
    (pair) =>
      pair.clients.push(fakeClient(pair.at, { role: "producer", destination: "demo", ratePerSecond: 50 })),
  ],
  [
    47,
    (pair) =>
      pair.clients.push(
        fakeClient(pair.at, {
          role: "producer",
          destination: "orders",
          ratePerSecond: 220,
          bodyBytes: 1_024,
          window: 16,
        }),
      ),
  ],
  [
    46.2,
    (pair) =>
      pair.clients.push(
        fakeClient(
          pair.at,
          { role: "consumer", destination: "orders", ratePerSecond: 200 },
          { name: "order-service", address: "172.18.0.4:51822", protocol: "STOMP 1.2" },
        ),
      ),
  ],
  [
    44,
    (pair) =>
      pair.clients.push(
        fakeClient(
          pair.at,
          { role: "consumer", destination: "orders", ratePerSecond: 9 },
          { name: "audit.py", address: "127.0.0.1:50144", protocol: "STOMP 1.1" },
        ),
      ),
  ],
];

const failover: Script = [...clientsArrive, [21, (pair) => pair.kill("primary")]];

export const scenes: Readonly<Record<string, Script>> = {
  empty: [],
  protected: clientsArrive,
  "failing-over": [
    ...clientsArrive,
    [
      0.6,
      (pair) => {
        pair.takeoverMs = 3_600_000;
        pair.kill("primary");
      },
    ],
  ],
  unprotected: failover,
  recovering: [...failover, [6, (pair) => fakeRecover(pair, 118e6)]],
  recovered: [...failover, [14, (pair) => fakeRecover(pair, 700e6)]],
  split: [
    [59, (pair) => void (pair.profile = "classic")],
    ...clientsArrive,
    [26, (pair) => pair.setLink("cut", 0)],
    [
      21,
      (pair) => {
        pair.clients.push(
          fakeClient(
            pair.at,
            { role: "producer", destination: "orders", ratePerSecond: 20 },
            { name: "billing", address: "127.0.0.1:50911", protocol: "STOMP 1.2" },
          ),
        );
      },
    ],
  ],
  down: [
    ...clientsArrive,
    [16, (pair) => pair.halt("replica", "stopped")],
    [9, (pair) => pair.kill("primary")],
  ],
  heavy: Array.from(
    { length: 120 },
    (_, index) =>
      [
        50 - index / 10,
        (pair: FakePair): void => {
          pair.clients.push(
            fakeClient(pair.at, {
              role: index % 2 === 0 ? "producer" : "consumer",
              destination: `load.${String(index % 12)}`,
              ratePerSecond: 160,
            }),
          );
        },
      ] as const,
  ),
};

const pastMs = 58_000;
const stepMs = 200;

/** Plays the scene's past at once, then lets it go on in real time. */
export function playScene(name: string): FakePair {
  const now = Date.now();
  const pair = new FakePair(now - pastMs);
  pair.start("primary");
  pair.advanceTo(pair.at + 600);
  pair.start("replica");
  for (const [secondsAgo, happen] of scenes[name] ?? []) {
    pair.advanceTo(now - secondsAgo * 1_000);
    happen(pair);
  }
  pair.advanceTo(now);
  setInterval(() => pair.advanceTo(Date.now(), stepMs), stepMs);
  return pair;
}
