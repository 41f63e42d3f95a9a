import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { limits } from "../../engine/base/limits.ts";
import {
  loadBrokerConfiguration,
  loadPairConfiguration,
  type LoadOptions,
} from "../../engine/config/load.ts";

const here: LoadOptions = { dataDirectory: "/data" };

function pair(content: string, file = "pair.yaml", options = here): ReturnType<typeof loadPairConfiguration> {
  return loadPairConfiguration({ file, content }, options);
}

function broker(
  content: string,
  file = "broker.yaml",
  options = here,
): ReturnType<typeof loadBrokerConfiguration> {
  return loadBrokerConfiguration({ file, content }, options);
}

function refusal(run: () => unknown): BrokerError {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("pair: JSON and YAML", () => {
  test("without a file, all defaults of the original", () => {
    const { configuration, notices } = loadPairConfiguration(null, here);

    expect(configuration).toMatchObject({
      primaryPort: 61_616,
      replicaPort: 61_617,
      controlPort: 8_161,
      profile: "guarded",
      waitForReplica: false,
      shutdownOnPrimaryFailure: false,
      shutdownOnReplicaFailure: false,
      waitForReplicaTimeoutMs: 600_000,
      dataDirectory: "/data",
    });
    expect(notices).toEqual([]);
  });

  test.each([
    ["shutdownOnMasterFailure", "shutdownOnPrimaryFailure"],
    ["shutdownOnPrimaryFailure", "shutdownOnPrimaryFailure"],
    ["waitForSlave", "waitForReplica"],
    ["waitForPassive", "waitForReplica"],
    ["shutdownOnSlaveFailure", "shutdownOnReplicaFailure"],
    ["shutdownOnPassiveFailure", "shutdownOnReplicaFailure"],
  ])("%s means %s, in JSON and in YAML", (alias, name) => {
    expect(pair(`${alias}: true`).configuration).toMatchObject({ [name]: true });
    expect(pair(`{\n\t"${alias}": true\n}`, "pair.json").configuration).toMatchObject({ [name]: true });
  });

  test("flags win over the file, and undefined flags are not given", () => {
    const { configuration, given } = pair("primaryPort: 1000\nreplicaPort: 1001", "p.yml", {
      ...here,
      flags: { primaryPort: 2000, replicaPort: undefined },
    });

    expect(configuration).toMatchObject({ primaryPort: 2000, replicaPort: 1001 });
    expect([...given]).toEqual(["primaryPort", "replicaPort"]);
  });

  test("an unknown name is refused with file, line, column and the nearest name", () => {
    const error = refusal(() => pair("primaryPort: 1\nwaitForSlav: true\n", "my.yaml"));

    expect(error.code).toBe("CONFIGURATION_INVALID");
    expect(error.message).toContain("my.yaml, line 2, column 1");
    expect(error.message).toContain('"waitForSlav"; did you mean "waitForSlave"?');
  });

  test("a JSON key has its line too", () => {
    expect(refusal(() => pair('{\n "primaryPort": 1,\n "nonsenseOption": 2\n}', "x.json")).message).toContain(
      'x.json, line 3, column 2: there is no option "nonsenseOption".',
    );
  });

  test("two names of one option may agree, not contradict", () => {
    expect(pair("waitForSlave: true\nwaitForReplica: true").configuration.waitForReplica).toBe(true);
    expect(refusal(() => pair("waitForSlave: true\nwaitForReplica: false")).message).toMatch(
      /line 2.*"waitForReplica" and "waitForSlave" are two names of one option and contradict each other/,
    );
  });

  test.each([
    ["primaryPort: high", /line 1.*"primaryPort" must be a number/],
    ["primaryPort: 70000", /"primaryPort" must be at most 65535/],
    ["waitForSlave: sometimes", /"waitForSlave" must be true, false or "always"/],
    ["profile: brave", /"profile" must be one of "guarded", "classic"/],
    ["users:\n  - name: a", /line 1.*"users\[0\]\.password" is missing/],
    ["primaryPort: 1\nprimaryPort: 2", /line 2.*"primaryPort" is given twice/],
    ["primaryPort: 5000\nreplicaPort: 5000", /three different ports/],
    ["- 1", /is a mapping of names to values/],
    ["a: b: c", /line 1/],
    ["{", /line 1/],
    ["--- {}\n--- {}", /one document/],
    ["users: &u []\nname: *u", /aliases .* are not allowed/],
    [
      "passiveSlave: true",
      /"passiveSlave" is not supported: a replica that mirrors nothing protects nothing/,
    ],
  ])("%j is refused with a sentence", (content, sentence) => {
    const error = refusal(() => pair(content));
    expect(error.code).toBe("CONFIGURATION_INVALID");
    expect(error.message).toMatch(sentence);
  });

  test("a bomb of aliases and an endless nesting cost an error, not memory", () => {
    const bomb = ["a: &a [x]", ...Array.from({ length: 20 }, (_, i) => `k${i}: &b${i} [*a, *a, *a]`)].join(
      "\n",
    );
    expect(refusal(() => pair(bomb)).code).toBe("CONFIGURATION_INVALID");
    expect(refusal(() => pair(`users: ${"[".repeat(5_000)}${"]".repeat(5_000)}`)).code).toBe(
      "CONFIGURATION_INVALID",
    );
  });

  test("a file over the limit and one that is not UTF-8 are refused", () => {
    expect(refusal(() => pair("#".repeat(limits.configurationBytesMax + 1))).message).toMatch(
      /more than the limit of 262144 bytes/,
    );
    expect(
      refusal(() => loadPairConfiguration({ file: "b.yaml", content: Uint8Array.of(0xff, 0xfe, 0x41) }, here))
        .message,
    ).toMatch(/UTF-8/);
  });

  test("a broker's address gives the pair its ports, and its credentials the replica's login", () => {
    const { configuration } = pair(
      "port: 62002\nmasterConnector:\n  remoteURI: tcp://localhost:62001\n  userName: James\n  password: Cheese\n",
    );

    expect(configuration).toMatchObject({
      primaryPort: 62_001,
      replicaPort: 62_002,
      replicaLogin: { name: "James", password: "Cheese" },
    });
  });

  test("placeholders of the data directory come from the environment, or are refused unless a flag replaces it", () => {
    const content = "dataDirectory: ${activemq.base}/data";

    expect(
      pair(content, "p.yaml", { ...here, environment: { ACTIVEMQ_BASE: "/opt/mq" } }).configuration
        .dataDirectory,
    ).toBe("/opt/mq/data");
    expect(refusal(() => pair(content)).message).toMatch(
      /line 1.*needs a value for activemq\.base: set the environment variable ACTIVEMQ_BASE/,
    );
    expect(
      pair(content, "p.yaml", { ...here, flags: { dataDirectory: "/mine" } }).configuration.dataDirectory,
    ).toBe("/mine");
  });
});

describe("broker", () => {
  test("a connector makes it a replica; names and ports have defaults by role", () => {
    const { configuration } = broker("activeConnectorURI: tcp://localhost:62001");

    expect(configuration).toMatchObject({
      name: "replica",
      role: "replica",
      host: "127.0.0.1",
      port: 61_617,
      primaryConnector: { host: "127.0.0.1", port: 62_001, userName: null, password: null },
    });
  });

  test("a failover URI names the primary by its first address, with a notice", () => {
    const { configuration, notices } = broker(
      "primaryConnectorURI: failover:(tcp://a:1,tcp://b:2)?randomize=false",
    );

    expect(configuration.primaryConnector).toMatchObject({ host: "a", port: 1 });
    expect(notices.join()).toMatch(/of its 2 addresses only the first, tcp:\/\/a:1, is used/);
  });

  test("both kinds of connector exclude each other", () => {
    const both = "masterConnectorURI: tcp://a:1\nmasterConnector: {remoteURI: 'tcp://a:1'}";
    expect(refusal(() => broker(both)).message).toMatch(
      /"masterConnectorURI" and "masterConnector" exclude each other/,
    );
  });

  test.each([
    ["host: 0.0.0.0", /other machines can reach.*allowRemote/],
    ["primaryConnectorURI: ssl://a:1", /not encrypted/],
    ["primaryConnectorURI: tcp://a", /names no port/],
    ["primaryConnectorURI: tcp://a:0", /cannot be 0/],
    ["primaryConnectorURI: nonsense", /not an address/],
    ["primaryConnectorURI: tcp://user:secret@a:1", /"tcp:\/\/\*\*\*@a:1" is not an address/],
    ["masterConnector: {userName: x}", /needs a remoteURI/],
    ["masterConnector: {remoteUri: 'tcp://a:1'}", /no option "remoteUri"; did you mean "remoteURI"/],
    ["masterConnector: {remoteURI: 'tcp://a:1', password: x}", /password but no userName/],
    ["primaryPort: 1", /"primaryPort" belongs to a pair/],
    ["role: replica", /a replica needs a primaryConnectorURI/],
  ])("%j is refused with a sentence", (content, sentence) => {
    expect(refusal(() => broker(content)).message).toMatch(sentence);
  });

  test("other machines are listened to only when that is asked for", () => {
    expect(broker("host: 0.0.0.0\nallowRemote: true").configuration.host).toBe("0.0.0.0");
    expect(
      broker("host: 0.0.0.0", "b.yaml", { ...here, flags: { allowRemote: true } }).configuration.host,
    ).toBe("0.0.0.0");
  });
});
