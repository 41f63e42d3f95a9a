import { expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import {
  connectionId,
  consumerId,
  messageId,
  ordersOnWire,
  producerId,
  TestClient,
  textMessage,
} from "./openwire-client.ts";

const types = { delivered: 0, poison: 1, standard: 2, redelivered: 3, individual: 4, expired: 6 };

test("openwire: the broker proposes its format at once, and says who it is when the client has proposed its own", () => {
  const client = new TestClient("new");

  expect(client.takeFrames()).toMatchObject([{ type: "WireFormatInfo", version: 12 }]);
  client.negotiates();

  expect(client.takeFrames()).toMatchObject([
    { type: "BrokerInfo", brokerName: "primary", faultTolerantConfiguration: true },
  ]);
  expect(client.session.description.protocol).toBe("OpenWire 12");
});

test.each([1, 2, 3, 5, 6, 9, 10, 11])("openwire: a client of version %i is spoken to in it", (version) => {
  const client = new TestClient("new");
  client.negotiates(version);
  client.connects();
  client.takeFrames();

  const command = client.asks(
    create("SessionInfo", { sessionId: create("SessionId", { connectionId: "ID:a-1", value: 1 }) }),
  );

  expect(client.session.description.protocol).toBe(`OpenWire ${version}`);
  expect(client.takeFrames()).toMatchObject([{ type: "Response", correlationId: command }]);
});

test.each([
  [12, true, true],
  [12, false, false],
  [5, true, null],
])(
  "openwire: in version %i a client with failover %s is shown as %s",
  (version, faultTolerant, failsOver) => {
    const client = new TestClient("new");
    client.negotiates(version);
    client.asks(create("ConnectionInfo", { connectionId, clientId: "billing", faultTolerant }));
    expect(client.session.description).toMatchObject({ clientId: "billing", failsOver });
  },
);

test("openwire: a client that says nothing is let go", () => {
  const client = new TestClient("new");
  client.passes(10_000);
  expect(client.isEnded).toBe(true);
});

test("openwire: a client that first sends anything else is let go", () => {
  const client = new TestClient("new");
  client.sends(create("KeepAliveInfo", {}));
  expect(client.isEnded).toBe(true);
});

test("openwire: nothing is done for a client that has not said who it is", () => {
  const client = new TestClient("negotiated");
  const command = client.asks(textMessage());

  expect(client.requests).toEqual([]);
  expect(client.takeFrames()).toMatchObject([{ type: "ExceptionResponse", correlationId: command }]);
});

test("openwire: a wrong password is a SecurityException, and the end", () => {
  const client = new TestClient("negotiated");
  client.asks(create("ConnectionInfo", { connectionId, userName: "guest", password: "no" }));

  expect(client.takeFrames()).toMatchObject([
    { type: "ExceptionResponse", exception: { className: "java.lang.SecurityException" } },
  ]);
  expect(client.isEnded).toBe(true);
});

test("openwire: a client id that is in use is an InvalidClientIDException, and another one may be tried", () => {
  const client = new TestClient("negotiated");
  client.asks(create("ConnectionInfo", { connectionId, clientId: "taken" }));
  client.refuses(new BrokerError("CLIENT_ID_IN_USE", { clientId: "taken" }));
  expect(client.takeFrames()).toMatchObject([
    { exception: { className: "javax.jms.InvalidClientIDException" } },
  ]);

  const command = client.asks(create("ConnectionInfo", { connectionId, clientId: "free" }));
  client.confirmsAll();
  expect(client.takeFrames()).toMatchObject([{ type: "Response", correlationId: command }]);
});

test("openwire: the response to a send leaves when the node has confirmed it, and not before", () => {
  const client = new TestClient();
  const command = client.asks(textMessage());
  expect(client.takeFrames()).toEqual([]);

  client.confirmsAll();

  expect(client.takeFrames()).toMatchObject([{ type: "Response", correlationId: command }]);
});

test("openwire: a refused send is an exception for who waits, and a ConnectionError for who does not", () => {
  const client = new TestClient();
  const command = client.asks(textMessage());
  client.refuses();
  client.sends(textMessage());
  client.refuses();

  const className = "org.apache.activemq.DestinationDoesNotExistException";
  expect(client.takeFrames()).toMatchObject([
    { type: "ExceptionResponse", correlationId: command, exception: { className } },
    { type: "ConnectionError", exception: { className } },
  ]);
  expect(client.isEnded).toBe(false);
});

test("openwire: a standard acknowledgement is for all from its first message through its last", () => {
  const client = new TestClient();
  client.consumes();
  for (const id of [3, 5, 8, 9]) client.delivers(id);

  client.acknowledges(types.standard, 5, 8);
  client.acknowledges(types.standard, null, 9);

  expect(client.takeRequests()).toMatchObject([
    { kind: "settle", messages: [5, 8], outcome: "accepted", transaction: null },
    { kind: "settle", messages: [3, 9], outcome: "accepted" },
  ]);
});

test("openwire: what is acknowledged without having been delivered over this connection comes again", () => {
  const client = new TestClient();
  client.consumes();
  client.acknowledges(types.standard, 3, 3);
  expect(client.requests).toEqual([]);
});

test.each([
  ["individual", { kind: "settle", messages: [5], outcome: "accepted" }],
  ["poison", { kind: "settle", messages: [3, 5], outcome: "rejected" }],
  ["expired", { kind: "settle", messages: [3, 5], outcome: "expired" }],
  ["delivered", { kind: "extend", messages: [3, 5] }],
  ["redelivered", { kind: "redeliver", messages: [3, 5] }],
] as const)("openwire: acknowledgements of type %s", (type, request) => {
  const client = new TestClient();
  client.consumes();
  client.delivers(3);
  client.delivers(5);

  client.acknowledges(types[type], 3, 5);

  expect(client.takeRequests()).toMatchObject([request]);
});

test("openwire: what a transaction acknowledged is in the client's hands again after its rollback", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(3);
  client.delivers(5);
  client.transaction(0);
  client.acknowledges(types.standard, 3, 5, 1);
  client.acknowledges(types.standard, 3, 5, 1);
  client.transaction(4);
  client.acknowledges(types.standard, 3, 5);

  expect(client.takeRequests()).toMatchObject([
    { kind: "begin" },
    { kind: "settle", messages: [3, 5], transaction: "ID:a-1:1" },
    { kind: "rollback" },
    { kind: "settle", messages: [3, 5], transaction: null },
  ]);
});

