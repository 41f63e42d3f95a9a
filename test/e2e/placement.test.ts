import { expect, test } from "vitest";
import { launchApp, newDataDirectory, removeData } from "./app.ts";

test("window: opens where and as large as it was closed", async () => {
  const dataDirectory = newDataDirectory();
  const first = await launchApp({ dataDirectory });
  await first.electron.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 60, y: 40, width: 900, height: 640 });
  });
  await first.close();

  const second = await launchApp({ dataDirectory });
  const bounds = await second.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.getBounds(),
  );
  await second.close();
  removeData(dataDirectory);

  expect(bounds).toEqual({ x: 60, y: 40, width: 900, height: 640 });
});
