import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright";
import { electronPath } from "../../build/electron.mjs";
import { launchElectron, switches } from "./app.ts";
import { watchConsole } from "./console.ts";
import { PairWindow } from "./pair-window.ts";

/** A browser that knows nothing of the app: the system's Chromium, else Electron with nothing but a window. */
export interface OpenedPage {
  readonly page: Page;
  readonly window: PairWindow;
  readonly consoleProblems: readonly string[];
  close(): Promise<void>;
}

const systemChromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function openInBrowser(url: string): Promise<OpenedPage> {
  const executablePath = systemChromium.find((path) => existsSync(path));
  const opened = executablePath === undefined ? await openElectron() : await openChromium(executablePath);
  const { page } = opened;
  const consoleProblems = watchConsole(page);
  await page.goto(url);
  return { ...opened, window: new PairWindow(page), consoleProblems };
}

interface EmptyPage {
  readonly page: Page;
  close(): Promise<void>;
}

async function openChromium(executablePath: string): Promise<EmptyPage> {
  const browser = await chromium.launch({ executablePath, args: switches });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  return { page, close: () => browser.close() };
}

async function openElectron(): Promise<EmptyPage> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-browser-"));
  writeFileSync(
    join(directory, "package.json"),
    '{ "name": "browser", "version": "1.0.0", "main": "main.cjs" }',
  );
  writeFileSync(
    join(directory, "main.cjs"),
    `const { app, BrowserWindow } = require("electron");
     app.setPath("userData", __dirname);
     app.whenReady().then(() => new BrowserWindow({ width: 1280, height: 800 }).loadURL("about:blank"));`,
  );
  const electron = await launchElectron({
    executablePath: await electronPath(),
    args: [...switches, directory],
  });
  return {
    page: await electron.firstWindow(),
    close: async () => {
      await electron.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
