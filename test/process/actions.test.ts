import { expect, test } from "vitest";
import { connectionTo, Pair, type EventLine } from "./pair.ts";
import { RawClient } from "./raw-client.ts";

/** What happened to the pair, without the numbers and passing states that differ from run to run. */
function storyOf(events: readonly EventLine[]): string[] {
  return (
    events
      .filter((each) => ["killed", "granted", "promoted"].includes(each.event) || each["state"] === "active")
      .map((each) => [each.event, each["node"], each["signal"], each["epoch"]].join(" "))
      // Two processes tell of it, and either may be heard first.
      .sort()
  );
}

/** Which of the two ports the operating system lets us connect to. */
async function openPorts(pair: Pair): Promise<string[]> {
  const answers = {
    primary: await connectionTo(pair.ports.primary),
    replica: await connectionTo(pair.ports.replica),
  };
  return Object.entries(answers).flatMap(([node, answer]) => (answer === "accepted" ? [node] : []));
}

test("a broker killed from outside is treated exactly as one killed by the command line", async () => {
  const [outside, inside] = [await Pair.start(), await Pair.start()];

  const { pid } = await outside.killFromOutside("primary");
  await outside.happens(({ event }) => event === "promoted", "promotion");
  await outside.isProtection("unprotected");
  await inside.cli("kill", "primary");
  await inside.happens(({ event }) => event === "promoted", "promotion");
  await inside.isProtection("unprotected");

  expect(storyOf(outside.events)).toEqual(storyOf(inside.events));
  const killed = await outside.happens(({ event }) => event === "killed", "the kill");
  expect(killed).toMatchObject({ node: "primary", pid, signal: "SIGKILL" });
  const [one, other] = [await outside.view(), await inside.view()];
  expect(one.primary).toMatchObject({ state: "killed", pid: null, reason: other.primary.reason });
  expect([one.protection, other.protection]).toEqual(["unprotected", "unprotected"]);
  expect(one.nextActions.map(({ cli }) => cli.replace(outside.data, ""))).toEqual(
    other.nextActions.map(({ cli }) => cli.replace(inside.data, "")),
  );
});

test("a killed replica leaves the primary serving alone, and recover makes it whole again", async () => {
  const pair = await Pair.start();
  await pair.killFromOutside("replica");
  await pair.becomes(
    ({ primary, replica, protection }) =>
      protection === "unprotected" && primary.state === "active" && replica.state === "killed",
    "alone",
  );
  await pair.cli("send", "orders", "sent while alone");

  await pair.cli("recover");

  await pair.isProtection("protected");
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  expect(await pair.cli("receive", "orders")).toBe("sent while alone");
});

test("a primary that is stopped in order hands over, and does not come back by itself", async () => {
  const pair = await Pair.start();
  await pair.cli("send", "orders", "before");

  await pair.cli("stop", "primary");
  const stopped = await pair.isState("replica", "active");
  expect(stopped.primary.state).toBe("stopped");
  expect(pair.events.some(({ event }) => event === "killed")).toBe(false);
  await pair.cli("send", "orders", "after");

  await pair.cli("start", "primary");
  const view = await pair.isState("primary", "out of sync");
  expect(view.primary.reason).toMatch(/epoch|entries/i);
  expect(view.replica.state).toBe("active");
  expect(await openPorts(pair)).toEqual(["replica"]);
  expect(await pair.cli("receive", "orders", "--count", "2")).toBe("before\nafter");
});

test("actions that make no sense now are refused with the state that forbids them", async () => {
  const pair = await Pair.start();
  for (const [action, node, state] of [
    ["start", "primary", "active"],
    ["thaw", "replica", "standby"],
  ] as const) {
    const { code, err } = await pair.tryCli(action, node);
    expect(code).toBe(1);
    expect(err).toContain(`Cannot ${action} the ${node}: it is ${state}.`);
  }
  expect((await pair.tryCli("kill", "both")).code).toBe(2);
});

