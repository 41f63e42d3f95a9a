import { rmSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { BrokerError } from "../base/errors.ts";
import type { PairConfiguration } from "../config/configuration.ts";
import type { ViewUpdate } from "../control/events.ts";
import type { PairView } from "../control/views.ts";
import { freePort, isPortFreeSoon, portInUse } from "../host/ports.ts";
import { ArbiterBook } from "./arbiter-book.ts";
import { otherNode, type ArbiterState } from "./arbiter-state.ts";
import { replicaLoginOf, type PairPorts } from "./broker-settings.ts";
import { ClientDesk } from "./client-desk.ts";
import { controlService } from "./control-service.ts";
import { openDataDirectory, type DataDirectory } from "./data-directory.ts";
import { DestinationBoard } from "./destination-board.ts";
import { endOfOrphans } from "./orphans.ts";
import { PairRuntime } from "./pair-runtime.ts";
import { pairViewOf } from "./pair-view.ts";
import { Recovery } from "./recovery.ts";
import { recoveryHands } from "./recovery-hands.ts";
import { RecoveryFiles, settleInterrupted } from "./recovery-journal.ts";
import { brokerRuntime, type ChildRuntime } from "./runtime.ts";
import { storeCheckProcess } from "./store-check.ts";
import type { Supervisor } from "./supervisor.ts";
import { Timeline } from "./timeline.ts";

/** Both brokers have found their places by then, or the view says what is missing. */
const readyTimeoutMs = 15_000;

/**
 * Starts a pair and resolves when it is protected, or as far as it can get within fifteen seconds. Rejects with a
 * `BrokerError` when the directory or a port cannot be had, or when neither broker starts.
 */
export async function createSupervisor(configuration: PairConfiguration): Promise<Supervisor> {
  const directory = openDataDirectory(configuration.dataDirectory);
  try {
    await endOfOrphans(directory.orphans);
    return await assemble({ ...configuration, dataDirectory: directory.path }, directory);
  } catch (error) {
    directory.release();
    throw error;
  }
}

async function assemble(configuration: PairConfiguration, directory: DataDirectory): Promise<Supervisor> {
  const runtime = brokerRuntime();
  const [ports, { state, notice }] = await Promise.all([
    choosePorts(configuration),
    prepareStores(configuration, runtime),
  ]);
  const machine = build(configuration, { runtime, ports, state, directory });
  const { pair, timeline, recovery } = machine;
  if (notice !== null) timeline.add({ kind: "notice", severity: "warning", text: notice });
  await recovery.restore();
  try {
    await startBoth(pair);
  } catch (error) {
    await stopAll(machine, null);
    throw error;
  }
  let stopping: Promise<void> | null = null;
  return {
    service: controlService({ ...machine, view: () => machine.view() }),
    events: {
      subscribe: (listener) => timeline.subscribe(listener),
      follow: (listener) => timeline.follow(listener),
    },
    configuration: { ...configuration, primaryPort: ports.primary, replicaPort: ports.replica },
    stop: () => (stopping ??= stopAll(machine, directory)),
  };
}

interface Machine {
  readonly pair: PairRuntime;
  readonly timeline: Timeline;
  readonly clients: ClientDesk;
  readonly destinations: DestinationBoard;
  readonly recovery: Recovery;
  view(): PairView;
}

interface BuildParts {
  readonly runtime: ChildRuntime;
  readonly ports: PairPorts;
  readonly state: ArbiterState;
  readonly directory: DataDirectory;
}

function build(configuration: PairConfiguration, { runtime, ports, state, directory }: BuildParts): Machine {
  const startedAt = Date.now();
  const book = new ArbiterBook(configuration.dataDirectory);
  const destinations = new DestinationBoard();
  const view = (): PairView =>
    pairViewOf({
      configuration,
      nodes: pair.snapshots(clients.counts()),
      arbiter: pair.arbiter,
      promotable: pair.promotable,
      link: pair.link,
      failover: clients.failover,
      recovering: recovery.view.state === "running",
      controlUrl: `http://127.0.0.1:${configuration.controlPort}`,
      startedAt,
      version: packageJson.version,
    });
  const update = (): ViewUpdate => ({
    kind: "views",
    at: Date.now(),
    pair: view(),
    clients: clients.views(),
    destinations: destinations.views(performance.now()),
    ledger: clients.ledger,
    recovery: recovery.view,
  });
  const timeline = new Timeline(update, () => Date.now());
  const clients: ClientDesk = new ClientDesk({
    runtime,
    timeline,
    ports,
    failoverUri: `failover:(tcp://127.0.0.1:${ports.primary},tcp://127.0.0.1:${ports.replica})?randomize=false`,
    login: configuration.users[0] ?? null,
    storedNow: async () => await pair.active().request({ kind: "destinations" }),
  });
  const login = replicaLoginOf(configuration);
  const pair: PairRuntime = new PairRuntime(
    {
      configuration,
      runtime,
      ports,
      login,
      arbiterState: state,
      persist: (changed) => book.write(changed),
      brokersAre: (pids) => directory.noteBrokers(pids),
    },
    timeline,
    {
      clientReport: (node, report) => {
        clients.reported(node, report);
        if (report.kind === "statistics")
          destinations.counted(node, report.statistics, pair.arbiter.holder === node, performance.now());
      },
      nodeIs: (node, state, at) => clients.nodeIs(node, state, at),
      nodeLost: (node, at) => clients.nodeLost(node, at),
      tookOver: (node, tookMs) => clients.tookOver(node, tookMs),
      whole: () => clients.whole(),
      protectionNow: () => view().protection,
    },
  );
  const recovery: Recovery = new Recovery(
    recoveryHands({ configuration, pair, timeline, storeCheck: storeCheckProcess(runtime) }),
  );
  return { pair, timeline, clients, destinations, recovery, view };
}

async function choosePorts({
  primaryPort,
  replicaPort,
}: PairConfiguration): Promise<{ primary: number; replica: number }> {
  for (const [node, port] of [
    ["primary", primaryPort],
    ["replica", replicaPort],
  ] as const) {
    if (port !== 0 && !(await isPortFreeSoon(port))) throw await portInUse(port, node);
  }
  if (primaryPort !== 0 && primaryPort === replicaPort) {
    throw new BrokerError("REQUEST_INVALID", {
      detail: `Both brokers are given port ${primaryPort}; each needs its own.`,
    });
  }
  const primary = primaryPort === 0 ? await freePortBut(replicaPort) : primaryPort;
  return { primary, replica: replicaPort === 0 ? await freePortBut(primary) : replicaPort };
}

async function freePortBut(taken: number): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port !== taken) return port;
  }
}

