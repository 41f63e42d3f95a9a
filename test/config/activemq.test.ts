import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import {
  loadBrokerConfiguration,
  loadPairConfiguration,
  type LoadOptions,
} from "../../engine/config/load.ts";

const here: LoadOptions = { dataDirectory: "/data", environment: { ACTIVEMQ_BASE: "/opt/mq" } };

/** The two examples of the original's manual, as they stand there. */
const byAttribute = `<broker masterConnectorURI="tcp://masterhost:62001" shutdownOnMasterFailure="false">
  <persistenceAdapter>
      <journaledJDBC journalLogFiles="5" dataDirectory="\${activemq.base}/data/broker2" />
    </persistenceAdapter>

    <transportConnectors>
	  <transportConnector uri="tcp://slavehost:61616"/>
   </transportConnectors>
</broker>`;
const byService = `<broker brokerName="slave" useJmx="false"  deleteAllMessagesOnStartup="true"  xmlns="http://activemq.apache.org/schema/core">
    <services>
      <masterConnector remoteURI= "tcp://localhost:62001" userName="James" password="Cheese"/>
    </services>

    <transportConnectors>
      <transportConnector uri="tcp://localhost:62002"/>
    </transportConnectors>
  </broker>`;

function broker(content: string, options = here): ReturnType<typeof loadBrokerConfiguration> {
  return loadBrokerConfiguration({ file: "broker.xml", content }, options);
}

function pair(content: string, options = here): ReturnType<typeof loadPairConfiguration> {
  return loadPairConfiguration({ file: "broker.xml", content }, options);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError && error.code === "CONFIGURATION_INVALID") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("the original's examples", () => {
  test("a slave by attribute, as half of a pair over two hosts", () => {
    const { configuration, notices } = broker(byAttribute, { ...here, flags: { allowRemote: true } });

    expect(configuration).toMatchObject({
      role: "replica",
      host: "slavehost",
      port: 61_616,
      dataDirectory: "/opt/mq/data/broker2",
      shutdownOnPrimaryFailure: false,
      primaryConnector: { host: "masterhost", port: 62_001 },
    });
    expect(notices).toEqual([
      "broker.xml, line 3: journalLogFiles of <journaledJDBC> has no effect: messages are kept in Understudy's own store.",
    ]);
  });

  test("its host is refused unless other machines are allowed", () => {
    expect(refusal(() => broker(byAttribute))).toMatch(
      /line 7.*"slavehost" is an address that other machines can reach/,
    );
  });

  test("a slave by service, with its login", () => {
    const { configuration, notices } = broker(byService);

    expect(configuration).toMatchObject({
      name: "slave",
      host: "127.0.0.1",
      port: 62_002,
      deleteAllMessagesOnStartup: true,
      primaryConnector: { host: "127.0.0.1", port: 62_001, userName: "James", password: "Cheese" },
    });
    expect(notices.join()).toMatch(/line 1: useJmx has no effect/);
  });

  test.each([
    ["master", "Slave"],
    ["active", "Passive"],
  ])("the %s/%s vocabulary: every name", (active, standby) => {
    const { configuration } = broker(
      `<broker ${active}ConnectorURI="tcp://localhost:1" shutdownOnMasterFailure="true" waitFor${standby}="true" ` +
        `shutdownOn${standby}Failure="true" waitFor${standby}Timeout="4000"/>`,
    );

    expect(configuration).toMatchObject({
      role: "replica",
      shutdownOnPrimaryFailure: true,
      waitForReplica: true,
      shutdownOnReplicaFailure: true,
      waitForReplicaTimeoutMs: 4_000,
    });
  });

  test("as a pair: the ports and the login are taken, the hosts are this machine", () => {
    const { configuration, notices } = pair(byAttribute);

    expect(configuration).toMatchObject({
      primaryPort: 62_001,
      replicaPort: 61_616,
      dataDirectory: "/opt/mq/data/broker2",
    });
    expect(notices.join("\n")).toMatch(
      /only the port of masterhost:62001 is used[^]*only the port of "tcp:\/\/slavehost:61616" is used/,
    );
    expect(pair(byService).configuration.replicaLogin).toEqual({ name: "James", password: "Cheese" });
  });
});

