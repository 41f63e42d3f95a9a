import { join } from "node:path";
import { app, dialog, type BrowserWindow } from "electron";
import { servePair, type ServedPair } from "../engine/control/served-pair.ts";
import { sendEvent, serveCalls } from "./ipc-main.ts";
import { setMenu } from "./menu.ts";
import { readSettings, settleDirectories } from "./settings.ts";
import { declareWindowScheme, serveWindowFiles } from "./window-files.ts";
import { openWindow } from "./window.ts";

settleDirectories();
declareWindowScheme();
if (app.requestSingleInstanceLock()) void run();
else app.quit();

async function run(): Promise<void> {
  await app.whenReady();
  serveWindowFiles(join(import.meta.dirname, "../renderer"));
  // The window opens while the brokers start: people see something at once, and what they see is the start.
  const starting = startPair();
  serveCalls(starting.then(({ supervisor }) => supervisor.service));
  const window = openWindow();
  setMenu(window);
  quitInOrder(starting);
  app.on("second-instance", () => {
    if (window.isMinimized()) window.restore();
    window.focus();
  });
  await connect(starting, window);
}

/**
 * The app serves the control API too: what a click can do, a command in a terminal can do to the same pair.
 * Asynchronous as a whole, so that a wrong setting is reported like any other reason not to start.
 */
async function startPair(): Promise<ServedPair> {
  return await servePair(readSettings(), join(import.meta.dirname, "../renderer"), async () => {
    const [{ createSupervisor }, { createControlServer }] = await Promise.all([
      import("../engine/supervisor/create.ts"),
      import("../engine/control/server.ts"),
    ]);
    return { createSupervisor, createControlServer };
  });
}

async function connect(starting: Promise<ServedPair>, window: BrowserWindow): Promise<void> {
  try {
    const { supervisor } = await starting;
    supervisor.events.subscribe((event) => {
      sendEvent(window, event);
    });
  } catch (error) {
    dialog.showErrorBox(
      "Understudy cannot start the pair",
      error instanceof Error ? error.message : String(error),
    );
    app.quit();
  }
}

/** Whatever ends the app, the brokers are stopped first, the active one before the other. */
function quitInOrder(starting: Promise<ServedPair>): void {
  let isStopping = false;
  app.on("window-all-closed", () => {
    app.quit();
  });
  app.on("before-quit", (event) => {
    event.preventDefault();
    if (isStopping) return;
    isStopping = true;
    void starting
      .then((pair) => pair.stop())
      // A pair that never started needs no stopping; people have been told why.
      .catch(() => undefined)
      .then(() => {
        app.exit(0);
      });
  });
}
