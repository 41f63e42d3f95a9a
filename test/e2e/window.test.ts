import { afterAll, beforeAll, expect, test } from "vitest";
import { launchApp, type RunningApp } from "./app.ts";

let app: RunningApp;

beforeAll(async () => {
  app = await launchApp();
});
afterAll(async () => {
  await app.close();
});

test("window: opens with its page and without a complaint in the console", async () => {
  await app.window.isProtection("Protected");

  expect(await app.page.title()).toBe("Understudy");
  expect(app.consoleProblems).toEqual([]);
});

test("window: has its lower pane also when the page was ready before there was a window to see", async () => {
  await app.page.setViewportSize({ width: 1280, height: 1 });
  await app.page.reload();
  await app.window.isProtection("Protected");
  await app.page.setViewportSize({ width: 1280, height: 800 });

  const pane = app.page.getByRole("separator", { name: "Height of the lower pane" });
  await expect.poll(() => pane.getAttribute("aria-valuenow")).toBe("208");
});

test("window: reaches the outside through its bridge alone", async () => {
  const reachable = await app.page.evaluate(() => ({
    bridge: Object.keys((window as { understudy?: object }).understudy ?? {}),
    node: ["require", "process", "module", "Buffer"].filter((name) => name in window),
  }));

  expect(reachable).toEqual({ bridge: ["call", "onEvent"], node: [] });
});

test("window: stays on its page and opens no other", async () => {
  const before = app.page.url();
  await app.page.evaluate(() => {
    window.open("http://127.0.0.1:9/");
    location.href = "http://127.0.0.1:9/";
  });

  await expect.poll(() => app.electron.windows().length).toBe(1);
  expect(app.page.url()).toBe(before);
});

test("window: runs no script that is not its own", async () => {
  const ran = await app.page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.head.append(script);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return "injected" in window;
  });

  expect(ran).toBe(false);
});