describe("around the broker", () => {
  const two = `<beans xmlns="http://www.springframework.org/schema/beans">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer"/>
  <amq:broker xmlns:amq="http://activemq.apache.org/schema/core" brokerName="one" waitForSlave="true">
    <amq:transportConnectors><amq:transportConnector name="openwire" uri="nio://localhost:7001"/></amq:transportConnectors>
  </amq:broker>
  <broker brokerName="two" masterConnectorURI="tcp://localhost:7001">
    <transportConnectors><transportConnector uri="stomp://127.0.0.1:7002?maximumConnections=5"/></transportConnectors>
  </broker>
</beans>`;

  test("two brokers in <beans> are a pair", () => {
    const { configuration, notices } = pair(two);

    expect(configuration).toMatchObject({
      primaryPort: 7_001,
      replicaPort: 7_002,
      waitForReplica: true,
      dataDirectory: "/data",
    });
    expect(notices.join("\n")).toMatch(/line 2: <bean> has no effect/);
    expect(notices.join("\n")).toMatch(
      /"maximumConnections=5" of stomp:\/\/127\.0\.0\.1:7002 have no effect/,
    );
  });

  test("one of them is chosen by name", () => {
    expect(broker(two, { ...here, flags: { name: "one" } }).configuration).toMatchObject({
      name: "one",
      role: "primary",
      port: 7_001,
    });
    expect(refusal(() => broker(two))).toMatch(/several brokers \(one, two\); choose one with --name/);
  });

  test("the adapter's directory wins over the broker's, and users come from the authentication plugin", () => {
    const { configuration } =
      broker(`<broker dataDirectory="/a"><persistenceAdapter><kahaDB directory="/b"/></persistenceAdapter>
      <plugins><simpleAuthenticationPlugin><users><authenticationUser username="u" password="p"/></users></simpleAuthenticationPlugin></plugins></broker>`);

    expect(configuration).toMatchObject({ dataDirectory: "/b", users: [{ name: "u", password: "p" }] });
  });
});

describe("what is not supported is named with file, line, column and element", () => {
  test.each([
    [
      `<broker>\n <networkConnectors>\n  <networkConnector uri="static:(tcp://a:1)"/>\n </networkConnectors></broker>`,
      /^broker\.xml, line 3, column 3: <networkConnector> is refused: do not configure a connection between the two brokers.*race/,
    ],
    [
      `<broker>\n\n  <destinationPolicy/></broker>`,
      /^broker\.xml, line 3, column 3: <destinationPolicy> is not supported\.$/,
    ],
    [`<broker persistent="false"/>`, /line 1, column 9: persistent="false" of <broker> is not supported/],
    [
      `<broker waitForSlve="true"/>`,
      /has no attribute "waitForSlve" that is supported; did you mean "waitForSlave"\?/,
    ],
    [`<broker passiveSlave="true"/>`, /"passiveSlave" is not supported/],
    [`<broker waitForSlave="maybe"/>`, /line 1, column 9: "waitForSlave" must be/],
    [
      `<broker masterConnectorURI="tcp://a:1" activeConnectorURI="tcp://b:1"/>`,
      /two names of one option and contradict/,
    ],
    [
      `<broker masterConnectorURI="tcp://a:1"><services><masterConnector remoteURI="tcp://a:1"/></services></broker>`,
      /exclude each other/,
    ],
    [`<broker><services><jmsBridge/></services></broker>`, /<jmsBridge> is not supported/],
    [`<broker><masterConnector remoteURI="tcp://a:1"/></broker>`, /belongs inside <services>/],
    [
      `<broker><transportConnectors><transportConnector uri="ssl://a:1"/></transportConnectors></broker>`,
      /not encrypted/,
    ],
    [
      `<broker><transportConnectors><transportConnector name="x"/></transportConnectors></broker>`,
      /needs a uri/,
    ],
    [
      `<broker><transportConnectors><transportConnector uri="tcp://localhost:1"/><transportConnector uri="tcp://localhost:2"/></transportConnectors></broker>`,
      /a second <transportConnector>/,
    ],
    [`<broker><persistenceAdapter><memoryPersistenceAdapter/></persistenceAdapter></broker>`, /kept on disk/],
    [
      `<broker><persistenceAdapter><kahaDB directory="\${nope}/x"/></persistenceAdapter></broker>`,
      /needs a value for nope/,
    ],
    [`<beans/>`, /holds no <broker>/],
    [`<server/>`, /<server> is not supported/],
    [`<broker>\n<a></broker>`, /line 2, column \d+: it is not well-formed XML: /],
    [`<!DOCTYPE x [<!ENTITY a "aaaa">]><broker brokerName="&a;"/>`, /not well-formed/],
    [``, /not well-formed|no element/],
  ])("%j", (content, sentence) => {
    expect(refusal(() => broker(content))).toMatch(sentence);
  });
});