test("a frozen primary is replaced after peerTimeoutMs, and is fenced before it answers a single client", async () => {
  const pair = await Pair.start({ flags: ["--peer-timeout", "500"] });
  const client = await RawClient.connect(pair.ports.primary);
  await client.send("/queue/orders", "before");

  await pair.cli("freeze", "primary");
  const frozenAt = (
    await pair.happens((each) => each.event === "state" && each["state"] === "frozen", "freeze")
  ).at;
  client.write("SEND", { destination: "/queue/orders", persistent: "true", receipt: "late" }, "while frozen");
  const promoted = await pair.happens(({ event }) => event === "promoted", "promotion");
  const tookMs = promoted.at - frozenAt;
  expect(tookMs).toBeGreaterThan(300);
  expect(tookMs).toBeLessThan(5_000);
  await pair.cli("send", "orders", "after");

  await pair.cli("thaw", "primary");
  await client.closed();
  expect(client.waiting("RECEIPT")).toEqual([]);
  const view = await pair.becomes(
    ({ primary }) => primary.state === "fenced" || primary.state === "out of sync",
    "fence",
  );
  expect(view.replica.state).toBe("active");
  expect(await openPorts(pair)).toEqual(["replica"]);
  expect(await pair.cli("receive", "orders", "--count", "9")).toBe("before\nafter");
  expect(pair.events.filter((each) => each["protection"] === "split")).toEqual([]);
  expect(pair.events.filter(({ event }) => event === "promoted")).toHaveLength(1);
});

test("a frozen replica costs the clients peerTimeoutMs at most, and the primary goes on alone", async () => {
  const pair = await Pair.start({ flags: ["--peer-timeout", "500"] });
  const client = await RawClient.connect(pair.ports.primary);

  await pair.cli("freeze", "replica");
  await client.send("/queue/orders", "sent to one broker");

  const view = await pair.becomes(
    ({ primary, protection }) => protection === "unprotected" && primary.state === "active",
    "alone",
  );
  expect(view.replica.state).toBe("frozen");
  await pair.cli("thaw", "replica");
  expect((await pair.becomes(({ replica }) => replica.state !== "frozen", "thaw")).primary.state).toBe(
    "active",
  );
  expect(await openPorts(pair)).toEqual(["primary"]);
});

for (const mode of ["cut", "half-open"] as const) {
  test(`guarded: a link that is ${mode} leaves exactly one broker active, and its clients are served`, async () => {
    const pair = await Pair.start({ flags: ["--peer-timeout", "500"] });
    await pair.cli("send", "orders", "before");

    await pair.cli("link", mode);
    const view = await pair.becomes(
      ({ protection, primary, replica }) =>
        protection === "unprotected" && (primary.state === "active" || replica.state === "active"),
      "one active broker",
    );

    const active = (["primary", "replica"] as const).filter((node) => view[node].state === "active");
    expect(active).toHaveLength(1);
    expect(await openPorts(pair)).toEqual(active);
    await pair.cli("send", "orders", "after");
    expect(await pair.cli("receive", "orders", "--count", "2")).toBe("before\nafter");

    await pair.cli("link", "heal");
    await pair.cli("recover");
    await pair.isProtection("protected");
  });
}

test("classic: a cut link splits the pair, which is shown, and recovery needs a choice of side", async () => {
  const pair = await Pair.start({ flags: ["--profile", "classic"] });
  const [left, right] = ["primary", "replica"] as const;

  await pair.cli("link", "cut");
  await pair.becomes(
    ({ primary, replica }) => primary.state === "active" && replica.state === "active",
    "both active",
  );
  expect((await pair.view()).protection).toBe("split");
  for (const node of [left, right]) {
    const client = await RawClient.connect(pair.ports[node]);
    await client.send("/queue/orders", `kept by the ${node}`);
    client.end();
  }

  await pair.cli("link", "heal");
  const refused = await pair.tryCli("recover");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("Both brokers were active at once");
  await pair.cli("recover", "--from", "replica", "--force");

  await pair.isProtection("protected");
  expect(await pair.cli("receive", "orders", "--count", "5")).toBe("kept by the replica");
});

test("a delayed link makes confirmations slower and nothing else", async () => {
  const pair = await Pair.start();
  const client = await RawClient.connect(pair.ports.primary);

  await pair.cli("link", "delay", "150");
  const startedAt = performance.now();
  await client.send("/queue/orders", "slow");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
  expect((await pair.view()).link).toMatchObject({ mode: "delay", delayMs: 150 });
  expect((await pair.view()).protection).toBe("protected");

  await pair.cli("link", "heal");
  await client.send("/queue/orders", "quick");
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  expect(await pair.cli("receive", "orders", "--count", "2")).toBe("slow\nquick");
});