test("openwire: a transaction in which a send failed unheard is rolled back at its commit", () => {
  const client = new TestClient();
  client.transaction(0);
  client.sends(textMessage({ transactionId: create("LocalTransactionId", { value: 1, connectionId }) }));
  client.refuses();
  client.takeFrames();

  const command = client.transaction(2);
  expect(client.requests).toMatchObject([{ kind: "rollback" }]);
  client.confirmsAll();

  expect(client.takeFrames()).toMatchObject([
    {
      type: "ExceptionResponse",
      correlationId: command,
      exception: { className: "javax.jms.TransactionRolledBackException" },
    },
  ]);
});

test("openwire: what a failover client says again changes nothing", () => {
  const client = new TestClient();
  client.consumes();
  client.transaction(0);
  client.takeRequests();

  client.consumes();
  client.transaction(0);

  expect(client.requests).toEqual([]);
});

test("openwire: a consumer that was taken up without a prefetch gets one", () => {
  const client = new TestClient();
  client.consumes({ prefetchSize: 0 });
  client.sends(
    create("ConsumerControl", { consumerId: consumerId(), prefetch: 1_000, destination: ordersOnWire }),
  );
  expect(client.takeRequests()).toMatchObject([{ kind: "set-prefetch", prefetchCount: 1_000 }]);
});

test("openwire: who asks for more than is allowed is told how much it gets", () => {
  const client = new TestClient();
  client.sends(
    create("ConsumerInfo", { consumerId: consumerId(), destination: ordersOnWire, prefetchSize: 1_000_000 }),
  );
  client.confirmsAll();
  expect(client.takeFrames()).toMatchObject([{ type: "ConsumerControl", prefetch: 32_767 }]);
});

test.each([
  [-2, []],
  [-1, [3, 5, 8]],
  [5, [8]],
  [4, [3, 5, 8]],
])("openwire: by the last one looked at (%i) the rest was not seen", (last, unseen) => {
  const client = new TestClient();
  client.consumes();
  for (const id of [3, 5, 8]) client.delivers(id);
  client.sends(create("RemoveInfo", { objectId: consumerId(), lastDeliveredSequenceId: last }));
  expect(client.takeRequests()).toEqual([{ kind: "unsubscribe", subscription: "ID:a-1:1:1", unseen }]);
});

test("openwire: a connection that ends gives back its consumers, work, temporary queues and client id", () => {
  const client = new TestClient();
  client.consumes();
  client.transaction(0);
  const destination = create("ActiveMQTempQueue", { physicalName: "ID:a-1:1" });
  client.sends(create("DestinationInfo", { connectionId, destination, operationType: 0 }));
  client.takeRequests();

  client.asks(create("RemoveInfo", { objectId: connectionId, lastDeliveredSequenceId: -1 }));

  expect(client.takeRequests()).toMatchObject([
    { kind: "unsubscribe" },
    { kind: "rollback" },
    { kind: "delete-temporary", destination: { kind: "temp-queue", name: "ID:a-1:1" } },
    { kind: "identify", clientId: null, connection: "ID:a-1" },
  ]);
});

test("openwire: a pull that waits in vain is told so, at its time", () => {
  const client = new TestClient();
  client.consumes({ prefetchSize: 0 });
  client.sends(create("MessagePull", { consumerId: consumerId(), destination: ordersOnWire, timeout: 500 }));
  expect(client.takeRequests()).toMatchObject([{ kind: "pull", count: 1 }]);

  client.passes(499);
  expect(client.requests).toEqual([]);
  client.passes(1);
  expect(client.requests).toMatchObject([{ kind: "pull", count: 0 }]);
  client.confirmsAll();

  expect(client.takeFrames()).toMatchObject([
    { type: "MessageDispatch", message: null, consumerId: consumerId() },
  ]);
});

