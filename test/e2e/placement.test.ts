import type { Rectangle } from "electron";
import { expect, test } from "vitest";
import { launchApp, newDataDirectory, removeData, type RunningApp } from "./app.ts";

test("window: opens where and as large as it was closed", async () => {
  const dataDirectory = newDataDirectory();
  const placed = { x: 60, y: 40, width: 900, height: 640 };
  const first = await launchApp({ dataDirectory });
  await isShown(first);
  await first.electron.evaluate(
    ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds),
    placed,
  );
  await expect.poll(() => boundsOf(first)).toEqual(placed);
  await expect.poll(() => first.page.evaluate(() => window.innerWidth)).toBe(placed.width);
  await first.close();

  const second = await launchApp({ dataDirectory });
  await isShown(second);
  await expect.poll(() => boundsOf(second)).toEqual(placed);
  await second.close();
  removeData(dataDirectory);
});

/** Before the window is shown, the display may still answer with the size that the window was made with. */
async function isShown({ electron }: RunningApp): Promise<void> {
  await expect
    .poll(() =>
      electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() ?? false),
    )
    .toBe(true);
}

function boundsOf({ electron }: RunningApp): Promise<Rectangle | undefined> {
  return electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
}
