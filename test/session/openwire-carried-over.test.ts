import { describe, expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import { connectionId, consumerId, TestClient, textMessage } from "./openwire-client.ts";

const types = { delivered: 0, standard: 2, individual: 4 };

const rolledBack = {
  type: "ExceptionResponse",
  exception: { className: "javax.jms.TransactionRolledBackException" },
};

test.each(["standard", "individual"] as const)(
  "openwire: a transaction is rolled back when a %s acknowledgement in it was about a former connection",
  (type) => {
    const client = new TestClient();
    client.consumes();
    client.transaction(0);
    client.acknowledges(types[type], 3, 3, 1);
    client.confirmsAll();

    const correlationId = client.transaction(2);
    expect(client.requests).toMatchObject([{ kind: "rollback" }]);
    client.confirmsAll();

    expect(client.takeFrames().at(-1)).toMatchObject({ ...rolledBack, correlationId });
  },
);

test("openwire: a delivery that was only looked at over a former connection does not stand against a commit", () => {
  const client = new TestClient();
  client.consumes();
  client.transaction(0);
  client.acknowledges(types.delivered, 3, 3, 1);
  client.confirmsAll();
  client.transaction(2);
  expect(client.requests).toMatchObject([{ kind: "commit" }]);
});

test("openwire: what a commit that the node refuses was to settle is in the client's hands again", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(3);
  client.transaction(0);
  client.acknowledges(types.standard, 3, 3, 1);
  client.confirmsAll();
  const correlationId = client.transaction(2);
  client.refuses(new BrokerError("TRANSACTION_INCOMPLETE", { transaction: "ID:a-1:1" }));
  expect(client.takeFrames().at(-1)).toMatchObject({ ...rolledBack, correlationId });

  client.acknowledges(types.standard, 3, 3);
  expect(client.requests).toMatchObject([{ kind: "settle", messages: [3] }]);
});

describe("openwire: consumers whose acknowledgements a failover client may have lost", () => {
  const exposed = (client: TestClient): unknown => {
    client.takeRequests();
    client.transaction(2);
    const [request] = client.requests;
    client.confirmsAll();
    return request?.kind === "commit" ? request.exposed : request;
  };
  const ours = ["ID:a-1:1:1", "ID:a-1:1:2"];

  function resumed(): TestClient {
    const client = new TestClient("negotiated");
    client.connects("me", { failoverReconnect: true });
    for (const value of [1, 2]) client.consumes({ consumerId: consumerId(value) });
    client.consumes({
      consumerId: create("ConsumerId", { connectionId: "ID:a-1", sessionId: 2, value: 1 }),
    });
    client.transaction(0);
    return client;
  }

  const send = () => textMessage({ transactionId: create("LocalTransactionId", { value: 1, connectionId }) });

  test("are all, while nothing shows whose transaction it is, and then those of its session", () => {
    expect(exposed(resumed())).toEqual([...ours, "ID:a-1:2:1"]);
    const client = resumed();
    client.sends(send());
    expect(exposed(client)).toEqual(ours);
  });

  test("are none of those that acknowledged in it", () => {
    const client = resumed();
    client.delivers(3);
    client.acknowledges(types.standard, 3, 3, 1);
    expect(exposed(client)).toEqual(["ID:a-1:1:2"]);
  });

  test("are none in the next transaction of the session", () => {
    const client = resumed();
    client.sends(send());
    exposed(client);
    client.transaction(0);
    client.sends(send());
    expect(exposed(client)).toEqual([]);
  });

  /** Of a transaction that began after the one that was repeated. */
  function exposedNext(client: TestClient): unknown {
    client.transaction(0, 2);
    client.takeRequests();
    client.transaction(2, 2);
    return client.requests;
  }

  test("are all, even when a message came before the transaction was repeated", () => {
    const client = resumed();
    client.delivers(3);
    expect(exposedNext(client)).toMatchObject([{ exposed: [...ours, "ID:a-1:2:1"] }]);
  });

  test("are none of those that acknowledge what came over this connection, as all is repeated by then", () => {
    const client = resumed();
    client.delivers(3);
    client.acknowledges(types.delivered, 3, 3);
    expect(exposedNext(client)).toMatchObject([{ exposed: ["ID:a-1:1:2", "ID:a-1:2:1"] }]);
  });

  test("are none over a first connection", () => {
    const client = new TestClient();
    client.consumes();
    client.transaction(0);
    expect(exposed(client)).toEqual([]);
  });
});

test("openwire: a retroactive consumer that is taken up again does not begin anew; one that is new does", () => {
  const client = new TestClient("new");
  client.negotiates();
  client.connects("me", { failoverReconnect: true });
  for (const [value, prefetchSize] of [
    [1, 0],
    [2, 10],
  ] as const)
    client.sends(
      create("ConsumerInfo", {
        consumerId: consumerId(value),
        destination: create("ActiveMQTopic", { physicalName: "prices" }),
        retroactive: true,
        prefetchSize,
      }),
    );
  expect(client.requests).toMatchObject([
    { kind: "subscribe", retroactive: false },
    { kind: "subscribe", retroactive: true },
  ]);
});
