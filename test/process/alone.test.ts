import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/paths.mjs";
import { freePort } from "../../engine/host/ports.ts";
import { connectionTo, Pair } from "./pair.ts";
import { Program, temporaryDirectory } from "./program.ts";
import { RawClient } from "./raw-client.ts";

/** `understudy broker`, which tells what becomes of it on standard error. */
function startBroker(...args: readonly string[]): Program {
  return new Program(["broker", "--data", temporaryDirectory(), ...args]);
}

async function says(broker: Program, text: string): Promise<string> {
  return await broker.saying(() => (broker.err.includes(text) ? broker.err : undefined), `"${text}"`);
}

/** A configuration as ActiveMQ's documentation of the Pure Master Slave has it. */
function activemqXml(brokerElement: string): string {
  const file = join(temporaryDirectory(), "activemq.xml");
  writeFileSync(
    file,
    `<beans xmlns="http://www.springframework.org/schema/beans">\n${brokerElement}\n</beans>\n`,
  );
  return file;
}

test("two brokers started from ActiveMQ's XML form a pair, and the slave takes over from a killed master", async () => {
  const [masterPort, slavePort] = [await freePort(), await freePort()];
  const master = startBroker(
    "--profile",
    "classic",
    "--config",
    activemqXml(`<broker xmlns="http://activemq.apache.org/schema/core" brokerName="master">
      <transportConnectors><transportConnector uri="tcp://localhost:${masterPort}"/></transportConnectors>
    </broker>`),
  );
  await says(master, `active on port ${masterPort}`);
  const slave = startBroker(
    "--profile",
    "classic",
    "--config",
    activemqXml(`<broker xmlns="http://activemq.apache.org/schema/core" brokerName="slave"
        masterConnectorURI="tcp://localhost:${masterPort}" shutdownOnMasterFailure="false">
      <transportConnectors><transportConnector uri="tcp://localhost:${slavePort}"/></transportConnectors>
    </broker>`),
  );
  await says(master, "replica attached");
  expect(await connectionTo(slavePort)).toBe("ECONNREFUSED");
  const client = await RawClient.connect(masterPort);
  await client.send("/queue/orders", "mirrored");

  process.kill(master.pid, "SIGKILL");

  await says(slave, `active on port ${slavePort}`);
  const other = await RawClient.connect(slavePort);
  await other.subscribe("/queue/orders");
  expect(await other.bodies(1)).toEqual(["mirrored"]);
  process.kill(slave.pid, "SIGTERM");
  expect(await slave.ended).toBe(0);
});

test("a master goes on serving when its slave is killed", async () => {
  const port = await freePort();
  const master = startBroker("--name", "master", "--port", `${port}`, "--profile", "classic");
  await says(master, `active on port ${port}`);
  const uri = `tcp://127.0.0.1:${port}`;
  const slave = startBroker(
    ...[
      "--name",
      "slave",
      "--port",
      `${await freePort()}`,
      "--profile",
      "classic",
      "--primary-connector",
      uri,
    ],
  );
  await says(master, "replica attached");
  const client = await RawClient.connect(port);
  await client.send("/queue/orders", "on both");

  process.kill(slave.pid, "SIGKILL");

  await client.send("/queue/orders", "on one");
  await client.subscribe("/queue/orders");
  expect(await client.bodies(2)).toEqual(["on both", "on one"]);
});

test("shutdownOnMasterFailure in XML ends the slave with a reason when its master is killed", async () => {
  const [masterPort, slavePort] = [await freePort(), await freePort()];
  const master = startBroker("--name", "master", "--port", `${masterPort}`, "--profile", "classic");
  await says(master, `active on port ${masterPort}`);
  const slave = startBroker(
    "--profile",
    "classic",
    "--config",
    activemqXml(`<broker xmlns="http://activemq.apache.org/schema/core" brokerName="slave" shutdownOnMasterFailure="true">
      <services><masterConnector remoteURI="tcp://localhost:${masterPort}" userName="replica" password="p"/></services>
      <transportConnectors><transportConnector uri="tcp://localhost:${slavePort}"/></transportConnectors>
    </broker>`),
  );
  await says(master, "replica attached");

  process.kill(master.pid, "SIGKILL");

  expect(await slave.ended).not.toBe(0);
  expect(slave.err).toContain("shutdownOnPrimaryFailure");
});

test("waitForReplica: a broker alone lets clients wait until a replica on another host has come", async () => {
  const [masterPort, slavePort] = [await freePort(), await freePort()];
  const master = startBroker(
    "--name",
    "m",
    "--port",
    `${masterPort}`,
    "--profile",
    "classic",
    "--wait-for-replica",
  );
  await says(master, `blocked on port ${masterPort}`);
  const client = RawClient.open(masterPort);

  startBroker(
    "--name",
    "s",
    "--port",
    `${slavePort}`,
    "--profile",
    "classic",
    "--primary-connector",
    `tcp://127.0.0.1:${masterPort}`,
  );

  await client.frame(({ command }) => command === "CONNECTED");
  await client.send("/queue/orders", "safe on both");
});

test("a broker alone says that it can only be classic", async () => {
  const port = await freePort();
  const broker = startBroker("--name", "b", "--port", `${port}`);
  expect(await says(broker, "can only be classic")).toContain("It is classic.");

  const refused = startBroker("--name", "b", "--port", `${port}`, "--profile", "guarded");
  expect(await refused.ended).toBe(2);
});

