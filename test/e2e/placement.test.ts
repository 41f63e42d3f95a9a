import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launchApp } from "./app.ts";

test("window: opens where and as large as it was closed", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "understudy-e2e-"));
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
  rmSync(dataDirectory, { recursive: true, force: true });

  expect(bounds).toEqual({ x: 60, y: 40, width: 900, height: 640 });
});
