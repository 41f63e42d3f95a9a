// What the original did, and why the guarded profile exists.
import { expect, onTestFinished, test } from "vitest";
import { launchApp } from "./app.ts";
import { accessibilityProblems, portray } from "./portrait.ts";

test("classic: a cut link splits the pair, the window says so and offers both ways out", async () => {
  const app = await launchApp({ args: ["--profile", "classic"] });
  onTestFinished(() => app.close());
  const { window, page } = app;
  await window.isProtection("Protected");
  await window.startDemo();

  await window.setLink("Cut");
  await window.isProtection("Split");
  await window.isBroker("primary", "active");
  await window.isBroker("replica", "active");
  await portray(page, "split");
  expect(await accessibilityProblems(page)).toEqual([]);

  await window.setLink("Heal");
  await window.button("Keep the replica's side…").click();
  await window.recovery.getByRole("button", { name: "Overwrite the primary anyway" }).waitFor();
  await window.button("Keep the primary's side…").click();
  await window.recovery.getByRole("button", { name: "Overwrite the replica anyway" }).click();
  await window.isProtection("Protected");
  expect(app.consoleProblems).toEqual([]);
});
