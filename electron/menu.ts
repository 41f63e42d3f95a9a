import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  app,
  clipboard,
  dialog,
  Menu,
  shell,
  type BrowserWindow,
  type MenuItemConstructorOptions,
} from "electron";

/** The menu bar. Actions on the pair are in the window, where they are seen to work. */
export function setMenu(window: BrowserWindow): void {
  const isMac = process.platform === "darwin";
  const about: MenuItemConstructorOptions = {
    label: "About Understudy",
    click: () => void showAbout(window),
  };
  const macMenu: MenuItemConstructorOptions[] = [
    { label: app.name, submenu: [about, { type: "separator" }, { role: "hide" }, { role: "quit" }] },
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? macMenu : [{ label: "&File", submenu: [{ role: "quit" } as const] }]),
      { role: "editMenu" },
      {
        label: "&View",
        submenu: [
          { role: "resetZoom" },
          { role: "zoomIn" },
          { role: "zoomOut" },
          { type: "separator" },
          { role: "togglefullscreen" },
          { type: "separator" },
          { role: "reload" },
          { role: "toggleDevTools" },
        ],
      },
      { role: "windowMenu" },
      { label: "&Help", role: "help", submenu: [about] },
    ]),
  );
}

async function showAbout(window: BrowserWindow): Promise<void> {
  const versions = describeVersions();
  const { response } = await dialog.showMessageBox(window, {
    type: "info",
    title: "About Understudy",
    message: `Understudy ${app.getVersion()}`,
    detail: `${versions}\n\nLicensed under the Apache License 2.0. Electron and Chromium come with licences of their own.`,
    buttons: ["Close", "Copy versions", "Show licences"],
    cancelId: 0,
    noLink: true,
  });
  if (response === 1) await clipboard.writeText(`Understudy ${app.getVersion()}\n${versions}`);
  if (response === 2) await showLicences();
}

function describeVersions(): string {
  const { electron, chrome, node, modules } = process.versions;
  return [
    `Electron ${electron}`,
    `Chromium ${chrome}`,
    `Node ${node} (modules ${modules})`,
    `${process.platform} ${process.arch}`,
  ].join("\n");
}

/** Electron keeps Chromium's licences beside its executable; ours is at the root of the app. */
async function showLicences(): Promise<void> {
  const directory = dirname(process.execPath);
  const chromium = readdirSync(directory).find((name) => name.startsWith("LICENSES.chromium"));
  await shell.openPath(join(app.getAppPath(), "LICENSE"));
  if (chromium !== undefined) await shell.openPath(join(directory, chromium));
}
