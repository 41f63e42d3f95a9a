import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { failoverOptionsDefault } from "../../engine/client/failover-options.ts";
import { failoverUriLimits, failoverUriOf, parseFailoverUri } from "../../engine/client/failover-uri.ts";

const keys = (uri: string): string[] => parseFailoverUri(uri).addresses.map((address) => address.key);

function refusal(uri: string): { position: unknown; message: string } {
  try {
    parseFailoverUri(uri);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    expect(error.code).toBe("REQUEST_INVALID");
    return { position: error.context["position"], message: error.message };
  }
  throw new Error(`accepted: ${uri}`);
}

describe("failover URI: forms", () => {
  test.each([
    "failover:(tcp://a:1,tcp://b:2)",
    "failover:(tcp://a:1,tcp://b:2)?randomize=false",
    "failover://(tcp://a:1,tcp://b:2)?randomize=false",
    "failover:tcp://a:1,tcp://b:2",
    "failover:tcp://a:1,tcp://b:2?randomize=false",
    "failover://tcp://a:1,tcp://b:2",
    "FAILOVER:( tcp://a:1 , tcp://b:2 )",
    "failover:(nio://a:1/,stomp://b:2/)",
  ])("%s names both brokers", (uri) => {
    expect(keys(uri)).toEqual(["tcp://a:1", "tcp://b:2"]);
  });

  test("the URI of a pair is read back", () => {
    const uri = parseFailoverUri(failoverUriOf([61_616, 61_617]));
    expect(uri.addresses.map((address) => address.port)).toEqual([61_616, 61_617]);
    expect(uri.options.randomize).toBe(false);
  });

  test("an IPv6 address loses its brackets for the socket and keeps them in its key", () => {
    expect(parseFailoverUri("failover:(tcp://[::1]:5)").addresses[0]).toMatchObject({
      host: "::1",
      key: "tcp://[::1]:5",
    });
  });

  test("a plain address is tried once", () => {
    const uri = parseFailoverUri("tcp://a:1?connectionTimeout=7");
    expect(uri.addresses[0]?.connectionTimeoutMs).toBe(7);
    expect(uri.options).toMatchObject({ maxReconnectAttempts: 0, startupMaxReconnectAttempts: 0 });
  });
});

describe("failover URI: options", () => {
  test("the defaults are ActiveMQ's", () => {
    expect(parseFailoverUri("failover:(tcp://a:1)").options).toEqual(failoverOptionsDefault);
    expect(failoverOptionsDefault).toMatchObject({
      randomize: true,
      initialReconnectDelayMs: 10,
      maxReconnectDelayMs: 30_000,
      useExponentialBackOff: true,
      reconnectDelayExponent: 2,
      maxReconnectAttempts: -1,
      startupMaxReconnectAttempts: -1,
      timeoutMs: -1,
    });
  });

  test("every option arrives", () => {
    const uri = parseFailoverUri(
      "failover:(tcp://a:1,tcp://b:2)?randomize=false&initialReconnectDelay=1&maxReconnectDelay=2&useExponentialBackOff=false" +
        "&reconnectDelayExponent=1.5&maxReconnectAttempts=3&startupMaxReconnectAttempts=4&timeout=5&priorityBackup=true" +
        "&priorityURIs=tcp://b:2&backup=true&backupPoolSize=2&trackMessages=true&warnAfterReconnectAttempts=6",
    );
    expect(uri.options).toEqual({
      randomize: false,
      initialReconnectDelayMs: 1,
      maxReconnectDelayMs: 2,
      useExponentialBackOff: false,
      reconnectDelayExponent: 1.5,
      maxReconnectAttempts: 3,
      startupMaxReconnectAttempts: 4,
      timeoutMs: 5,
      priorityBackup: true,
      priorityUris: ["tcp://b:2"],
      backup: true,
      backupPoolSize: 2,
      trackMessages: true,
      warnAfterReconnectAttempts: 6,
    });
  });

  test("backOffMultiplier is another name of reconnectDelayExponent", () => {
    expect(parseFailoverUri("failover:(tcp://a:1)?backOffMultiplier=3").options.reconnectDelayExponent).toBe(
      3,
    );
  });

  test("an address's own options count more than nested ones", () => {
    const uri = parseFailoverUri(
      "failover:(tcp://a:1?soTimeout=1,tcp://b:2)?nested.soTimeout=2&nested.connectionTimeout=3",
    );
    expect(uri.addresses).toMatchObject([
      { soTimeoutMs: 1, connectionTimeoutMs: 3 },
      { soTimeoutMs: 2, connectionTimeoutMs: 3 },
    ]);
  });

  test("without brackets the last options go where they are known", () => {
    const uri = parseFailoverUri("failover:tcp://a:1,tcp://b:2?soTimeout=9&timeout=8");
    expect(uri.addresses.map((address) => address.soTimeoutMs)).toEqual([null, 9]);
    expect(uri.options.timeoutMs).toBe(8);
  });

  test("options of other clients are accepted and named", () => {
    const uri = parseFailoverUri(
      "failover:(tcp://a:1?wireFormat.maxInactivityDuration=0)?jms.prefetchPolicy.all=1&updateURIsSupported=false",
    );
    expect(uri.ignored).toEqual([
      "jms.prefetchPolicy.all",
      "updateURIsSupported",
      "wireFormat.maxInactivityDuration",
    ]);
  });
});

