/** How to point a client library at the pair, one by one. Ports and hosts are the pair's own. */

export interface Snippet {
  readonly name: string;
  readonly protocol: "STOMP" | "OpenWire" | "AMQP 1.0" | "MQTT";
  /** Whether this version of Understudy serves that protocol. */
  readonly isServed: boolean;
  /** What the library does by itself when a broker dies. */
  readonly failover: string;
  readonly code: string;
}

export interface Ends {
  readonly failoverUri: string;
  readonly host: string;
  readonly primaryPort: number;
  readonly replicaPort: number;
}

/** Protocols that the brokers speak today. */
const served: ReadonlySet<Snippet["protocol"]> = new Set(["STOMP", "OpenWire"]);

export function snippetsFor({ failoverUri, host, primaryPort, replicaPort }: Ends): Snippet[] {
  const one = `${host}:${primaryPort}`;
  const two = `${host}:${replicaPort}`;
  const all: Omit<Snippet, "isServed">[] = [
    {
      name: "Python stomp.py",
      protocol: "STOMP",
      failover: "Give it both brokers; connect again whenever it is not connected.",
      code: `import time
import stomp

connection = stomp.Connection12(
    [("${host}", ${primaryPort}), ("${host}", ${replicaPort})],
    reconnect_sleep_initial=0.05, reconnect_attempts_max=-1)

class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        print(frame.body)
        connection.ack(frame.headers["ack"])

def connect():
    connection.connect(wait=True)
    connection.subscribe("/queue/orders", id="1", ack="client-individual")

connection.set_listener("", Listener())
connect()
connection.send("/queue/orders", "hello", persistent="true")

while True:
    time.sleep(0.05)
    if not connection.is_connected():
        try:
            connect()
        except (OSError, stomp.exception.StompException):
            pass  # a broker that was just dying; once more`,
    },
    {
      name: "Node stompit",
      protocol: "STOMP",
      failover: "ConnectFailover tries both in turn; reconnect in your error handler.",
      code: `import stompit from "stompit";

const servers = new stompit.ConnectFailover(
  "failover:(tcp://${one},tcp://${two})?randomize=false",
  { initialReconnectDelay: 10 });

servers.connect((error, client) => {
  if (error) throw error;
  const frame = client.send({ destination: "/queue/orders", persistent: "true" }, {
    onReceipt: () => console.log("safe on both brokers"),
  });
  frame.end("hello");
});`,
    },
    {
      name: "Node @stomp/stompjs",
      protocol: "STOMP",
      failover: "Reconnects by itself; switch the port in webSocketFactory.",
      code: `import { Client } from "@stomp/stompjs";
import { TCPWrapper } from "@stomp/tcp-wrapper";

const ports = [${primaryPort}, ${replicaPort}];
const client = new Client({
  reconnectDelay: 50,
  webSocketFactory: () => {
    ports.push(ports.shift());
    return new TCPWrapper("${host}", ports.at(-1));
  },
  onConnect: () => client.subscribe("/queue/orders", (message) => {
    console.log(message.body);
    message.ack();
  }, { ack: "client-individual" }),
});
client.activate();`,
    },
    {
      name: "Ruby stomp",
      protocol: "STOMP",
      failover: "Fails over by itself with reliable: true.",
      code: `require "stomp"

client = Stomp::Client.new(
  hosts: [
    { host: "${host}", port: ${primaryPort} },
    { host: "${host}", port: ${replicaPort} }
  ],
  reliable: true, randomize: false,
  closed_check: false, # or publish raises while it connects again
  initial_reconnect_delay: 0.01, max_reconnect_attempts: 0)

client.subscribe("/queue/orders", ack: "client") do |message|
  puts message.body
  client.acknowledge(message)
end
client.publish("/queue/orders", "hello", persistent: true)
client.join`,
    },
    {
      name: "Perl Net::Stomp",
      protocol: "STOMP",
      failover: "Fails over by itself, and subscribes again.",
      code: `use Net::Stomp;

my $client = Net::Stomp->new({
    failover => "${failoverUri}",
    connect_delay => 1 });
$client->connect({});
$client->subscribe({ destination => "/queue/orders", ack => "client", id => "1" });
$client->send({ destination => "/queue/orders", body => "hello", persistent => "true" });

while (1) {
    my $frame = $client->receive_frame or next;  # none where it has just connected again
    next unless $frame->command eq "MESSAGE";
    print $frame->body, "\\n";
    $client->ack({ frame => $frame });
}`,
    },
    {
      name: "Go go-stomp",
      protocol: "STOMP",
      failover: "Dial the next address yourself when one fails.",
      code: `import "github.com/go-stomp/stomp/v3"

func dial() (*stomp.Conn, error) {
	var last error
	for _, address := range []string{"${one}", "${two}"} {
		connection, err := stomp.Dial("tcp", address)
		if err == nil {
			return connection, nil
		}
		last = err
	}
	return nil, last
}

connection, err := dial()
err = connection.Send("/queue/orders", "text/plain", []byte("hello"), stomp.SendOpt.Receipt)`,
    },
    {
      name: "Java JMS",
      protocol: "OpenWire",
      failover: "The failover transport does all of it.",
      code: `import javax.jms.Session;
import org.apache.activemq.ActiveMQConnectionFactory;

var factory = new ActiveMQConnectionFactory(
    "${failoverUri}");
var connection = factory.createConnection();
connection.start();
var session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
var orders = session.createQueue("orders");
session.createProducer(orders).send(session.createTextMessage("hello"));
connection.close();`,
    },
    {
      name: "Spring Boot",
      protocol: "OpenWire",
      failover: "The failover transport does all of it.",
      code: `# application.yml
spring:
  activemq:
    broker-url: "${failoverUri}"`,
    },
    {
      name: ".NET NMS",
      protocol: "OpenWire",
      failover: "The failover transport does all of it.",
      code: `using Apache.NMS;
using Apache.NMS.ActiveMQ;

var factory = new ConnectionFactory(
    "activemq:${failoverUri}");
using var connection = factory.CreateConnection();
connection.Start();`,
    },
    {
      name: "C++ CMS",
      protocol: "OpenWire",
      failover: "The failover transport does all of it.",
      code: `#include <activemq/core/ActiveMQConnectionFactory.h>

activemq::core::ActiveMQConnectionFactory factory(
    "${failoverUri}");
std::unique_ptr<cms::Connection> connection(factory.createConnection());
connection->start();`,
    },
    {
      name: "Qpid JMS",
      protocol: "AMQP 1.0",
      failover: "Its own failover: URI does all of it.",
      code: `import org.apache.qpid.jms.JmsConnectionFactory;

var factory = new JmsConnectionFactory(
    "failover:(amqp://${one},amqp://${two})?failover.reconnectDelay=10");`,
    },
    {
      name: "Node rhea",
      protocol: "AMQP 1.0",
      failover: "Reconnects by itself through connection_details.",
      code: `import rhea from "rhea";

const ports = [${primaryPort}, ${replicaPort}];
let attempt = 0;
const connection = rhea.connect({
  connection_details: () => ({ host: "${host}", port: ports[attempt++ % 2] }),
  initial_reconnect_delay: 10,
});
connection.open_sender("orders");`,
    },
    {
      name: "Node mqtt",
      protocol: "MQTT",
      failover: "Reconnects by itself and goes through the list.",
      code: `import mqtt from "mqtt";

const client = mqtt.connect({
  servers: [{ host: "${host}", port: ${primaryPort} }, { host: "${host}", port: ${replicaPort} }],
  reconnectPeriod: 50,
  clean: false,
  clientId: "orders-1",
});
client.publish("orders", "hello", { qos: 1 });`,
    },
  ];
  return all.map((snippet) => ({ ...snippet, isServed: served.has(snippet.protocol) }));
}
