import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asInstant, asWallTime } from "../../engine/base/units.ts";
import { failoverUriOf } from "../../engine/client/failover-uri.ts";
import type { ActorCounters, HostReport } from "../../engine/clients/channel.ts";
import { ClientHost } from "../../engine/clients/host.ts";
import { builtInClient } from "../../engine/control/views.ts";
import { TinyBroker, TinyStore } from "./tiny-broker.ts";

type Statistics = Extract<HostReport, { kind: "statistics" }>;

let store: TinyStore;
let primary: TinyBroker;
let replica: TinyBroker;
let host: ClientHost;
let reports: HostReport[];
let check: () => void;

beforeEach(async () => {
  store = new TinyStore();
  primary = await TinyBroker.listen(store);
  replica = await TinyBroker.listen(store);
  reports = [];
  check = () => undefined;
  host = new ClientHost({
    report: (report) => {
      reports.push(report);
      check();
    },
    now: () => ({ monotonic: asInstant(performance.now()), wall: asWallTime(Date.now()) }),
    runName: "run",
  });
});

afterEach(async () => {
  await host.stop();
  await Promise.all([primary.die(), replica.die()]);
});

function add(id: string, settings: Record<string, unknown>): void {
  host.take({
    kind: "add",
    id,
    settings: builtInClient.parse({ destination: "orders", ...settings }),
    failoverUri: failoverUriOf([primary.port, replica.port]),
    login: null,
    paused: false,
  });
}

/** Resolves with the first report that `wanted` finds something in, past ones included. */
async function reported<T>(wanted: (report: HostReport) => T | null): Promise<T> {
  return new Promise((resolve) => {
    check = () => {
      for (const report of reports) {
        const found = wanted(report);
        if (found !== null) {
          resolve(found);
          return;
        }
      }
    };
    check();
  });
}

const statistics = async (wanted: (one: Statistics) => boolean): Promise<Statistics> =>
  reported((report) => (report.kind === "statistics" && wanted(report) ? report : null));

const nobody: ActorCounters = {
  id: "nobody",
  state: "gone",
  address: null,
  sent: 0,
  received: 0,
  inFlight: 0,
  unacknowledged: 0,
  attempts: 0,
};

const actor = (one: Statistics, id: string): ActorCounters =>
  one.actors.find((other) => other.id === id) ?? nobody;

describe("client host: a failover", () => {
  test.each([
    ["one at a time", { ratePerSecond: 0, window: 1 }, { ackMode: "client-individual", window: 10 }],
    [
      "windowed, acknowledged cumulatively",
      { ratePerSecond: 0, window: 50 },
      { ackMode: "client", window: 20 },
    ],
    [
      "transacted",
      { ratePerSecond: 2_000, transactionSize: 5 },
      { ackMode: "client-individual", window: 100 },
    ],
  ])("%s: nothing confirmed is lost, repeats are flagged", async (_name, producer, consumer) => {
    add("consumer-1", { role: "consumer", ...consumer });
    add("producer-1", { role: "producer", ...producer });
    await statistics((one) => one.ledger.receivedOnce > 50);
    reports.length = 0;
    primary.isMute = true;
    await primary.die();

    const resumed = await reported((report) =>
      report.kind === "event" && report.id === "producer-1" && report.event.kind === "resumed"
        ? report.event
        : null,
    );
    expect(resumed.address).toBe(`tcp://127.0.0.1:${replica.port}`);
    expect(resumed.blackoutMs).toBeGreaterThan(0);
    expect(resumed.blackoutMs).toBeLessThan(2_000);
    const sentBefore = (await statistics(() => true)).ledger.confirmed;
    await statistics((one) => one.ledger.confirmed > sentBefore + 50);
    host.take({ kind: "update", id: "producer-1", paused: true });
    const drained = (one: Statistics): boolean =>
      one.ledger.notYet === 0 &&
      actor(one, "producer-1").inFlight === 0 &&
      actor(one, "producer-1").state === "paused";
    const { ledger } = await statistics(drained);

    expect(ledger).toMatchObject({ unflaggedRepeats: 0, outOfOrder: 0, notYet: 0, lost: 0 });
    expect(ledger.receivedOnce + ledger.receivedAgain).toBe(ledger.confirmed);
    expect(ledger.verdict).toContain("none lost");
  });
});

test("client host: with a loss of the store the ledger says so", async () => {
  add("producer-1", { role: "producer", ratePerSecond: 0, window: 10 });
  await statistics((one) => one.ledger.confirmed > 10);
  host.take({ kind: "update", id: "producer-1", paused: true });
  const { ledger } = await statistics(
    (one) => actor(one, "producer-1").inFlight === 0 && actor(one, "producer-1").state === "paused",
  );
  store.messages.length = 0;
  add("consumer-1", { role: "consumer" });
  host.take({ kind: "mark", mark: 1 });
  host.take({ kind: "stored", mark: 1, destinations: [] });
  const judged = await statistics((one) => one.ledger.lost > 0);
  expect(judged.ledger).toMatchObject({ lost: ledger.confirmed, notYet: 0 });
  expect(judged.ledger.verdict).toContain("LOST");

  host.take({ kind: "list-outstanding", request: 7, limit: 2 });
  const outstanding = await reported((report) => (report.kind === "outstanding" ? report : null));
  expect(outstanding.request).toBe(7);
  expect(outstanding.messages).toEqual([
    { destination: "queue://orders", producer: "producer-1.run.1", sequence: 1 },
    { destination: "queue://orders", producer: "producer-1.run.1", sequence: 2 },
  ]);
  host.take({ kind: "reset-ledger" });
  expect((await statistics((one) => one.ledger.confirmed === 0)).ledger.lost).toBe(0);
});

test("client host: a paused consumer gives back what it holds, and a removed actor is gone", async () => {
  add("producer-1", { role: "producer", ratePerSecond: 0, window: 10 });
  await statistics((one) => one.ledger.confirmed > 10);
  host.take({ kind: "remove", id: "producer-1" });
  add("consumer-1", { role: "consumer", window: 5, processingMs: 60_000 });
  await statistics((one) => one.actors.length === 1 && actor(one, "consumer-1").unacknowledged === 5);
  host.take({ kind: "update", id: "consumer-1", paused: true });
  const paused = await statistics(
    (one) => one.actors.length === 1 && actor(one, "consumer-1").state === "paused",
  );
  expect(actor(paused, "consumer-1").received).toBe(0);
  add("consumer-2", { role: "consumer", window: 100 });
  const { ledger } = await statistics((one) => one.ledger.confirmed > 0 && one.ledger.notYet === 0);
  expect(ledger).toMatchObject({ receivedAgain: 0, lost: 0 });
});

test("client host: a wrong order is refused with a sentence and harms nothing", async () => {
  add("producer-1", { role: "producer" });
  add("producer-1", { role: "producer" });
  add("producer-2", { role: "producer", destination: "temp-queue://x" });
  host.take({ kind: "update", id: "nobody", paused: true });
  const refused = reports.flatMap((report) =>
    report.kind === "refused" ? [`${report.id}: ${report.failure.code}`] : [],
  );
  expect(refused).toEqual([
    "producer-1: CLIENT_ID_IN_USE",
    "producer-2: DESTINATION_INVALID",
    "nobody: NOT_FOUND",
  ]);
  await statistics((one) => actor(one, "producer-1").sent > 0);
});
