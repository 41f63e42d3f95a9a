import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { RecoveryView } from "../../engine/control/views.ts";
import { connectionTo, Pair } from "./pair.ts";
import { RawClient } from "./raw-client.ts";
import { passingOf } from "./random.ts";
import { areGone, historiesOf } from "./stores.ts";
import { startStompitConsumer, StompitProducer } from "./stompit-clients.ts";
import { Traffic } from "./traffic.ts";

const numbered = (count: number, first = 1): string[] =>
  Array.from({ length: count }, (_, index) => `message ${index + first}`);

async function sendNumbered(
  pair: Pair,
  node: "primary" | "replica",
  count: number,
  first = 1,
): Promise<void> {
  const client = await RawClient.connect(pair.ports[node]);
  for (const body of numbered(count, first)) await client.send("/queue/orders", body);
  client.end();
}

async function drain(pair: Pair, node: "primary" | "replica", count: number): Promise<string[]> {
  const client = await RawClient.connect(pair.ports[node]);
  await client.subscribe("/queue/orders");
  return await client.bodies(count);
}

/** A pair whose replica took over, with ten messages from before the kill and ten from after. */
async function failedOver(): Promise<Pair> {
  const pair = await Pair.start();
  await sendNumbered(pair, "primary", 10);
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await sendNumbered(pair, "replica", 10, 11);
  return pair;
}

const recovered = (text: string): RecoveryView => JSON.parse(text) as RecoveryView;

test("recover brings the pair back to protected, and after another kill of the primary all is still there", async () => {
  const pair = await failedOver();

  const recovery = recovered(await pair.cli("recover", "--json"));

  expect(recovery).toMatchObject({ state: "done", from: "replica", to: "primary", error: null });
  expect(recovery.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "preflight done",
    "stop-source done",
    "set-aside done",
    "copy done",
    "verify done",
    "start-primary done",
    "start-replica done",
  ]);
  const view = await pair.view();
  expect([view.protection, view.primary.state, view.replica.state]).toEqual([
    "protected",
    "active",
    "standby",
  ]);
  expect(await connectionTo(pair.ports.replica)).toBe("ECONNREFUSED");

  await sendNumbered(pair, "primary", 5, 21);
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  expect(await drain(pair, "replica", 25)).toEqual(numbered(25));
});

test("a recovery under traffic costs the clients a pause and nothing else", async () => {
  const pair = await Pair.start();
  const traffic = new Traffic();
  const destination = "/queue/orders";
  startStompitConsumer(pair.ports, { destination, traffic });
  const producer = new StompitProducer(pair.ports, { name: "p1", destination, traffic });
  await traffic.progress();

  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  await pair.cli("recover");
  await traffic.progress();
  await pair.killFromOutside("primary");
  await passingOf(500);
  await producer.stop();
  await traffic.allArrived();

  expect(traffic.problems()).toEqual([]);
});

test("kill -9 of the supervisor and both brokers at once loses nothing confirmed", async () => {
  const first = await Pair.start();
  const traffic = new Traffic();
  const destination = "/queue/orders";
  startStompitConsumer(first.ports, { destination, traffic });
  const producer = new StompitProducer(first.ports, { name: "p1", destination, traffic });
  await traffic.progress();
  await passingOf(500);

  await first.killEverything();
  const second = await Pair.start({ data: first.data, ports: first.ports });
  expect(second.ready.protection).toBe("protected");
  await traffic.progress();
  await producer.stop();
  await traffic.allArrived();

  expect(traffic.problems()).toEqual([]);
});

test("kill -9 of the supervisor alone ends both brokers in order, and nothing is lost", async () => {
  const first = await Pair.start();
  await sendNumbered(first, "primary", 10);

  await first.killSupervisor();

  // On the same ports and at once: it waits for what the other one left over.
  const second = await Pair.start({ data: first.data, ports: first.ports });
  await areGone(first.ready.primary.pid, first.ready.replica.pid);
  expect(second.ready.protection).toBe("protected");
  expect(await drain(second, "primary", 10)).toEqual(numbered(10));
});

test("a broker that was frozen when its supervisor was killed does not keep the pair from starting again", async () => {
  const first = await Pair.start({ flags: ["--peer-timeout", "500"] });
  await first.cli("freeze", "replica");
  await first.isProtection("unprotected");
  await sendNumbered(first, "primary", 10);
  const { pid } = (await first.view()).replica;

  await first.killSupervisor();

  const second = await Pair.start({ data: first.data, ports: first.ports });
  await areGone(pid);
  expect(await drain(second, "primary", 10)).toEqual(numbered(10));
});

test("a dry run says what would happen and changes nothing", async () => {
  const pair = await failedOver();
  const filesBefore = readdirSync(pair.data).sort();

  const recovery = recovered(await pair.cli("recover", "--dry-run", "--json"));

  expect(recovery).toMatchObject({
    from: "replica",
    to: "primary",
    preflight: { allowed: true, ahead: "replica" },
  });
  expect(recovery.preflight?.sentence).toMatch(/replica's store is ahead of the primary's by \d+ entries/);
  expect(readdirSync(pair.data).sort()).toEqual(filesBefore);
  expect((await pair.view()).protection).toBe("unprotected");
});

test("undo puts the replaced store back, and a second recovery is possible", async () => {
  const pair = await failedOver();
  const { primary } = await pair.view();
  expect(primary.pid).toBeNull();
  const [original] = historiesOf(pair.data, "primary");
  const { kept } = recovered(await pair.cli("recover", "--json"));
  expect(kept).toMatchObject({ node: "primary" });
  expect(existsSync(kept?.directory ?? "")).toBe(true);

  expect(recovered(await pair.cli("recover", "--undo", "--json")).state).toBe("undone");

  expect(historiesOf(pair.data, "primary")).toEqual([original]);
  await pair.isState("replica", "active");
  await pair.cli("recover");
  expect((await pair.view()).protection).toBe("protected");
  expect(await drain(pair, "primary", 20)).toEqual(numbered(20));
});

test("the kept store can be removed, and then there is nothing to undo", async () => {
  const pair = await failedOver();
  const { kept } = recovered(await pair.cli("recover", "--json"));

  await pair.cli("recover", "--remove-kept");

  expect(existsSync(kept?.directory ?? "")).toBe(false);
  const { code, err } = await pair.tryCli("recover", "--undo");
  expect(code).toBe(1);
  expect(err).toContain("no recovery to undo");
});

test("a recovery refuses to overwrite the newer store, unless told so, and keeps it even then", async () => {
  const pair = await failedOver();

  const refused = await pair.tryCli("recover", "--from", "primary");
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/replica's store (is newer|holds confirmed messages)/);
  expect((await pair.view()).replica.state).toBe("active");

  const { kept } = recovered(await pair.cli("recover", "--from", "primary", "--force", "--json"));
  expect(kept?.node).toBe("replica");
  expect((await pair.view()).protection).toBe("protected");
  expect(await drain(pair, "primary", 10)).toEqual(numbered(10));
});

test("a protected pair has nothing to recover", async () => {
  const pair = await Pair.start();

  const { code, err } = await pair.tryCli("recover");

  expect(code).toBe(1);
  expect(err).toContain("nothing to recover");
  expect((await pair.view()).protection).toBe("protected");
});
