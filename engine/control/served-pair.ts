import { resolve } from "node:path";
import { BrokerError } from "../base/errors.ts";
import type { PairConfiguration } from "../config/configuration.ts";
import { holdPort, isPortFreeSoon, portInUse } from "../host/ports.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { announce, createToken, findRunning, withdraw } from "./server/announcement.ts";
import type { ControlServer } from "./server.ts";

/** As long as a pair may take to stop both brokers in order, the one after the other. */
const stoppingMsMax = 20_000;
const stoppingPollMs = 50;

/** What starts a pair and serves its control API; loaded late, as it is most of what starting up costs. */
export interface Machinery {
  createSupervisor(configuration: PairConfiguration): Promise<Supervisor>;
  createControlServer(
    supervisor: Supervisor,
    options: { port: number; token: string; windowDirectory: string },
  ): Promise<ControlServer>;
}

/** A running pair whose control API is served, so that commands in the same data directory find it. */
export interface ServedPair {
  readonly supervisor: Supervisor;
  /** Of the control API: `http://127.0.0.1:8161`. */
  readonly url: string;
  /** Of the window, with the token that lets a browser in. */
  readonly windowUrl: string;
  /** Takes the announcement back, closes the server and stops both brokers in order. */
  stop(): Promise<void>;
}

/**
 * Starts a pair, serves its control API and announces it in the data directory. Throws `BrokerError` WRONG_STATE when
 * a pair runs there already, PORT_IN_USE, and what the supervisor throws; then nothing is left running.
 */
export async function servePair(
  configuration: PairConfiguration,
  windowDirectory: string,
  load: () => Promise<Machinery>,
): Promise<ServedPair> {
  const { settled, releasePort } = await settle(configuration);
  const { dataDirectory } = settled;
  const machinery = await load();
  const supervisor = await createOnceFree(settled, machinery).catch(async (error: unknown) => {
    await releasePort();
    throw error;
  });
  let server: ControlServer | null = null;
  const stop = async (): Promise<void> => {
    withdraw(dataDirectory, process.pid);
    await server?.close();
    await supervisor.stop();
  };
  try {
    const token = createToken(dataDirectory);
    await releasePort();
    server = await machinery.createControlServer(supervisor, {
      port: settled.controlPort,
      token,
      windowDirectory,
    });
    announce(dataDirectory, { url: server.url, pid: process.pid });
    return { supervisor, url: server.url, windowUrl: `${server.url}/#token=${token}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Finds out what stands in the way before anything is started, and what the control API's address will be. */
async function settle(configuration: PairConfiguration): Promise<Settled> {
  const dataDirectory = resolve(configuration.dataDirectory);
  refuseSecond(dataDirectory);
  const { controlPort } = configuration;
  if (controlPort !== 0 && !(await isPortFreeSoon(controlPort)))
    throw await portInUse(controlPort, "control API");
  const settled = { ...configuration, dataDirectory };
  if (controlPort !== 0) return { settled, releasePort: () => Promise.resolve() };
  const { port, release } = await holdPort();
  return { settled: { ...settled, controlPort: port }, releasePort: release };
}

interface Settled {
  readonly settled: PairConfiguration;
  /** Lets go of the control API's port if it was chosen here: nobody else may take it while the brokers start. */
  readonly releasePort: () => Promise<void>;
}

/** A pair that is just being stopped has withdrawn its announcement, and still holds the directory: it is waited for. */
async function createOnceFree(configuration: PairConfiguration, machinery: Machinery): Promise<Supervisor> {
  const deadline = performance.now() + stoppingMsMax;
  for (;;) {
    try {
      return await machinery.createSupervisor(configuration);
    } catch (error) {
      const isLocked = error instanceof BrokerError && error.code === "STORE_LOCKED";
      if (!isLocked || performance.now() > deadline) throw error;
    }
    await new Promise((resolveWait) => setTimeout(resolveWait, stoppingPollMs));
    refuseSecond(configuration.dataDirectory);
  }
}

function refuseSecond(dataDirectory: string): void {
  const running = findRunning(dataDirectory);
  if (running !== null && running.pid !== process.pid) {
    throw new BrokerError("WRONG_STATE", {
      action: "start",
      node: `pair in ${dataDirectory}`,
      state: `running already, as process ${running.pid} (${running.url})`,
    });
  }
}
