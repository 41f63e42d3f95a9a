import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  app,
  screen,
  type BrowserWindow,
  type BrowserWindowConstructorOptions,
  type Rectangle,
} from "electron";
import { z } from "zod";

const sizeDefault = { width: 1280, height: 800 };

const storedPlacement = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) }),
  maximized: z.boolean(),
});

/** Size and place of the last time, if a screen still shows that place. */
export function restorePlacement(): BrowserWindowConstructorOptions {
  const placement = readPlacement();
  if (placement === null || !isOnScreen(placement.bounds)) return sizeDefault;
  return placement.bounds;
}

/** Writes size and place down when the window closes or the app quits, and maximizes it again if it was. */
export function rememberPlacement(window: BrowserWindow): void {
  if (readPlacement()?.maximized === true) window.maximize();
  window.on("close", () => writePlacement(window));
  app.on("before-quit", () => {
    if (!window.isDestroyed()) writePlacement(window);
  });
}

function writePlacement(window: BrowserWindow): void {
  const placement = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
  try {
    writeFileSync(placementFile(), JSON.stringify(placement));
  } catch {
    // A full disk must not keep the window from closing; it opens in its default size next time.
  }
}

function readPlacement(): z.infer<typeof storedPlacement> | null {
  try {
    return storedPlacement.parse(JSON.parse(readFileSync(placementFile(), "utf8")));
  } catch {
    return null;
  }
}

function placementFile(): string {
  return join(app.getPath("userData"), "window.json");
}

function isOnScreen(bounds: Rectangle): boolean {
  const { workArea } = screen.getDisplayMatching(bounds);
  return (
    bounds.x < workArea.x + workArea.width &&
    bounds.x + bounds.width > workArea.x &&
    bounds.y < workArea.y + workArea.height &&
    bounds.y >= workArea.y - 1
  );
}
