// Reading messages: large ones, many of them, on a small screen.
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchApp, type RunningApp } from "./app.ts";
import { accessibilityProblems } from "./portrait.ts";

let app: RunningApp;
const rowCount = 12_000;
const name = `com.example.fulfilment.${"warehouse.north.".repeat(10)}incoming`;

beforeAll(async () => {
  app = await launchApp();
  await app.window.isProtection("Protected");
  const rows = Array.from({ length: rowCount }, (_, id) => ({ id, note: "n".repeat(60) }));
  const control = app.control();
  await control.send({ name: "many", body: "small", count: 300 });
  for (let stall = 0; stall < 15; stall += 1) await control.send({ name: `market.${stall}`, body: "small" });
  await control.send({ name: "large", body: JSON.stringify(rows) });
  const properties = { [name]: name, region: "north" };
  await control.send({ name, body: "x", correlationId: name, properties });
});
afterAll(async () => {
  await app.close();
});

const list = (queue: string) => app.page.getByRole("group", { name: `Messages of queue://${queue}` });
const message = () => app.page.getByRole("region", { name: /^Message \d+/ });

test("messages: a body of a megabyte is shown whole, and quickly left again", async () => {
  await app.window.button("queue://large").click();
  await list("large").getByRole("button").first().click();

  const body = message().getByRole("tabpanel");
  await body.getByText(`"id": ${rowCount - 1},`, { exact: false }).waitFor({ state: "attached" });
  expect((await body.textContent())?.match(/"id"/g)).toHaveLength(rowCount);
  await message().getByRole("tab", { name: "Hex" }).click();
  await body.getByText("5b 7b 22 69 64 22 3a 30").waitFor();
  await app.window.button("Close the message").click();
  await message().waitFor({ state: "hidden" });
});

test("messages: closing one leads back to its place in the list", async () => {
  await app.window.button("queue://many").click();
  const row = list("many").getByRole("button").nth(2);
  await row.hover();
  const atTop = await row.textContent();
  await app.page.mouse.wheel(0, 4_000);
  await expect.poll(() => row.textContent()).not.toBe(atTop);
  const words = await row.textContent();
  await row.focus();
  await app.page.keyboard.press("Enter");
  await message().waitFor();
  expect(await message().evaluate((section) => section === document.activeElement)).toBe(true);

  await app.page.keyboard.press("Escape");

  await expect.poll(() => app.page.evaluate(() => document.activeElement?.textContent)).toBe(words);
});

test("messages: names and values of any length stay within their pane, and with their whole text", async () => {
  const entry = app.window.button(`queue://${name}`);
  await entry.click();
  await list(name).getByRole("button").first().click();
  await message().getByText("region").waitFor();

  const facts = message().getByRole("group", { name: "Fate and headers" });
  expect(await facts.evaluate((pane) => pane.scrollWidth - pane.clientWidth)).toBe(0);
  expect(await entry.getAttribute("title")).toContain(name);
  expect(await accessibilityProblems(app.page)).toEqual([]);
  await app.window.button("Close the message").click();
});

test("messages: of many destinations one is found by a part of its name", async () => {
  const filter = app.page.getByRole("searchbox", { name: "Filter destinations" });
  await filter.fill("Market.1");

  const found = app.page.getByRole("row").getByRole("button", { name: /^queue:/ });
  expect(await found.allInnerTexts()).toEqual(
    [1, 10, 11, 12, 13, 14].map((stall) => `queue://market.${stall}`),
  );
  await filter.fill("nowhere");
  await app.page.getByText("No destination has “nowhere” in its name.").waitFor();
  await filter.fill("");
  await app.window.button("queue://large").waitFor();
});

test.each([
  { what: "a narrow window", width: 900, height: 700 },
  { what: "1280x800 at 200 %", width: 640, height: 400 },
])("messages: in $what nothing is beyond the edge, and all can be scrolled to", async ({ width, height }) => {
  const { protection } = await app.control().getPair({});
  if (protection === "protected") await app.window.press("Kill", "primary");
  await app.window.isProtection("Unprotected");
  await app.page.setViewportSize({ width, height });

  const beyond = await app.page.evaluate(() =>
    [...document.querySelectorAll("button, h2, dd")]
      .filter((part) => part.getBoundingClientRect().width > 1)
      .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
      .map((part) => part.ariaLabel ?? part.textContent),
  );
  expect(beyond).toEqual([]);
  const bar = await app.page.getByRole("region", { name: "Protection" }).boundingBox();
  expect(bar?.height).toBeLessThan(100);
  const timeline = app.page.getByRole("application", { name: /^Timeline/ });
  await timeline.scrollIntoViewIfNeeded();
  expect((await timeline.boundingBox())?.height).toBeGreaterThan(60);
  await app.page.setViewportSize({ width: 1280, height: 800 });
});
