import { describe, expect, test } from "vitest";
import { emptyDraft, type Draft } from "../../renderer/destinations/draft.ts";
import { fakeDetail } from "../../renderer/scenes/fake-messages.ts";
import { rememberedIn } from "../../renderer/shared/remembered.ts";
import { Composer, draftOf, requestOf } from "../../renderer/state/composer.svelte.ts";
import { Preferences } from "../../renderer/state/preferences.svelte.ts";
import { QueueBrowser } from "../../renderer/state/queue-browser.svelte.ts";
import { RecoveryPanel } from "../../renderer/state/recovery-panel.svelte.ts";
import { refusal, ScriptedBackend, settled } from "./scripted-backend.ts";

function storage(): Pick<Storage, "getItem" | "setItem"> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

describe("browsing a queue", () => {
  test("goes on page by page with the cursor until there is none", async () => {
    const backend = new ScriptedBackend();
    backend.pair.depth.set("queue://orders", 450);
    const browser = new QueueBrowser(backend);

    await browser.select("queue://orders");
    expect(browser.messages).toHaveLength(200);
    await browser.more();
    await browser.more();

    expect(browser.messages).toHaveLength(450);
    expect(new Set(browser.messages.map((message) => message.id)).size).toBe(450);
    expect(browser.cursor).toBeNull();
    await browser.more();
    expect(backend.asksOf("browse")).toHaveLength(3);
  });

  test("an answer about the queue before the last click is not shown", async () => {
    const backend = new ScriptedBackend();
    backend.pair.depth.set("queue://slow", 3);
    backend.pair.depth.set("queue://quick", 2);
    const browser = new QueueBrowser(backend);

    const slow = browser.select("queue://slow");
    await browser.select("queue://quick");
    await slow;

    expect(browser.destination).toBe("queue://quick");
    expect(browser.messages).toHaveLength(2);
  });

  test("a message is opened while a page is read, and the page comes all the same", async () => {
    const backend = new ScriptedBackend();
    backend.pair.depth.set("queue://orders", 450);
    const browser = new QueueBrowser(backend);
    await browser.select("queue://orders");

    const page = browser.more();
    await browser.open(18_204);
    await page;

    expect(browser.opened?.id).toBe(18_204);
    expect(browser.messages).toHaveLength(400);
    expect(browser.reading).toEqual({ kind: "idle" });
  });

  test("a message consumed meanwhile is said to be gone", async () => {
    const backend = new ScriptedBackend();
    backend.answers.getMessage = () => Promise.reject(refusal("There is no message 7 on queue://orders."));
    const browser = new QueueBrowser(backend);
    await browser.select("queue://orders");

    await browser.open(7);

    expect(browser.opened).toBeNull();
    expect(browser.reading).toEqual({ kind: "failed", reason: "There is no message 7 on queue://orders." });
  });
});

