import { describe, expect, test } from "vitest";
import type { NewTimelineEvent, TimelineEvent } from "../../engine/control/events.ts";
import { fakeClient } from "../../renderer/scenes/fake-clients.ts";
import { FakePair } from "../../renderer/scenes/fake-pair.ts";
import { viewsOf } from "../../renderer/scenes/fake-views.ts";
import { keptMax } from "../../renderer/timeline/lanes.ts";
import { TimelineModel } from "../../renderer/timeline/model.ts";
import { Samples } from "../../renderer/timeline/samples.ts";
import { spanNumbersOf } from "../../renderer/timeline/span-numbers.ts";

class Story {
  readonly model = new TimelineModel();
  #id = 0;

  tell(at: number, event: NewTimelineEvent): TimelineEvent {
    const numbered = { ...event, id: (this.#id += 1), at };
    this.model.add(numbered);
    return numbered;
  }

  failover(at: number, client = "p1"): void {
    this.tell(at, { kind: "killed", node: "primary", pid: 7, signal: "SIGKILL", text: "" });
    this.tell(at, { kind: "state", node: "primary", state: "killed", reason: null, text: "" });
    this.tell(at + 1, { kind: "client-lost", client, node: "primary", text: "" });
    this.tell(at + 11, { kind: "client-attempt", client, target: "replica", error: "refused", text: "" });
    this.tell(at + 31, { kind: "promoted", node: "replica", epoch: 2, tookMs: 31, text: "" });
    this.tell(at + 31, { kind: "state", node: "replica", state: "active", reason: null, text: "" });
    this.tell(at + 36, { kind: "client-connected", client, node: "replica", text: "" });
    this.tell(at + 40, { kind: "client-resumed", client, node: "replica", blackoutMs: 38, text: "" });
  }
}

describe("a failover on the timeline", () => {
  test("shows the client's two stays, its attempt, its first confirmed operation and the measured blackout", () => {
    const story = new Story();
    story.tell(1_000, { kind: "client-connected", client: "p1", node: "primary", text: "" });

    story.failover(5_000);

    const lane = story.model.lane("p1")!;
    expect(lane.segments).toEqual([
      { from: 1_000, to: 5_001, state: "on primary" },
      { from: 5_036, to: null, state: "on replica" },
    ]);
    expect(lane.blackouts).toEqual([{ from: 5_002, to: 5_040 }]);
    expect(lane.marks.map((mark) => mark.kind)).toEqual([
      "connected",
      "attempt",
      "connected",
      "first-confirmed",
    ]);
  });

  test("marks the kill on the primary, the promotion and the open connectors on the replica", () => {
    const story = new Story();

    story.failover(5_000);

    expect(story.model.lane("primary")!.marks.map((mark) => mark.kind)).toEqual(["kill"]);
    expect(story.model.lane("replica")!.marks.map((mark) => mark.kind)).toEqual(["promoted", "opened"]);
    expect(story.model.lane("primary")!.segments.at(-1)).toEqual({ from: 5_000, to: null, state: "killed" });
  });

  test("an event seen twice, as after a reconnect, counts once", () => {
    const story = new Story();
    const event = story.tell(1, { kind: "killed", node: "primary", pid: 7, signal: "SIGKILL", text: "" });

    expect(story.model.add(event)).toBe(false);
    expect(story.model.lane("primary")!.marks).toHaveLength(1);
    expect(story.model.events).toHaveLength(1);
  });
});

describe("a selected span in numbers", () => {
  test("counts what is inside it and names the longest blackout", () => {
    const story = new Story();
    story.failover(5_000);
    story.failover(50_000);

    const first = spanNumbersOf(story.model, { from: 4_000, to: 6_000 }, 60_000);
    const both = spanNumbersOf(story.model, { from: 0, to: 60_000 }, 60_000);

    expect(first).toMatchObject({
      kills: 1,
      promotions: 1,
      attempts: 1,
      blackouts: 1,
      blackoutMsMax: 38,
      events: 8,
    });
    expect(both).toMatchObject({
      kills: 2,
      blackouts: 2,
      blackoutMsMedian: 38,
      longestOf: "p1",
      lengthMs: 60_000,
    });
  });

  test("messages come from the sampled rate: 100 a second for two seconds are 200", () => {
    const samples = new Samples(64);
    for (let at = 0; at <= 4_000; at += 250) samples.push(at, 100);

    expect(samples.integralIn(1_000, 3_000)).toBeCloseTo(200, 6);
  });

  test("a pause in the readings does not turn into a slope", () => {
    const samples = new Samples(64);
    samples.push(0, 0);
    samples.push(10_000, 400);

    expect(samples.integralIn(0, 9_000)).toBe(0);
  });
});

describe("what snapshots mend", () => {
  test("lanes of clients whose events are gone are seeded from their stays", () => {
    const pair = new FakePair(0);
    pair.start("primary");
    pair.advanceTo(1_000);
    pair.clients.push(fakeClient(pair.at, { role: "producer", destination: "demo" }));
    pair.advanceTo(2_000);
    const model = new TimelineModel();

    model.observe(viewsOf(pair));

    const client = pair.clients[0]!.view;
    expect(model.lane(client.id)!.segments).toEqual([{ from: client.since, to: null, state: "on primary" }]);
    expect(model.lane(client.id)!.label).toBe(client.name);
  });

  test("a client that is gone leaves no blackout open", () => {
    const pair = new FakePair(0);
    const story = new Story();
    story.tell(1, { kind: "client-connected", client: "p1", node: "primary", text: "" });
    story.tell(2, { kind: "client-lost", client: "p1", node: "primary", text: "" });

    pair.at = 500;
    story.model.observe(viewsOf(pair));

    expect(story.model.lane("p1")!.gone).toBe(true);
    expect(story.model.lane("p1")!.blackouts).toEqual([]);
  });

  test("a snapshot older than the last event changes nothing", () => {
    const pair = new FakePair(0);
    const story = new Story();
    story.tell(700, { kind: "state", node: "primary", state: "active", reason: null, text: "" });

    pair.at = 500;
    story.model.observe(viewsOf(pair));

    expect(story.model.lane("primary")!.segments).toEqual([{ from: 700, to: null, state: "active" }]);
  });
});

describe("memory", () => {
  test("forty thousand events and four hundred clients stay within the bounds", () => {
    const story = new Story();

    for (let index = 0; index < 40_000; index += 1) {
      const client = `c${String(index % 400)}`;
      story.tell(index, { kind: "client-attempt", client, target: "replica", error: "refused", text: "" });
    }

    const { model } = story;
    expect(model.events.length).toBeLessThanOrEqual(keptMax.events);
    expect(model.events.at(-1)!.at).toBe(39_999);
    expect(model.lanes.length).toBeLessThanOrEqual(keptMax.lanes);
    expect(model.lane("primary")).toBeDefined();
    for (const lane of model.lanes) expect(lane.marks.length).toBeLessThanOrEqual(keptMax.marksPerLane);
  });

  test("readings keep the newest in order once the ring is full", () => {
    const samples = new Samples(10);
    for (let at = 0; at < 1_000; at += 10) samples.push(at, at);

    expect(samples.count).toBe(10);
    expect(samples.at(0)).toBe(900);
    expect(samples.at(9)).toBe(990);
    expect(samples.firstFrom(935)).toBe(4);
  });
});