/** Brings the directory into a state to start from: an interrupted recovery settled, the arbiter's book read. */
async function prepareStores(
  configuration: PairConfiguration,
  runtime: ChildRuntime,
): Promise<{ state: ArbiterState; notice: string | null }> {
  const { dataDirectory } = configuration;
  const book = new ArbiterBook(dataDirectory);
  if (configuration.deleteAllMessagesOnStartup) {
    for (const name of ["primary", "replica", "arbiter.json", "recovery.json"])
      rmSync(join(dataDirectory, name), { recursive: true, force: true });
  }
  const state = book.read() ?? (await book.rebuild(storeCheckProcess(runtime)));
  let settled = state;
  const notice = settleInterrupted(new RecoveryFiles(dataDirectory), Date.now(), (inSync, op) => {
    settled = { ...settled, inSync: [...inSync], alone: inSync.length === 1, provenOp: op, split: false };
    book.write(settled);
  });
  return { state: settled, notice };
}

async function startBoth(pair: PairRuntime): Promise<void> {
  // Both are announced before either is forked, so that each is waited for.
  pair.tellArbiter({ kind: "starting", node: "replica" });
  pair.start("primary");
  pair.start("replica");
  const { primary, replica } = pair.nodes;
  const isDead = (node: typeof primary): boolean => !node.isRunning;
  const isOut = (node: typeof primary): boolean =>
    isDead(node) || node.state === "out of sync" || node.state === "fenced";
  const isAsGoodAsItGets = (): boolean =>
    (isOut(primary) && replica.state === "active") || (isOut(replica) && primary.state === "active");
  const failure = (): string | null =>
    isDead(primary) && isDead(replica)
      ? `neither broker started. Primary: ${primary.reason ?? primary.state} Replica: ${replica.reason ?? replica.state}`
      : null;
  const late = "late";
  try {
    await pair.until(() => pair.isProtected || isAsGoodAsItGets(), {
      timeoutMs: readyTimeoutMs,
      late,
      failure,
    });
  } catch (error) {
    if ((error as Error).message !== late)
      throw new BrokerError("INTERNAL", { detail: (error as Error).message });
  }
}

/** The active node first, so that it hands all to the standby before both end; nobody takes over meanwhile. */
async function stopAll({ pair, timeline, clients }: Machine, directory: DataDirectory | null): Promise<void> {
  pair.suspend();
  const first = pair.arbiter.holder ?? "primary";
  await pair.stop(first, true);
  await pair.stop(otherNode(first), true);
  await clients.stop();
  timeline.close();
  directory?.release();
}
