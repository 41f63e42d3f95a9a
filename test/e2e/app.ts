import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, errors, type ElectronApplication, type Page } from "playwright";
import { electronPath } from "../../build/electron.mjs";
import { root } from "../../build/paths.mjs";
import { controlClient, type ControlClient } from "../../engine/control/client.ts";
import { watchConsole } from "./console.ts";
import { PairWindow } from "./pair-window.ts";

/** The built app in its window, as a user sees it, with a data directory and ports of its own. */
export interface RunningApp {
  readonly electron: ElectronApplication;
  readonly page: Page;
  readonly window: PairWindow;
  readonly dataDirectory: string;
  /** What the window wrote to its console as errors and warnings, and exceptions that nobody caught. */
  readonly consoleProblems: readonly string[];
  /** The app's control API, as a command in a terminal finds it. Answers once the pair is up. */
  control(): ControlClient;
  /** Quits in order, as File > Quit does, and removes the data. */
  close(): Promise<void>;
}

export interface LaunchOptions {
  /** Kept when the app closes, so that a test may start it again; default: a new directory, removed afterwards. */
  readonly dataDirectory?: string;
  /** As after `npm start --`. */
  readonly args?: readonly string[];
}

const anyPorts = { UNDERSTUDY_PRIMARY_PORT: "0", UNDERSTUDY_REPLICA_PORT: "0", UNDERSTUDY_CONTROL_PORT: "0" };

/**
 * Containers run as root, and there Electron does not start with its sandbox on. They have no graphics processor
 * either, and looking for one again and again can take longer than a test waits.
 */
export const switches = ["--no-sandbox", "--disable-gpu"];
const launchTimeoutMs = 10_000;
/** Times that a launch is tried. */
const launchesMax = 5;

export function newDataDirectory(): string {
  return mkdtempSync(join(tmpdir(), "understudy-e2e-"));
}

/**
 * Starts Electron under the test driver, which takes 0.6 seconds. One launch in ten or so the driver attaches to the new
 * process and then waits for a word that was said before it listened; such a process is ended, and another one started.
 */
export async function launchElectron(
  options: Parameters<typeof _electron.launch>[0],
): Promise<ElectronApplication> {
  for (let launch = 1; ; launch += 1) {
    try {
      return await _electron.launch({ ...options, timeout: launchTimeoutMs });
    } catch (error) {
      if (launch === launchesMax || !(error instanceof errors.TimeoutError)) throw error;
      process.stdout.write(`launch ${launch} of Electron was lost by the test driver; trying again\n`);
    }
  }
}

/** Needs the build (`npm run build`; `npm run e2e` sees to it) and a display. */
export async function launchApp(options: LaunchOptions = {}): Promise<RunningApp> {
  const dataDirectory = options.dataDirectory ?? newDataDirectory();
  const electron = await launchElectron({
    executablePath: await electronPath(),
    args: [...switches, root, ...(options.args ?? [])],
    env: { ...inheritedEnvironment(), ...anyPorts, UNDERSTUDY_DATA: dataDirectory },
  });
  const page = await electron.firstWindow();
  const consoleProblems = watchConsole(page);
  await page.waitForLoadState("domcontentloaded");
  return {
    electron,
    page,
    window: new PairWindow(page),
    dataDirectory,
    consoleProblems,
    control: () => controlOf(dataDirectory),
    close: async () => {
      await electron.close();
      if (options.dataDirectory === undefined) removeData(dataDirectory);
    },
  };
}

export function removeData(dataDirectory: string): void {
  rmSync(dataDirectory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function controlOf(dataDirectory: string): ControlClient {
  const { url } = JSON.parse(readFileSync(join(dataDirectory, "control.json"), "utf8")) as { url: string };
  return controlClient({ url, token: readFileSync(join(dataDirectory, "control.token"), "utf8").trim() });
}

function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
