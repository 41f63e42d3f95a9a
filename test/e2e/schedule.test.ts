import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../build/paths.mjs";
import { launchApp, type RunningApp } from "./app.ts";
import { accessibilityProblems } from "./portrait.ts";

let app: RunningApp;

beforeAll(async () => {
  app = await launchApp();
  await app.window.isProtection("Protected");
  await app.window.button("Send a message…").click();
});
afterAll(async () => {
  await app.close();
});

const composer = () => app.page.getByRole("dialog", { name: "Send a message" });
const field = (name: string) => composer().getByRole("textbox", { name });
const send = () => composer().getByRole("button", { name: "Send", exact: true }).click();
const scheduledCount = async () => (await app.control().getPair({})).primary.scheduledMessages;

test("schedule: is folded away until it is asked for", async () => {
  await composer().getByText("Schedule", { exact: true }).waitFor();
  expect(await field("Delay, ms").isVisible()).toBe(false);

  await composer().getByText("Schedule", { exact: true }).click();

  await field("Delay, ms").waitFor();
});

test("schedule: what the engine says is wrong stands at the field", async () => {
  await composer().getByLabel("Destination").fill("reminders");
  await field("Delay, ms").fill("soon");
  await send();

  await composer()
    .getByText('The property AMQ_SCHEDULED_DELAY has the value "soon", which is not a whole number')
    .waitFor();
  expect(await field("Delay, ms").getAttribute("aria-invalid")).toBe("true");
  expect(await field("Cron entry").getAttribute("aria-invalid")).toBe("false");
  expect(await accessibilityProblems(app.page)).toEqual([]);
});

test("schedule: a message with a delay is scheduled and not yet in its queue", async () => {
  await field("Delay, ms").fill("3600000");
  await send();

  await composer()
    .getByText(/^Scheduled and safe: entry \d+, for reminders\.$/)
    .waitFor();
  await expect.poll(scheduledCount).toBe(1);
  const { destinations } = await app.control().listDestinations({});
  expect(destinations.filter(({ name, depth }) => name === "queue://reminders" && depth > 0)).toEqual([]);
});

test("schedule: the copied command line does the same", async () => {
  const label = await composer()
    .getByRole("button", { name: /^Copy the CLI line/ })
    .getAttribute("aria-label");
  const line = (label ?? "").replace("Copy the CLI line: ", "");
  expect(line).toContain("--delay 3600000 reminders");

  const { stdout, stderr } = spawnSync("sh", ["-c", line], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, UNDERSTUDY_DATA: app.dataDirectory },
  });

  expect(`${stdout}${stderr}`).toBe("1 message is safe and scheduled for reminders.\n");
  await expect.poll(scheduledCount).toBe(2);
});

test("schedule: a message sent before comes back with its schedule in sight", async () => {
  await app.page.reload();
  await app.window.isProtection("Protected");
  await app.window.button("Send a message…").click();
  expect(await field("Delay, ms").isVisible()).toBe(false);

  await composer()
    .getByRole("button", { name: /^reminders/ })
    .click();

  expect(await field("Delay, ms").inputValue()).toBe("3600000");
  expect(await field("Delay, ms").isVisible()).toBe(true);
});
