// The whole pair without a mouse.
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchApp, type RunningApp } from "./app.ts";
import type { PairWindow } from "./pair-window.ts";
import { accessibilityProblems } from "./portrait.ts";

let app: RunningApp;
let window: PairWindow;

beforeAll(async () => {
  app = await launchApp();
  window = app.window;
  await window.isProtection("Protected");
});
afterAll(async () => {
  await app.close();
});

test("keyboard: Tab reaches every action of the pair", async () => {
  const reached = new Set<string>();
  const { keyboard } = window.page;
  for (let step = 0; step < 80; step += 1) {
    await keyboard.press("Tab");
    reached.add(await window.page.evaluate(nameOfFocus));
  }

  for (const node of ["primary", "replica"])
    for (const action of ["Kill", "Freeze", "Stop", "More for"])
      expect(reached).toContain(`${action} ${node}`);
  for (const name of ["Add producer", "Add consumer", "Start the demo", "Pause the timeline"])
    expect(reached).toContain(name);
  expect([...reached].some((name) => name.startsWith("Link"))).toBe(true);
  expect([...reached].some((name) => name.startsWith("Timeline"))).toBe(true);
});

test("keyboard: the palette finds a command by its words and runs it", async () => {
  await window.page.keyboard.press("Control+k");
  const palette = window.page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("option", { name: /^Kill primary/ }).waitFor();
  expect(await accessibilityProblems(window.page)).toEqual([]);
  await window.page.keyboard.type("kill primary");
  await window.page.keyboard.press("Enter");

  await palette.waitFor({ state: "hidden" });
  await window.isBroker("primary", "killed");
  await window.isProtection("Unprotected");
});

test("keyboard: the offered recovery is run by Enter alone", async () => {
  await window.page.keyboard.press("Alt+c");
  const recover = window.recovery.getByRole("button", { name: "Recover the primary", exact: true });
  await recover.focus();
  await window.page.keyboard.press("Enter");

  await window.isProtection("Protected");
});

test("keyboard: a menu of a broker opens, is walked with arrows, and copies a command line", async () => {
  await window.button("More for replica").focus();
  await window.page.keyboard.press("Enter");
  await window.page.getByRole("menuitem", { name: /kill replica$/ }).waitFor();
  await window.page.keyboard.press("Escape");

  expect(await window.page.evaluate(nameOfFocus)).toBe("More for replica");
});

test("keyboard: space pauses the timeline and End follows it again", async () => {
  await window.page.getByRole("application", { name: /^Timeline/ }).focus();
  await window.page.keyboard.press("Space");
  await window.button("Follow live").waitFor();

  await window.page.keyboard.press("End");
  await window.button("Pause the timeline").waitFor();
  expect(app.consoleProblems).toEqual([]);
});

/** Runs in the page. */
function nameOfFocus(): string {
  const { activeElement: focused } = document;
  return focused?.getAttribute("aria-label") ?? focused?.textContent.replaceAll(/\s+/g, " ").trim() ?? "";
}
