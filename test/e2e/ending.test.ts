// What is left when the app ends, and what it finds when it starts again.
import { expect, test } from "vitest";
import { isAlive } from "../process/pair.ts";
import { run } from "../process/program.ts";
import { launchApp, newDataDirectory, removeData, type RunningApp } from "./app.ts";

async function processesOf(app: RunningApp): Promise<number[]> {
  const { primary, replica } = await app.control().getPair({});
  const pids = [app.electron.process().pid, primary.pid, replica.pid];
  return pids.filter((pid): pid is number => typeof pid === "number");
}

test("ending: the app quits in order, leaves no process, and finds everything when it starts again", async () => {
  const dataDirectory = newDataDirectory();
  const first = await launchApp({ dataDirectory });
  await first.window.isProtection("Protected");
  await first.control().send({ name: "queue://kept", body: "still here", count: 3 });
  await first.window.button("Theme: system").click();
  await first.window.button("Theme: light").click();
  await first.window.button("Theme: dark").waitFor();
  const processes = await processesOf(first);
  await first.close();

  expect(processes).toHaveLength(3);
  expect(processes.filter(isAlive)).toEqual([]);

  const second = await launchApp({ dataDirectory });
  await second.window.isProtection("Protected");
  await second.window.button("Theme: dark").waitFor();
  const theme = await second.page.evaluate(() => document.documentElement.dataset["theme"]);
  await second.window.button("queue://kept").click();
  await second.page
    .getByRole("group", { name: "Messages of queue://kept" })
    .getByText("still here")
    .nth(2)
    .waitFor();
  await second.close();
  removeData(dataDirectory);

  expect(theme).toBe("dark");
});

test("ending: a pair left unprotected is found unprotected, and can be recovered", async () => {
  const dataDirectory = newDataDirectory();
  const first = await launchApp({ dataDirectory });
  await first.window.isProtection("Protected");
  await first.window.press("Kill", "primary");
  await first.window.isProtection("Unprotected");
  await first.control().send({ name: "queue://kept", body: "only on the replica" });
  await first.close();

  const second = await launchApp({ dataDirectory });
  await second.window.isBroker("replica", "active");
  await second.window.isProtection("Unprotected");
  await second.window.recover("primary");
  await second.window.isProtection("Protected");
  await second.window.button("queue://kept").click();
  await second.page
    .getByRole("group", { name: "Messages of queue://kept" })
    .getByText("only on the replica")
    .waitFor();
  await second.close();
  removeData(dataDirectory);
});

test("ending: a termination signal ends the app as Quit does", async () => {
  const app = await launchApp();
  await app.window.isProtection("Protected");
  const processes = await processesOf(app);
  const ended = new Promise((resolve) => app.electron.process().once("exit", resolve));

  app.electron.process().kill("SIGTERM");

  await ended;
  expect(processes.filter(isAlive)).toEqual([]);
  removeData(app.dataDirectory);
});

test("ending: commands in a terminal reach the pair of the running app", async () => {
  const app = await launchApp();
  await app.window.isProtection("Protected");

  const status = await run(["status", "--data", app.dataDirectory]);
  const killed = await run(["kill", "primary", "--data", app.dataDirectory]);
  await app.window.isBroker("primary", "killed");
  await app.window.isProtection("Unprotected");
  await app.close();

  expect(status.code).toBe(0);
  expect(status.out).toMatch(/protected/i);
  expect(killed.code).toBe(0);
});