describe("composing", () => {
  test("sends named headers only, and says where the message is safe", async () => {
    const backend = new ScriptedBackend();
    const composer = new Composer(backend, rememberedIn(storage()));
    composer.write("orders");
    composer.draft.headers = [
      { name: " tenant ", value: "north" },
      { name: "", value: "ignored" },
    ];

    expect(await composer.send()).toBe(true);

    expect(backend.asksOf("send")[0]).toMatchObject({
      name: "orders",
      properties: { tenant: "north" },
      correlationId: null,
    });
    expect(composer.sending).toEqual({ kind: "sent", text: "Sent and safe: entry 18204 on orders." });
  });

  test("a refused message stays in the form, with the reason", async () => {
    const backend = new ScriptedBackend();
    backend.answers.send = () => Promise.reject(refusal("The primary is stopped and serves no clients."));
    const composer = new Composer(backend, rememberedIn(storage()));
    composer.draft.body = "precious";

    expect(await composer.send()).toBe(false);

    expect(composer.draft.body).toBe("precious");
    expect(composer.sending).toEqual({
      kind: "failed",
      reason: "The primary is stopped and serves no clients.",
      property: null,
    });
    expect(composer.history).toHaveLength(0);
  });

  test("what is filled in of a schedule goes along as the properties for it", async () => {
    const backend = new ScriptedBackend();
    const composer = new Composer(backend, rememberedIn(storage()));
    composer.write("orders");
    composer.draft.schedule = { delay: " 500 ", period: "", repeat: "2", cron: " " };

    await composer.send();

    expect(backend.asksOf("send")[0]).toMatchObject({
      properties: { AMQ_SCHEDULED_DELAY: "500", AMQ_SCHEDULED_REPEAT: "2" },
    });
    expect(requestOf(composer.draft).properties).not.toHaveProperty("AMQ_SCHEDULED_CRON");
    expect(composer.sending).toEqual({
      kind: "sent",
      text: "Scheduled and safe: entry 18204, for orders.",
    });
  });

  test("a draft kept by a version without schedules is loaded as one without a schedule", () => {
    const composer = new Composer(new ScriptedBackend(), rememberedIn(storage()));
    const { schedule, ...old } = emptyDraft("orders");
    composer.draft.schedule.delay = "500";

    composer.load(old as Draft);

    expect(composer.draft.schedule).toEqual(schedule);
  });

  test("a delivery of a schedule is resent as a message that may be scheduled itself", () => {
    const message = fakeDetail("queue://orders", 18_207);
    const job = { name: "scheduledJobId", value: "ID:understudy-job-7", type: "string" };

    const { properties } = requestOf(draftOf({ ...message, properties: [...message.properties, job] }));

    expect(properties).toMatchObject({ tenant: "north" });
    expect(properties).not.toHaveProperty("scheduledJobId");
  });

  test("templates and history are there in the next window; equal messages are kept once", async () => {
    const place = storage();
    const first = new Composer(new ScriptedBackend(), rememberedIn(place));
    first.draft.body = "again";
    await first.send();
    await first.send();
    first.keep("greeting");

    const second = new Composer(new ScriptedBackend(), rememberedIn(place));

    expect(second.history.map((draft) => draft.body)).toEqual(["again"]);
    expect(second.templates.map((template) => template.name)).toEqual(["greeting"]);
    second.load(second.templates[0]!.draft);
    second.draft.body = "changed";
    expect(second.templates[0]!.draft.body).toBe("again");
  });

  test("resending opens the same message, bytes as base64, for edits", () => {
    const composer = new Composer(new ScriptedBackend(), rememberedIn(storage()));
    const message = fakeDetail("queue://orders", 18_207);
    expect(message.bodyKind).toBe("bytes");

    composer.rewrite(message);

    expect(composer.isOpen).toBe(true);
    expect(requestOf(composer.draft)).toMatchObject({
      name: "queue://orders",
      body: message.bodyBase64,
      encoding: "base64",
      properties: { tenant: "north" },
      type: "order.created",
    });
  });
});

describe("recovering", () => {
  test("the check is a dry run; only the second click changes anything", async () => {
    const backend = new ScriptedBackend();
    const panel = new RecoveryPanel(backend);

    await panel.check();
    expect(panel.plan).toMatchObject({ kind: "ready", from: "replica", to: "primary" });
    expect(backend.asksOf("startRecovery")).toEqual([{ dryRun: true }]);

    await panel.run(false);
    expect(backend.asksOf("startRecovery")[1]).toEqual({ from: "replica" });
    expect(panel.plan).toEqual({ kind: "following" });
  });

  test("the side that was chosen is checked, and the direction that was shown is run", async () => {
    const backend = new ScriptedBackend();
    const panel = new RecoveryPanel(backend);

    await panel.check("replica");
    await panel.run(true);

    expect(backend.asksOf("startRecovery")).toEqual([
      { dryRun: true, from: "replica" },
      { from: "replica", force: true },
    ]);
  });

  test("a refused recovery keeps its sentence in the panel", async () => {
    const backend = new ScriptedBackend();
    backend.answers.startRecovery = () => Promise.reject(refusal("The primary runs. Stop it first."));
    const panel = new RecoveryPanel(backend);

    await panel.run(true);
    await settled();

    expect(panel.plan).toEqual({ kind: "failed", reason: "The primary runs. Stop it first." });
    expect(backend.asksOf("startRecovery")).toEqual([{ force: true }]);
  });
});

describe("preferences", () => {
  test("theme, panes and open views are remembered", () => {
    const place = storage();
    const first = new Preferences(rememberedIn(place));
    first.setTheme("dark");
    first.setPane("side", 401.6);
    first.show("events");
    first.toggleSide();

    const second = new Preferences(rememberedIn(place));

    expect(second.theme).toBe("dark");
    expect(second.panes.side).toBe(402);
    expect(second.tab).toBe("events");
    expect(second.isSideOpen).toBe(false);
  });

  test("a storage that is full or broken costs only the memory", () => {
    const broken = {
      getItem: () => "{not json",
      setItem: () => {
        throw new Error("quota");
      },
    };
    const preferences = new Preferences(rememberedIn(broken));

    preferences.setTheme("light");

    expect(preferences.theme).toBe("light");
  });
});
