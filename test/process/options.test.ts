import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectionTo, Pair, upArguments } from "./pair.ts";
import { run, temporaryDirectory } from "./program.ts";
import { RawClient } from "./raw-client.ts";

function configurationFile(content: object): string {
  const file = join(temporaryDirectory(), "understudy.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
}

test("shutdownOnPrimaryFailure: the replica shuts down instead of taking over, and both can be started again", async () => {
  const pair = await Pair.start({ flags: ["--shutdown-on-primary-failure"] });
  await pair.cli("send", "orders", "hello");

  await pair.killFromOutside("primary");

  const view = await pair.isState("replica", "shut down");
  expect(view.replica.reason).toContain("shutdownOnPrimaryFailure");
  expect(view.protection).toBe("down");
  expect(await connectionTo(pair.ports.replica)).toBe("ECONNREFUSED");
  await pair.cli("start", "primary");
  await pair.cli("start", "replica");
  await pair.isState("primary", "active");
  expect(await pair.cli("receive", "orders")).toBe("hello");
});

test("shutdownOnReplicaFailure: the primary shuts down when it loses its replica, and both can be started again", async () => {
  const pair = await Pair.start({ flags: ["--shutdown-on-replica-failure"] });
  await pair.cli("send", "orders", "hello");

  await pair.killFromOutside("replica");

  const view = await pair.isState("primary", "shut down");
  expect(view.primary.reason).toContain("shutdownOnReplicaFailure");
  expect(view.protection).toBe("down");
  await pair.cli("start", "primary");
  await pair.cli("start", "replica");
  await pair.isState("primary", "active");
  expect(await pair.cli("receive", "orders")).toBe("hello");
});

test("waitForReplica: clients of a primary that starts without its replica wait, and are answered once it is there", async () => {
  const pair = await Pair.start({ flags: ["--wait-for-replica"] });
  await pair.cli("stop", "replica");
  await pair.isProtection("unprotected");
  await pair.cli("stop", "primary");

  await pair.cli("start", "primary");
  await pair.isState("primary", "blocked");
  const client = RawClient.open(pair.ports.primary);
  client.write("SEND", { destination: "/queue/orders", receipt: "first" }, "patience");
  expect(await connectionTo(pair.ports.primary)).toBe("accepted");
  expect(client.waiting("CONNECTED")).toEqual([]);

  await pair.cli("start", "replica");
  await client.frame(({ command }) => command === "CONNECTED");
  await client.frame(({ command }) => command === "RECEIPT");
  await pair.isProtection("protected");
});

test("waitForReplicaTimeoutMs: whoever has waited that long is told why, whenever it came", async () => {
  const config = configurationFile({ waitForReplica: true, waitForReplicaTimeoutMs: 300 });
  const pair = await Pair.start({ flags: ["--config", config] });
  await pair.cli("stop", "replica");
  await pair.isProtection("unprotected");
  await pair.cli("stop", "primary");
  await pair.cli("start", "primary");
  await pair.isState("primary", "blocked");

  for (const which of ["first", "one that comes later"]) {
    const client = RawClient.open(pair.ports.primary);
    const { headers } = await client.frame(({ command }) => command === "ERROR");
    expect(String(headers), which).toContain("waits for its replica (waitForReplica)");
  }

  await pair.cli("start", "replica");
  await pair.isProtection("protected");
  const patient = await RawClient.connect(pair.ports.primary);
  await patient.send("/queue/orders", "served");
});

test("waitForReplica: it holds at the start only, so that a replica lost later leaves the primary serving", async () => {
  const pair = await Pair.start({ flags: ["--wait-for-replica"] });
  await pair.killFromOutside("replica");
  await pair.isProtection("unprotected");
  await pair.isState("primary", "active");
  await pair.cli("send", "orders", "alone");
});

test("waitForReplica always: nothing is confirmed without a replica, and all of it once there is one", async () => {
  const pair = await Pair.start({ flags: ["--wait-for-replica", "always"] });
  const client = await RawClient.connect(pair.ports.primary);
  await client.send("/queue/orders", "first");

  await pair.killFromOutside("replica");
  await pair.isState("primary", "blocked");
  client.write("SEND", { destination: "/queue/orders", persistent: "true", receipt: "second" }, "second");
  await pair.isState("replica", "killed");
  expect(client.waiting("RECEIPT")).toEqual([]);

  await pair.cli("start", "replica");
  await client.frame(({ command }) => command === "RECEIPT");
  await pair.isProtection("protected");
  await pair.killFromOutside("primary");
  await pair.happens(({ event, text }) => event === "killed" && text.includes("primary"), "the kill");
  const { replica } = await pair.becomes(
    (view) => view.replica.state === "blocked" || view.replica.state === "active",
    "takeover",
  );
  expect(replica.state).toBe("blocked");
});

test("synchronisation automatic: a failed primary that is started again follows the replica without a copy", async () => {
  const pair = await Pair.start({ flags: ["--synchronisation", "automatic"] });
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await pair.cli("send", "orders", "missed", "--count", "20");

  await pair.cli("start", "primary");

  const view = await pair.isProtection("protected");
  expect([view.primary.state, view.replica.state]).toEqual(["standby", "active"]);
  await pair.killFromOutside("replica");
  await pair.isState("primary", "active");
  expect((await pair.cli("receive", "orders", "--count", "50")).split("\n")).toHaveLength(20);
});

test("users: only those of the configuration get in, and the replica has a login of its own", async () => {
  const config = configurationFile({ users: [{ name: "alice", password: "secret" }] });
  const pair = await Pair.start({ flags: ["--config", config] });
  expect(pair.ready.protection).toBe("protected");

  await expect(RawClient.connect(pair.ports.primary)).rejects.toThrow("Login failed");
  await expect(RawClient.connect(pair.ports.primary, { login: "alice", passcode: "wrong" })).rejects.toThrow(
    "Login failed",
  );
  const alice = await RawClient.connect(pair.ports.primary, { login: "alice", passcode: "secret" });
  await alice.send("/queue/orders", "hello");

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await expect(RawClient.connect(pair.ports.replica)).rejects.toThrow("Login failed");
  const again = await RawClient.connect(pair.ports.replica, { login: "alice", passcode: "secret" });
  await again.subscribe("/queue/orders");
  expect(await again.bodies(1)).toEqual(["hello"]);
});

test("classic: the replica takes over from a killed primary, and a primary started again serves its stale store", async () => {
  const pair = await Pair.start({ flags: ["--profile", "classic"] });
  expect(pair.ready.protection).toBe("protected");
  await pair.cli("send", "orders", "before");

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await pair.cli("receive", "orders");
  await pair.cli("start", "primary");

  const view = await pair.isProtection("split");
  expect(view.sentence).toContain("Both brokers are active");
  const stale = await RawClient.connect(pair.ports.primary);
  await stale.subscribe("/queue/orders");
  expect(await stale.bodies(1)).toEqual(["before"]);
});

test("a configuration that is wrong is refused with file, line and a suggestion, before anything starts", async () => {
  const file = join(temporaryDirectory(), "understudy.yaml");
  writeFileSync(file, "profile: guarded\nwaitForSlaves: true\n");

  const { code, err } = await run(upArguments({ flags: ["--config", file] }));

  expect(code).toBe(2);
  expect(err).toContain(`${file}, line 2`);
  expect(err).toContain(String.raw`did you mean \"waitForSlave\"`);
});
