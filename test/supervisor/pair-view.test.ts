import { describe, expect, test } from "vitest";
import { pairConfiguration } from "../../engine/config/configuration.ts";
import { pairView, type BrokerState, type NodeName } from "../../engine/control/views.ts";
import { freshArbiterState, type ArbiterState } from "../../engine/supervisor/arbiter-state.ts";
import {
  failoverSentence,
  pairViewOf,
  type NodeSnapshot,
  type PairFacts,
} from "../../engine/supervisor/pair-view.ts";

const position = { epoch: 2, op: 40, digest: "ab" };

function node(name: NodeName, state: BrokerState, attached = false): NodeSnapshot {
  const status = { state: "active", reason: null, port: 1, attached, position, committed: 40 } as const;
  return {
    node: name,
    state,
    reason: null,
    since: 1,
    port: name === "primary" ? 61616 : 61617,
    pid: 7,
    status,
    statistics: null,
    clients: 0,
    inPerSecond: 0,
    outPerSecond: 0,
  };
}

interface Given extends Partial<Omit<PairFacts, "nodes" | "arbiter" | "configuration">> {
  primary: BrokerState;
  replica: BrokerState;
  attached?: boolean;
  arbiter?: Partial<ArbiterState>;
  options?: object;
}

function view({ primary, replica, attached = false, arbiter = {}, options = {}, ...rest }: Given) {
  return pairViewOf({
    configuration: pairConfiguration.parse({ dataDirectory: "/data", ...options }),
    nodes: { primary: node("primary", primary, attached), replica: node("replica", replica, attached) },
    arbiter: { ...freshArbiterState, epoch: 2, holder: "primary", ...arbiter },
    promotable: null,
    link: { mode: "heal", delayMs: 0, bytesPerSecond: 0 },
    failover: null,
    recovering: false,
    controlUrl: "http://127.0.0.1:8161",
    startedAt: 1,
    version: "0",
    ...rest,
  });
}

describe("pair view", () => {
  test("down while the primary is frozen: the replica's takeover is announced, nothing is asked of the user", () => {
    const shown = view({ primary: "frozen", replica: "standby", promotable: "replica" });
    expect(shown.sentence).toBe(
      "No broker serves: the primary is frozen. The replica takes over once that one has been silent for 2000 ms.",
    );
  });

  test("protected: both hold everything, and nothing needs doing", () => {
    const shown = view({ primary: "active", replica: "standby", attached: true });
    expect(shown).toMatchObject({
      protection: "protected",
      nextActions: [],
      failoverUri: "failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false",
    });
    expect(pairView.parse(shown)).toEqual(shown);
  });

  test("attached, but alone by the arbiter's book: still catching up, in either profile", () => {
    for (const profile of ["guarded", "classic"])
      expect(
        view({
          primary: "active",
          replica: "standby",
          attached: true,
          arbiter: { alone: true, inSync: ["primary"] },
          options: { profile, synchronisation: "automatic" },
        }).protection,
      ).toBe("syncing");
  });

  test("down while the replica still caught up: it does not take over, and the primary is to be started", () => {
    for (const profile of ["guarded", "classic"]) {
      const shown = view({
        primary: "killed",
        replica: "standby",
        arbiter: { alone: true, inSync: ["primary"] },
        options: { profile, synchronisation: "automatic" },
      });
      expect(shown.sentence).toBe(
        "No broker serves: the primary was killed, and the replica had not caught up with it, so it does not take over. What was confirmed is in the primary's store: start it again.",
      );
      expect(shown.nextActions.map(({ cli }) => cli)).toEqual([
        "npm run --silent understudy -- start primary",
      ]);
    }
  });

  test("unprotected after a failover: says what happened and offers the recovery", () => {
    const shown = view({
      primary: "killed",
      replica: "active",
      arbiter: { holder: "replica", alone: true, inSync: ["replica"] },
      failover: { node: "replica", tookMs: 31.2, reconnectedCount: 3, lostCount: 0 },
    });
    expect(shown.protection).toBe("unprotected");
    expect(shown.sentence).toBe(
      "Replica took over after 31 ms. 3 clients reconnected; nothing confirmed was lost. Only the replica holds everything now.",
    );
    expect(shown.nextActions).toMatchObject([
      {
        operation: "startRecovery",
        input: { from: "replica" },
        cli: "npm run --silent understudy -- recover --from replica",
      },
    ]);
  });

  test("automatic synchronisation offers the start first", () => {
    const shown = view({
      primary: "killed",
      replica: "active",
      arbiter: { holder: "replica", alone: true, inSync: ["replica"] },
      options: { synchronisation: "automatic" },
    });
    expect(shown.nextActions.map(({ cli }) => cli)).toEqual([
      "npm run --silent understudy -- start primary",
      "npm run --silent understudy -- recover --from replica",
    ]);
  });

  test("blocked: the clients wait for the replica, which can be started", () => {
    const shown = view({ primary: "blocked", replica: "killed" });
    expect(shown).toMatchObject({
      protection: "unprotected",
      sentence: "The primary waits for the replica, which was killed; clients wait with it.",
    });
    expect(shown.nextActions.map(({ cli }) => cli)).toEqual(["npm run --silent understudy -- start replica"]);
  });

  test("split: either side can be kept", () => {
    const shown = view({
      primary: "active",
      replica: "active",
      arbiter: { split: true, inSync: [] },
      options: { profile: "classic" },
    });
    expect(shown.protection).toBe("split");
    expect(shown.nextActions.map(({ cli }) => cli)).toEqual([
      "npm run --silent understudy -- recover --from primary --force",
      "npm run --silent understudy -- recover --from replica --force",
    ]);
  });

  test("down: what holds everything is offered to be started", () => {
    const shown = view({
      primary: "killed",
      replica: "killed",
      arbiter: { holder: "replica", inSync: ["replica"] },
    });
    expect(shown.protection).toBe("down");
    expect(shown.nextActions[0]).toMatchObject({
      operation: "actOnBroker",
      input: { node: "replica", action: "start" },
    });
  });

  test("down with a standby that may be promoted", () => {
    const shown = view({ primary: "stopped", replica: "standby", promotable: "replica" });
    expect(shown.nextActions[0]).toMatchObject({
      input: { node: "replica", action: "promote" },
      cli: "npm run --silent understudy -- promote replica",
    });
  });

  test("a frozen active node: thawing is offered", () => {
    expect(view({ primary: "frozen", replica: "standby" }).nextActions[0]?.cli).toBe(
      "npm run --silent understudy -- thaw primary",
    );
  });

  test("a broken link is offered to be healed", () => {
    const shown = view({
      primary: "active",
      replica: "standby",
      arbiter: { alone: true, inSync: ["primary"] },
      link: { mode: "cut", delayMs: 0, bytesPerSecond: 0 },
    });
    expect(shown).toMatchObject({
      protection: "unprotected",
      sentence: "Only the primary holds everything: the replica is standby behind a broken link.",
    });
    expect(shown.nextActions[0]?.cli).toBe("npm run --silent understudy -- link heal");
  });
});

test("failover sentence: numbers in words that fit", () => {
  expect(failoverSentence({ node: "replica", tookMs: 31, reconnectedCount: 1, lostCount: null })).toBe(
    "Replica took over after 31 ms. 1 client reconnected; nothing confirmed was lost.",
  );
  expect(failoverSentence({ node: "primary", tookMs: null, reconnectedCount: 0, lostCount: 2 })).toBe(
    "Primary took over; 2 confirmed messages are missing.",
  );
});