test("a broker alone tells scripts what becomes of it as JSON, one value a line", async () => {
  const broker = startBroker("--name", "b", "--port", "0", "--profile", "classic", "--json");
  await broker.saying(() => (broker.out.length > 0 ? true : undefined), "a line");
  process.kill(broker.pid, "SIGTERM");
  expect(await broker.ended).toBe(0);

  const events = broker.out.map((line) => JSON.parse(line) as object);
  expect(events[0]).toMatchObject({
    event: "state",
    state: "active",
    port: expect.any(Number) as number,
    attached: false,
    text: expect.stringMatching(/^active on port/) as string,
  });
  expect(events.at(-1)).toMatchObject({ event: "ending", text: "It was told to stop." });
  expect(broker.err).toBe("");
});

test("a broker alone goes on when nobody reads any more what becomes of it", async () => {
  const [masterPort, slavePort] = [await freePort(), await freePort()];
  const classic = ["--profile", "classic", "--json"];
  const master = startBroker("--name", "m", "--port", `${masterPort}`, ...classic);
  await master.saying(() => (master.out.length > 0 ? true : undefined), "a line");
  master.stopReading();

  const uri = `tcp://127.0.0.1:${masterPort}`;
  const slave = startBroker(
    ...["--name", "s", "--port", `${slavePort}`, ...classic, "--primary-connector", uri],
  );
  await slave.saying(() => slave.out.find((line) => line.includes('"epoch":1')), "that it is attached");
  const client = await RawClient.connect(masterPort);
  await client.send("/queue/orders", "mirrored");
  process.kill(master.pid, "SIGTERM");
  expect(await master.ended).toBe(0);
});

test("a second replica is refused with a sentence, and the first goes on undisturbed", async () => {
  const pair = await Pair.start();
  const primary = `tcp://127.0.0.1:${pair.ports.primary}`;

  const third = startBroker(
    "--name",
    "third",
    "--port",
    "0",
    "--profile",
    "classic",
    "--primary-connector",
    primary,
  );

  await says(third, "only one replica can be attached");
  await pair.happens(
    ({ event, text }) => event === "notice" && text.includes("The third was refused"),
    "the notice",
  );
  const client = await RawClient.connect(pair.ports.primary);
  await client.send("/queue/orders", "mirrored by the first");
  expect((await pair.view()).protection).toBe("protected");
  await pair.killFromOutside("primary");
  await pair.isState("replica", "active");
  expect(await pair.cli("receive", "orders")).toBe("mirrored by the first");
});

test("a replica with a wrong login is refused", async () => {
  const file = join(temporaryDirectory(), "users.json");
  writeFileSync(
    file,
    JSON.stringify({ users: [{ name: "replica", password: "right" }], waitForReplica: true }),
  );
  const port = await freePort();
  const master = startBroker("--config", file, "--name", "m", "--port", `${port}`, "--profile", "classic");
  await says(master, "blocked on port");
  const passwordFile = join(temporaryDirectory(), "password");
  writeFileSync(passwordFile, "wrong\n");

  const login = ["--user", "replica", "--password-file", passwordFile];
  const uri = `tcp://127.0.0.1:${port}`;
  const wrong = startBroker(
    "--name",
    "s",
    "--port",
    "0",
    "--profile",
    "classic",
    "--primary-connector",
    uri,
    ...login,
  );
  await says(wrong, "its user name or password is wrong");

  writeFileSync(passwordFile, "right\n");
  startBroker("--name", "s", "--port", "0", "--profile", "classic", "--primary-connector", uri, ...login);
  await says(master, "replica attached");
});

test("a replica of another pair is refused, and its store is left alone", async () => {
  const [onePort, otherPort] = [await freePort(), await freePort()];
  const one = startBroker("--name", "one", "--port", `${onePort}`, "--profile", "classic");
  await says(one, `active on port ${onePort}`);
  const data = temporaryDirectory();
  const other = new Program([
    "broker",
    "--name",
    "other",
    "--port",
    `${otherPort}`,
    "--profile",
    "classic",
    "--data",
    data,
  ]);
  await says(other, `active on port ${otherPort}`);
  const client = await RawClient.connect(otherPort);
  await client.send("/queue/orders", "of the other pair");
  process.kill(other.pid, "SIGTERM");
  await other.ended;

  const uri = `tcp://127.0.0.1:${onePort}`;
  const stranger = new Program([
    ...["broker", "--name", "other", "--port", `${otherPort}`, "--profile", "classic"],
    ...["--data", data, "--primary-connector", uri],
  ]);
  await says(stranger, "its store belongs to another pair");
  expect(await connectionTo(otherPort)).toBe("ECONNREFUSED");

  process.kill(stranger.pid, "SIGTERM");
  await stranger.ended;
  const { stdout } = spawnSync(process.execPath, [join(root, "engine/host/store-check.ts"), data], {
    encoding: "utf8",
  });
  expect(JSON.parse(stdout)).toMatchObject({ sound: true, messages: 1 });
});

test("a store that another process serves is refused to a second one", async () => {
  const pair = await Pair.start();

  const second = new Program([
    "broker",
    "--name",
    "x",
    "--port",
    "0",
    "--profile",
    "classic",
    "--data",
    join(pair.data, "primary"),
  ]);

  expect(await second.ended).toBe(1);
  expect(second.err).toContain("is in use by another process");
  expect((await pair.view()).protection).toBe("protected");
});
