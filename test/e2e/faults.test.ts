// Everything that can be done to a pair, short of killing it, by the buttons of its window.
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchApp, type RunningApp } from "./app.ts";
import type { PairWindow } from "./pair-window.ts";
import { portray } from "./portrait.ts";

let app: RunningApp;
let window: PairWindow;

beforeAll(async () => {
  app = await launchApp();
  window = app.window;
  await window.isProtection("Protected");
  await window.startDemo();
});
afterAll(async () => {
  await app.close();
});

test("faults: a delayed link shows its delay, and the pair stays protected", async () => {
  await window.setLink("Delay");

  await window.link.getByText("attached, delayed 100 ms").waitFor();
  await window.isProtection("Protected");
  await window.flows();
  await window.setLink("Heal");
  await window.link.getByText("attached", { exact: true }).waitFor();
});

test("faults: a cut link leaves one node serving, and healing it brings the other back", async () => {
  await window.setLink("Cut");
  await window.link.getByText("cut by you").waitFor();
  await window.isProtection("Unprotected");
  await window.isBroker("primary", "active");
  await window.flows();

  await window.setLink("Heal");
  await window.recover("replica");
  await window.isProtection("Protected");
});

test("faults: a replica stopped in order starts again", async () => {
  await window.press("Stop", "replica");
  await window.isBroker("replica", "stopped");
  await window.isProtection("Unprotected");
  await window.flows();

  await window.press("Start", "replica");
  await window.isBroker("replica", "out of sync");
  await window.recover("replica");
  await window.isProtection("Protected");
});

test("faults: while the primary is frozen its clients wait, then the replica takes over", async () => {
  await window.press("Freeze", "primary");
  await window.isBroker("primary", "frozen");
  await portray(window.page, "failing-over");

  await window.isBroker("replica", "active");
  await window.isProtection("Unprotected");
  await window.flows();
});

test("faults: a primary that thaws finds itself superseded, and serves nobody", async () => {
  await window.press("Thaw", "primary");

  await window.isBroker("primary", "fenced");
  await window.isBroker("replica", "active");
  await window.chooseTab("Events");
  await window.event(/The primary is fenced/).waitFor();
  expect(await window.event(/The pair is split/).count()).toBe(0);
  expect(await window.counted("lost")).toBe(0);
  expect(app.consoleProblems).toEqual([]);
});
