// The five minutes of the README, in one window, against a real pair: each test goes on where the one before ended.
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchApp, type RunningApp } from "./app.ts";
import { startExternalClient, type ExternalClient } from "./external-client.ts";
import type { PairWindow } from "./pair-window.ts";
import { accessibilityProblems, portray, portrayFleeting } from "./portrait.ts";

let app: RunningApp;
let window: PairWindow;
let external: ExternalClient;

beforeAll(async () => {
  app = await launchApp();
  window = app.window;
});
afterAll(async () => {
  external.end();
  await app.close();
});

test("story: the app starts a pair, and both brokers hold everything", async () => {
  await window.isProtection("Protected");

  await window.isBroker("primary", "active");
  await window.isBroker("replica", "standby");
  await window.page.getByText("See a failover in a minute").waitFor();
});

test("story: the demo brings a producer and a consumer, and their messages flow", async () => {
  await window.startDemo();

  expect(await window.clients.count()).toBe(2);
  expect(await window.verdict.innerText()).toMatch(/none lost/);
});

test("story: a message written by hand is safe once it is sent", async () => {
  await window.button("Send a message…").click();
  const composer = window.page.getByRole("dialog", { name: "Send a message" });
  await composer.getByLabel("Destination").fill("orders");
  await composer.getByLabel("Body", { exact: true }).fill('{"order":17,"total":12345678901234567890}');
  await composer.getByLabel("Correlation id").fill("basket-9");
  await composer.getByRole("button", { name: "Header", exact: true }).click();
  await composer.getByLabel("Name of header 1").fill("region");
  await composer.getByLabel("Value of header 1").fill("north");
  await composer.getByRole("button", { name: "Send", exact: true }).click();

  await composer
    .getByRole("status")
    .filter({ hasText: /^Sent and safe: entry \d+ on orders\./ })
    .waitFor();
  await window.page.keyboard.press("Escape");
  await composer.waitFor({ state: "hidden" });
});

test("story: the message is found in its queue, with headers and body whole", async () => {
  await window.button("queue://orders").click();
  const messages = window.page.getByRole("group", { name: "Messages of queue://orders" });
  await messages.getByRole("button", { name: /order/ }).click();
  const message = window.page.getByRole("region", { name: /^Message \d+/ });

  await message.getByRole("tabpanel").getByText("12345678901234567890").waitFor();
  expect(await message.getByRole("tab").allInnerTexts()).toEqual(["JSON", "Text", "Hex"]);
  await message.getByRole("tab", { name: "Hex" }).click();
  await message.getByText("7b 22 6f 72 64 65 72").waitFor();
  const facts = await message.getByRole("group", { name: "Fate and headers" }).innerText();
  expect(facts).toMatch(/stored\s+by the primary\s+replicated\s+to the replica/);
  expect(facts).toMatch(/correlation id\s+basket-9/);
  expect(facts).toMatch(/region\s+north/);
  await window.button("Close the message").click();
});

test("story: a client of somebody else's is shown as it connects", async () => {
  const { primary, replica } = await app.control().getPair({});
  external = startExternalClient({
    clientId: "warehouse",
    destination: "/queue/stock",
    ports: { primary: primary.port, replica: replica.port },
  });

  const row = window.client("warehouse");
  await row.getByText("external").waitFor();
  await row.getByText(/on primary since/).waitFor();
  await portray(window.page, "protected");
  expect(await accessibilityProblems(window.page)).toEqual([]);
});

test("story: one click kills the primary, and the replica takes over", async () => {
  const confirmed = await window.counted("confirmed");
  await window.press("Kill", "primary");

  await window.isBroker("primary", "killed");
  await window.isBroker("replica", "active");
  await window.isProtection("Unprotected");
  await window.flows();
  expect(await window.counted("confirmed")).toBeGreaterThan(confirmed);
});

test("story: each client tells how long it was without a broker, the external one too", async () => {
  for (const name of [/^producer/, /^consumer/, "warehouse"])
    await window
      .client(name)
      .getByText(/on primary .*blackout.*on replica since/s)
      .waitFor();

  await portray(window.page, "unprotected");
  expect(await accessibilityProblems(window.page)).toEqual([]);
});

test("story: the ledger says that nothing confirmed was lost", async () => {
  await window.verdict.filter({ hasText: /none lost|nothing confirmed was lost/i }).waitFor();

  expect(await window.counted("lost")).toBe(0);
  expect(await window.counted("out of order")).toBe(0);
});

test("story: the timeline has the kill, the takeover and a blackout for each client", async () => {
  const numbers = await window.spanOfAll();

  expect(numbers).toMatch(/3 blackouts, longest [\d.]+ m?s/);
  expect(numbers).toMatch(/1 kill 1 promotion 1 link loss/);
  await window.chooseTab("Events");
  await window.event(/replica.*(took over|active)/i).waitFor();
  await window.chooseTab("Destinations and messages");
});

test("story: before it copies anything, the recovery says what it will do", async () => {
  await window.page
    .getByRole("button", { name: /^Recover the primary/ })
    .first()
    .click();

  await window.recovery
    .getByText(/replica.*store.*primary/s)
    .first()
    .waitFor();
  expect(await window.recovery.innerText()).toMatch(/Ahead\s+replica by [\d,]+/);
  expect(await accessibilityProblems(window.page)).toEqual([]);
});

test("story: the recovery copy shows its steps, and the pair is protected again", async () => {
  await window.recovery.getByRole("button", { name: "Recover the primary", exact: true }).click();
  await window.recovery.getByRole("progressbar", { name: "Recovery copy" }).waitFor();
  await portrayFleeting(window.page, "recovering");

  await window.isProtection("Protected");
  await window.isBroker("primary", "active");
  await window.isBroker("replica", "standby");
  await window.recovery.getByText("Recovered.").waitFor();
  await window.flows();
  expect(await window.counted("lost")).toBe(0);
});

test("story: Undo puts the old store back, and Recover copies again", async () => {
  await window.button("Undo recovery").click();
  await window.recovery.getByText(/^Undone/).waitFor();
  await window.isProtection("Unprotected");
  await window.flows();

  await window.recover("primary");
  await window.isProtection("Protected");
  await window.recovery.getByText("Recovered.").waitFor();
});

test("story: the kept store is deleted only after a question", async () => {
  await window.button("Remove kept…").click();
  const question = window.page.getByRole("alertdialog", { name: "Remove the kept store?" });
  await question.getByRole("button", { name: "Remove kept", exact: true }).click();

  await window.recovery.waitFor({ state: "hidden" });
  await window.isProtection("Protected");
});

test("story: whatever somebody else's client had confirmed is in its queue, in order", async () => {
  external.end();
  const stored = new Set<string>();
  for (let page: string[] = [""]; page.length > 0;) {
    const { messages } = await app.control().receive({ name: "queue://stock", count: 500, timeoutMs: 250 });
    page = messages.map(({ bodyBase64 }) => Buffer.from(bodyBase64, "base64").toString());
    for (const body of page) stored.add(body);
  }

  expect([...stored].slice(0, external.confirmed.length)).toEqual(external.confirmed);
});

test("story: the window complained about nothing on the way", () => {
  expect(app.consoleProblems).toEqual([]);
});
