import { join } from "node:path";
import { BrowserWindow, session, shell, type Session } from "electron";
import { windowOrigin } from "./window-files.ts";
import { rememberPlacement, restorePlacement } from "./window-placement.ts";

/** Where the window comes from: the built files, or electron-vite's server during `npm run dev`. */
const developmentUrl = process.env["ELECTRON_RENDERER_URL"];
export const allowedOrigin = developmentUrl === undefined ? windowOrigin : new URL(developmentUrl).origin;

/** The app's one window, closed to everything but its own page and its own bridge. */
export function openWindow(): BrowserWindow {
  refusePermissions(session.defaultSession);
  const window = new BrowserWindow({
    ...restorePlacement(),
    minWidth: 720,
    minHeight: 480,
    title: "Understudy",
    show: false,
    webPreferences: {
      preload: join(import.meta.dirname, "../preload/preload.cjs"),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      // The timeline keeps its pace while another window, such as the one with the client under test, has the focus.
      backgroundThrottling: false,
    },
  });
  rememberPlacement(window);
  keepOnItsPage(window);
  window.once("ready-to-show", () => {
    window.show();
  });
  // An aborted load means that the window was closed meanwhile.
  void window.loadURL(developmentUrl ?? `${windowOrigin}/index.html`).catch(() => undefined);
  return window;
}

function keepOnItsPage(window: BrowserWindow): void {
  const { webContents } = window;
  webContents.on("will-navigate", (event) => {
    event.preventDefault();
  });
  webContents.on("will-attach-webview", (event) => {
    event.preventDefault();
  });
  webContents.setWindowOpenHandler(({ url }) => {
    if (URL.canParse(url) && new URL(url).protocol === "https:") void shell.openExternal(url);
    return { action: "deny" };
  });
}

/** The window needs no camera, no location and no notifications; only copy buttons write to the clipboard. */
function refusePermissions(windowSession: Session): void {
  const isAllowed = (permission: string): boolean => permission === "clipboard-sanitized-write";
  windowSession.setPermissionRequestHandler((_, permission, decide) => {
    decide(isAllowed(permission));
  });
  windowSession.setPermissionCheckHandler((_, permission) => isAllowed(permission));
}
