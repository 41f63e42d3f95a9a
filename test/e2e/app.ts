import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, type ElectronApplication, type Page } from "playwright";
import { electronPath } from "../../build/electron.mjs";
import { root } from "../../build/paths.mjs";

/** The built app in its window, as a user sees it, with a data directory and ports of its own. */
export interface RunningApp {
  readonly electron: ElectronApplication;
  readonly window: Page;
  readonly dataDirectory: string;
  /** What the window wrote to its console as errors, and exceptions that nobody caught. */
  readonly consoleErrors: readonly string[];
  /** Writes test/artifacts/<name>.png and returns its path. */
  screenshot(name: string): Promise<string>;
  /** Quits in order, as File > Quit does, and removes the data. */
  close(): Promise<void>;
}

export interface LaunchOptions {
  /** Kept when the app closes, so that a test may start it again; default: a new directory, removed afterwards. */
  readonly dataDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const artifacts = join(root, "test", "artifacts");
const anyPorts = { UNDERSTUDY_PRIMARY_PORT: "0", UNDERSTUDY_REPLICA_PORT: "0", UNDERSTUDY_CONTROL_PORT: "0" };

/** Needs the build (`npm run build`; `npm run e2e` sees to it) and a display. */
export async function launchApp(options: LaunchOptions = {}): Promise<RunningApp> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), "understudy-e2e-"));
  const electron = await _electron.launch({
    executablePath: await electronPath(),
    // Containers run as root, and there Electron does not start with its sandbox on.
    args: ["--no-sandbox", root],
    env: { ...inheritedEnvironment(), ...anyPorts, UNDERSTUDY_DATA: dataDirectory, ...options.environment },
  });
  const window = await electron.firstWindow();
  const consoleErrors: string[] = [];
  window.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text());
  });
  window.on("pageerror", (error) => {
    consoleErrors.push(error.stack ?? error.message);
  });
  await window.waitForLoadState("domcontentloaded");
  return {
    electron,
    window,
    dataDirectory,
    consoleErrors,
    screenshot: async (name) => {
      mkdirSync(artifacts, { recursive: true });
      const path = join(artifacts, `${name}.png`);
      await window.screenshot({ path });
      return path;
    },
    close: async () => {
      await electron.close();
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
