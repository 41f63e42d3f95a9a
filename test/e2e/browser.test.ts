// The same window from `understudy up --window`, in a browser and over a WebSocket.
import { expect, onTestFinished, test } from "vitest";
import { Pair } from "../process/pair.ts";
import { openInBrowser, type OpenedPage } from "./browser.ts";

async function openWindowOf(pair: Pair, change = (url: string): string => url): Promise<OpenedPage> {
  const { window } = pair.ready as { window?: string };
  if (window === undefined) throw new Error("`up --window --json` did not print where the window is.");
  const opened = await openInBrowser(change(window));
  onTestFinished(() => opened.close());
  return opened;
}

test("browser: kill and recover work there as in the app, and the token leaves the address bar", async () => {
  const pair = await Pair.start({ flags: ["--window"] });
  const { window, page, consoleProblems } = await openWindowOf(pair);

  await window.isProtection("Protected");
  expect(page.url()).not.toContain(pair.token);
  await window.startDemo();
  await window.press("Kill", "primary");
  await window.isProtection("Unprotected");
  await window.isBroker("replica", "active");
  await window.flows();
  await window.recover("primary");
  await window.isProtection("Protected");
  await window.isBroker("primary", "active");
  await window.flows();

  expect(await window.counted("lost")).toBe(0);
  await page.reload();
  await window.isProtection("Protected");
  expect(await window.clients.count()).toBe(2);
  expect(consoleProblems).toEqual([]);
});

test("browser: a wrong token is refused with a sentence, and shows nothing of the pair", async () => {
  const pair = await Pair.start({ flags: ["--window"] });
  const { page } = await openWindowOf(pair, (url) => url.replace(/token=.*/, "token=guessed"));

  const refusal = page.getByRole("alert", { name: "Connection" });
  await refusal.filter({ hasText: /token/ }).waitFor();
  expect(await page.getByRole("region", { name: "Pair" }).count()).toBe(0);
});

test("browser: a window that lost its supervisor says so", async () => {
  const pair = await Pair.start({ flags: ["--window"] });
  const { window, page } = await openWindowOf(pair);
  await window.isProtection("Protected");

  expect(await pair.interrupt()).toBe(0);

  await page
    .getByRole("alert", { name: "Connection" })
    .filter({ hasText: /does not answer/ })
    .waitFor();
});
