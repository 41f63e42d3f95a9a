import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Notices } from "../../renderer/state/notices.svelte.ts";
import { PairMonitor } from "../../renderer/state/pair-monitor.svelte.ts";
import { refusal, ScriptedBackend, settled } from "./scripted-backend.ts";

let backend: ScriptedBackend;
let notices: Notices;
let monitor: PairMonitor;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  backend = new ScriptedBackend();
  notices = new Notices();
  monitor = new PairMonitor(backend, notices);
  backend.pair.start("primary");
  backend.pair.advanceTo(backend.pair.at + 1_000);
  backend.pair.start("replica");
  backend.pair.advanceTo(backend.pair.at + 1_000);
  backend.pair.recorded.length = 0;
  stop = monitor.start();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("starting", () => {
  test("fills in the pair and everything that happened before", async () => {
    backend.connect();
    await settled();

    expect(monitor.pair?.protection).toBe("protected");
    expect(monitor.timeline.events).toHaveLength(backend.pair.events.length);
    expect(monitor.ledger).not.toBeNull();
  });

  test("events that arrive while older ones are fetched come after them, none twice", async () => {
    backend.answers.listEvents = async ({ after }) => {
      await Promise.resolve();
      return { events: backend.pair.events.slice(Number(after)) };
    };
    backend.connect();
    const early = backend.pair.events.length;
    backend.pair.emit({ kind: "notice", severity: "info", text: "while fetching" });
    backend.push(backend.pair.events.at(-1)!);
    await settled();

    expect(monitor.timeline.events.map((event) => event.id)).toEqual(
      Array.from({ length: early + 1 }, (_, index) => index + 1),
    );
  });

  test("after a lost connection only what was missed is asked for", async () => {
    backend.connect();
    await settled();
    const seen = backend.pair.events.length;

    backend.lose();
    expect(monitor.connection.kind).toBe("lost");
    backend.pair.kill("primary");
    backend.connect();
    await settled();

    expect(backend.asksOf("listEvents").at(-1)).toMatchObject({ after: seen });
    expect(monitor.timeline.events).toHaveLength(backend.pair.events.length);
  });

  test("another supervisor, whose events count from one again, starts a new timeline", async () => {
    backend.connect();
    await settled();
    backend.pair.startedAt += 60_000;
    backend.pair.events.splice(2);

    backend.push(backend.views());
    await settled();

    expect(monitor.timeline.events).toHaveLength(2);
  });
});

describe("acting", () => {
  test("kill is one call, and what it answers is shown at once", async () => {
    await monitor.act("primary", "kill");

    expect(backend.asksOf("actOnBroker")).toEqual([{ node: "primary", action: "kill" }]);
    expect(monitor.pair?.primary.state).toBe("killed");
  });

  test("a refusal is shown with the supervisor's own sentence", async () => {
    backend.answers.actOnBroker = () => Promise.reject(refusal("Cannot freeze the primary: it is stopped."));

    await monitor.act("primary", "freeze");

    expect(notices.list.map((notice) => [notice.tone, notice.text])).toEqual([
      ["damage", "Cannot freeze the primary: it is stopped."],
    ]);
  });

  test("the demo is a consumer and a producer on the queue demo", async () => {
    await monitor.startDemo();

    expect(backend.asksOf("addClient")).toMatchObject([
      { role: "consumer", destination: "demo" },
      { role: "producer", destination: "demo" },
    ]);
    expect(monitor.clients).toHaveLength(2);
  });
});

describe("telling", () => {
  test("a kill is announced to screen readers; a reconnect attempt is not", () => {
    const at = backend.pair.at;
    backend.push({
      id: 900,
      at,
      kind: "killed",
      node: "primary",
      pid: 1,
      signal: "SIGKILL",
      text: "The primary was killed.",
    });
    backend.push({
      id: 901,
      at,
      kind: "client-attempt",
      client: "c",
      target: "x",
      error: "refused",
      text: "c tried.",
    });

    expect(monitor.announcement).toBe("The primary was killed.");
  });

  test("a thousand events raise the revision once, not a thousand times", () => {
    for (let id = 1_000; id < 2_000; id += 1) {
      backend.push({
        id,
        at: id,
        kind: "client-attempt",
        client: "c",
        target: "x",
        error: "refused",
        text: "",
      });
    }
    expect(monitor.eventsRevision).toBe(0);

    vi.advanceTimersByTime(150);
    expect(monitor.eventsRevision).toBe(1);
  });

  test("messages per second are kept for two minutes and no longer", () => {
    for (let seconds = 0; seconds < 600; seconds += 1) {
      backend.push({ ...backend.views(), at: seconds * 1_000 });
    }

    const { seconds } = monitor.rates.primary;
    expect(seconds.length).toBeLessThan(250);
    expect(seconds.at(-1)! - seconds[0]!).toBeGreaterThanOrEqual(120);
  });
});