test("openwire: a message that comes at the last moment is what a pull gets", () => {
  const client = new TestClient();
  client.consumes({ prefetchSize: 0 });
  client.sends(create("MessagePull", { consumerId: consumerId(), destination: ordersOnWire, timeout: -1 }));
  client.confirmsAll();
  client.passes(1);

  client.delivers(3);
  client.confirmsAll();

  expect(client.takeFrames()).toMatchObject([{ message: { type: "ActiveMQTextMessage" } }]);
});

test("openwire: a pull without a time waits", () => {
  const client = new TestClient();
  client.consumes({ prefetchSize: 0 });
  client.sends(create("MessagePull", { consumerId: consumerId(), destination: ordersOnWire, timeout: 0 }));
  client.takeRequests();
  client.passes(29_000);
  expect(client.requests).toEqual([]);
});

test("openwire: a browser is told when it has seen all", () => {
  const client = new TestClient();
  client.consumes({ browser: true });
  client.nodeSays({ kind: "browsed", subscription: "ID:a-1:1:1" });
  expect(client.takeFrames()).toMatchObject([{ type: "MessageDispatch", message: null }]);
});

test("openwire: a producer with a window hears of each message that it does not wait for", () => {
  const client = new TestClient();
  client.sends(create("ProducerInfo", { producerId, windowSize: 10_000 }));
  client.sends(textMessage());
  client.asks(textMessage());
  client.confirmsAll();

  expect(client.takeFrames()).toMatchObject([
    { type: "ProducerAck", producerId, size: 1_024 + 9 },
    { type: "Response" },
  ]);
});

test("openwire: an advisory of a temporary queue is what JMS clients wait for before they reply", () => {
  const client = new TestClient();
  const topics = "ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic";
  client.consumes({ destination: create("ActiveMQTopic", { physicalName: topics }) });
  const destination = { kind: "temp-queue", name: "ID:b-1:1" } as const;
  client.nodeSays({
    kind: "advise",
    subscription: "ID:a-1:1:1",
    advisory: { kind: "destination", change: "added", destination },
  });

  const [dispatch] = client.takeFrames();
  expect(dispatch).toMatchObject({
    message: {
      jmsType: "Advisory",
      destination: { type: "ActiveMQTopic", physicalName: "ActiveMQ.Advisory.TempQueue" },
      dataStructure: { type: "DestinationInfo", operationType: 0, destination: { physicalName: "ID:b-1:1" } },
    },
  });
  client.sends(create("MessageAck", { consumerId: consumerId(), ackType: 2, lastMessageId: messageId(1) }));
  expect(client.requests).toEqual([]);
});

test("openwire: both sides are heard from, and a silent client is let go", () => {
  const client = new TestClient();
  client.passes(10_000);
  expect(client.takeFrames()).toMatchObject([{ type: "KeepAliveInfo" }]);
  client.sends({ ...create("KeepAliveInfo", {}), responseRequired: true });
  expect(client.takeFrames()).toMatchObject([{ type: "KeepAliveInfo", responseRequired: false }]);

  client.passes(29_999);
  expect(client.isEnded).toBe(false);
  client.passes(1);

  expect(client.isEnded).toBe(true);
  expect(client.takeFrames().at(-1)).toMatchObject({
    type: "ConnectionError",
    exception: { className: "java.io.IOException" },
  });
});

test("openwire: bytes that are no frame end the connection, with a word why", () => {
  const client = new TestClient();
  client.receives(Buffer.from([0, 0, 0, 2, 250, 0]));
  expect(client.takeFrames()).toMatchObject([{ type: "ConnectionError" }]);
  expect(client.isEnded).toBe(true);
});

test("openwire: a client that has not said who it is cannot make the broker keep a large frame", () => {
  const client = new TestClient("negotiated");
  client.receives(Buffer.from([0, 2, 0, 0]));
  expect(client.isEnded).toBe(true);
});

test("openwire: a message larger than the client takes ends the connection, with a word why", () => {
  const client = new TestClient("new");
  client.negotiates(12, 3_000);
  client.connects();
  client.consumes();
  client.takeFrames();
  client.delivers(1, { message: { body: Buffer.alloc(2_000, "x") } });
  expect(client.takeFrames()).toMatchObject([{ type: "MessageDispatch" }]);
  expect(client.isEnded).toBe(false);

  client.delivers(2, { message: { body: Buffer.alloc(4_000, "x") } });

  expect(client.takeFrames()).toMatchObject([
    { type: "ConnectionError", exception: { className: "java.io.IOException" } },
  ]);
  expect(client.isEnded).toBe(true);
  client.delivers(3);
  expect(client.takeFrames()).toEqual([]);
});

test("openwire: where not even the error fits, the connection ends without a word", () => {
  const client = new TestClient("new");
  client.negotiates(12, 40);
  expect(client.isEnded).toBe(true);
});
