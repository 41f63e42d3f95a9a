import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { commandLine } from "../base/command-line.ts";
import type { PairConfiguration } from "../config/configuration.ts";
import { loadPairConfiguration } from "../config/load.ts";
import type { TimelineEvent } from "../control/events.ts";
import { servePair, type Machinery } from "../control/served-pair.ts";
import type { BrokerView, PairView } from "../control/views.ts";
import {
  addCommonOptions,
  inSamePlace,
  portNumber,
  printJson,
  type CommonOptions,
  type Run,
} from "./command.ts";
import {
  addSharedFlags,
  printNotices,
  readSource,
  sharedOptions,
  type SharedFlags,
} from "./configuration.ts";
import { defaultDirectory } from "../control/default-directory.ts";
import { brokerText, eventJson, eventText } from "./print.ts";
import type { Terminal } from "./terminal.ts";

export interface UpOptions extends CommonOptions, SharedFlags {
  readonly primaryPort?: number;
  readonly replicaPort?: number;
  readonly controlPort?: number;
  readonly window?: boolean;
}

export function define(command: Command, run: Run): void {
  addSharedFlags(command)
    .option("--primary-port <port>", "the primary's port, 0 for any free one (default: 61616)", portNumber)
    .option("--replica-port <port>", "the replica's port, 0 for any free one (default: 61617)", portNumber)
    .option("--control-port <port>", "the control API's port, 0 for any free one (default: 8161)", portNumber)
    .option("--window", "serve the window to a browser, and print its address");
  addCommonOptions(command);
  run(command, async (terminal, options: UpOptions) => up(options, terminal, loadMachinery));
}

/** Loaded only now and side by side: this is most of what starting up costs. */
async function loadMachinery(): Promise<Machinery> {
  const [{ createSupervisor }, { createControlServer }] = await Promise.all([
    import("../supervisor/create.ts"),
    import("../control/server.ts"),
  ]);
  return { createSupervisor, createControlServer };
}

/** Runs a pair until the process is told to stop, then stops both brokers in order. */
export async function up(
  options: UpOptions,
  terminal: Terminal,
  load: () => Promise<Machinery>,
): Promise<number> {
  const stopped = terminal.untilStopped();
  // `read -r ready < <(understudy up --json)` reads one line of a pair that is to live on.
  terminal.outliveReader();
  const configuration = configure(options, terminal);
  const served = await servePair(configuration, windowDirectory(), load);
  const { supervisor, url, windowUrl } = served;
  try {
    const pair = await supervisor.service.getPair({});
    supervisor.events.follow((event) => {
      printEvent(event, options, terminal);
    });
    const shownWindow = options.window === true ? windowUrl : null;
    if (options.json === true)
      printJson(terminal, {
        ...readyLine(pair, url),
        ...(shownWindow === null ? {} : { window: shownWindow }),
      });
    else
      terminal.out(
        readyText(pair, {
          controlUrl: url,
          windowUrl: shownWindow,
          typed: (...words) => inSamePlace(commandLine(...words), options),
        }),
      );
    await aborted(stopped);
  } finally {
    await served.stop();
  }
  return 0;
}

function configure(options: UpOptions, terminal: Terminal): PairConfiguration {
  const { configuration, notices } = loadPairConfiguration(readSource(options.config), {
    environment: terminal.environment,
    flags: {
      ...sharedOptions(options),
      dataDirectory: options.data,
      primaryPort: options.primaryPort,
      replicaPort: options.replicaPort,
      controlPort: options.controlPort,
    },
    dataDirectory: defaultDirectory(terminal),
  });
  printNotices(notices, terminal);
  return configuration;
}

/** The line that says a pair is ready, for scripts. */
export function readyLine(pair: PairView, controlUrl: string): Record<string, unknown> {
  const broker = ({ port, pid, state }: BrokerView): object => ({ port, pid, state });
  return {
    event: "ready",
    failover: pair.failoverUri,
    control: controlUrl,
    data: pair.dataDirectory,
    primary: broker(pair.primary),
    replica: broker(pair.replica),
    protection: pair.protection,
  };
}

interface ReadyContext {
  readonly controlUrl: string;
  readonly windowUrl: string | null;
  /** How this person types a command. */
  readonly typed: (...words: readonly string[]) => string;
}

function readyText(pair: PairView, { controlUrl, windowUrl, typed }: ReadyContext): string {
  const killByHand = pair.primary.pid === null ? "" : `  (or: kill -9 ${pair.primary.pid})`;
  return [
    `The pair is ${pair.protection}. ${pair.sentence}`,
    "",
    brokerText(pair.primary),
    brokerText(pair.replica),
    `  control  ${controlUrl}`,
    `  data     ${pair.dataDirectory}`,
    ...(windowUrl === null ? [] : ["", `Open the window:         ${windowUrl}`]),
    "",
    `Point your clients at:   ${pair.failoverUri}`,
    `Kill the primary:        ${typed("kill", "primary")}${killByHand}`,
    `Bring it back:           ${typed("recover")}`,
    "Stop both:               Ctrl+C",
    "",
    "",
  ].join("\n");
}

function printEvent(event: TimelineEvent, { json }: UpOptions, terminal: Terminal): void {
  terminal.out(json === true ? eventJson(event) : eventText(event));
}

function windowDirectory(): string {
  return fileURLToPath(new URL("../../out/renderer", import.meta.url));
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolveWait) => {
    signal.addEventListener("abort", resolveWait, { once: true });
  });
}