describe("failover URI: errors name what and where", () => {
  test.each([
    ["", 0, "an address is missing"],
    ["failover:", 9, "an address is missing"],
    ["failover:()", 10, "an address is missing"],
    ["failover:(tcp://a:1,)", 20, "an address is missing"],
    ["failover:(tcp://a:1", 19, "never closed"],
    ["failover:(tcp://a:1)randomize=false", 20, "stands behind the bracket"],
    ["failover:(a:1)", 10, '"a:1" is not an address'],
    ["failover:(tcp://a)", 10, "is not an address"],
    ["failover:(tcp://a:1,ssl://b:2)", 20, 'the transport "ssl" is not supported'],
    ["failover:(tcp://a:0)", 18, "0 is not a port"],
    ["failover:(tcp://a:65536)", 18, "65536 is not a port"],
    ["failover:(tcp://a:1)?randomise=false", 21, "no failover option randomise"],
    ["failover:(tcp://a:1)?constructor=1", 21, "no failover option constructor"],
    ["failover:(tcp://a:1)?randomize=maybe", 31, 'randomize is "maybe", which is not true or false'],
    ["failover:(tcp://a:1)?timeout=1.5", 29, "not a whole number"],
    ["failover:(tcp://a:1)?timeout=-2", 29, "not a number from -1"],
    ["failover:(tcp://a:1)?timeout", 21, "name=value"],
    ["failover:(tcp://a:1)?timeout=%zz", 29, "broken % escape"],
    ["failover:(tcp://a:1)?timeout=1&timeout=2", 31, "given twice"],
    [
      "failover:(tcp://a:1)?backOffMultiplier=1&reconnectDelayExponent=2",
      41,
      "another name of an option given before",
    ],
    ["failover:(tcp://a:1?soTimout=1)", 20, "no address option soTimout"],
    ["failover:(tcp://a:1?soTimeout=1&soTimeout=1)", 32, "given twice"],
    ["failover:(tcp://a:1,tcp://a:1)", 0, "given twice"],
    ["tcp://a:1,tcp://b:2", 0, "need failover:"],
  ])("%s", (uri, position, text) => {
    const error = refusal(uri);
    expect(error.position).toBe(position);
    expect(error.message).toContain(text);
    expect(error.message).toContain(`character ${position + 1}`);
  });

  test("lengths and counts are bounded", () => {
    expect(
      refusal(`failover:(tcp://${"a".repeat(failoverUriLimits.characterCountMax)}:1)`).message,
    ).toContain("characters");
    const addresses = Array.from(
      { length: failoverUriLimits.addressCountMax + 1 },
      (_, index) => `tcp://a:${index + 1}`,
    );
    expect(refusal(`failover:(${addresses.join(",")})`).message).toContain("addresses");
    const options = Array.from(
      { length: failoverUriLimits.optionCountMax + 1 },
      (_, index) => `jms.o${index}=1`,
    );
    expect(refusal(`failover:(tcp://a:1)?${options.join("&")}`).message).toContain("options");
  });
});
