import { expect, test } from "vitest";
import { BrokerError } from "../../engine/base/errors.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import { connectionId, consumerId, messageId, TestClient, textMessage } from "./openwire-client.ts";

const types = {
  begin: 0,
  prepare: 1,
  commitOnePhase: 2,
  commitTwoPhase: 3,
  rollback: 4,
  recover: 5,
  forget: 6,
};

const xid = create("XATransactionId", {
  formatId: 86,
  globalTransactionId: Buffer.from([0xab, 0xcd]),
  branchQualifier: Buffer.from([0x01]),
});
const transaction = "xa:86:abcd:01";
const unknown = new BrokerError("TRANSACTION_UNKNOWN", { transaction });

function asks(client: TestClient, type: keyof typeof types): number {
  const transactionId = type === "recover" ? null : xid;
  return client.asks(
    create("TransactionInfo", { connectionId, transactionId, transactionType: types[type] }),
  );
}

/** As the node does: names of prepared branches, then the confirmation. */
function confirmsWith(client: TestClient, ...transactions: string[]): void {
  for (const { number } of client.asked.splice(0)) {
    client.nodeSays({ kind: "prepared", receipt: number, transactions });
    client.nodeSays({ kind: "confirm", receipt: number });
  }
}

function preparedClient(): TestClient {
  const client = new TestClient();
  asks(client, "begin");
  client.confirmsAll();
  asks(client, "prepare");
  confirmsWith(client, transaction);
  client.takeFrames();
  return client;
}

test.each([
  ["that has work in it", [transaction], 0],
  ["without work", [], 3],
])("openwire: a branch %s is prepared, which the client gets as a number", (_, prepared, result) => {
  const client = new TestClient();
  asks(client, "begin");
  client.confirmsAll();
  client.takeFrames();
  const command = asks(client, "prepare");

  expect(client.requests).toEqual([{ kind: "prepare", transaction, exposed: [] }]);
  confirmsWith(client, ...prepared);

  expect(client.takeFrames()).toMatchObject([{ type: "IntegerResponse", result, correlationId: command }]);
});

test.each([
  ["commitTwoPhase", "commit"],
  ["commitOnePhase", "commit"],
  ["rollback", "rollback"],
  ["forget", "forget"],
] as const)("openwire: %s ends a prepared branch, of this connection or another", (type, kind) => {
  for (const client of [preparedClient(), new TestClient()]) {
    const command = asks(client, type);
    expect(client.requests).toMatchObject([{ kind, transaction }]);
    client.confirmsAll();
    expect(client.takeFrames()).toMatchObject([{ type: "Response", correlationId: command }]);
  }
});

test.each(["prepare", "commitTwoPhase", "commitOnePhase", "rollback", "forget"] as const)(
  "openwire: %s of a branch that nobody knows fails with XAER_NOTA",
  (type) => {
    const client = new TestClient();
    asks(client, type);
    client.refuses(unknown);

    const [response] = client.takeFrames();
    expect(response).toMatchObject({
      type: "ExceptionResponse",
      exception: {
        className: "javax.transaction.xa.XAException",
        message: expect.stringMatching(/ xaErrorCode:-4$/) as string,
      },
    });
  },
);

test("openwire: a commit in two phases without the first one fails with XAER_PROTO and changes nothing", () => {
  const client = new TestClient();
  asks(client, "begin");
  client.confirmsAll();
  client.takeFrames();

  asks(client, "commitTwoPhase");
  expect(client.requests).toEqual([]);
  expect(client.takeFrames()).toMatchObject([
    {
      type: "ExceptionResponse",
      exception: { message: expect.stringMatching(/ xaErrorCode:-6$/) as string },
    },
  ]);
  asks(client, "rollback");
  expect(client.requests).toEqual([{ kind: "rollback", transaction }]);
});

test("openwire: the prepared branches come back as they were named", () => {
  const client = new TestClient();
  const command = asks(client, "recover");
  expect(client.requests).toEqual([{ kind: "recover" }]);
  confirmsWith(client, transaction, "xa:-1::ff");

  expect(client.takeFrames()).toMatchObject([
    {
      type: "DataArrayResponse",
      correlationId: command,
      data: [
        xid,
        { formatId: -1, globalTransactionId: Buffer.alloc(0), branchQualifier: Buffer.from([0xff]) },
      ],
    },
  ]);
});

test.each(["prepare", "commitOnePhase"] as const)(
  "openwire: a branch in which a send failed unheard is rolled back at its %s, with XA_RBROLLBACK",
  (type) => {
    const client = new TestClient();
    asks(client, "begin");
    client.confirmsAll();
    client.sends(textMessage({ transactionId: xid }));
    client.refuses();
    client.takeFrames();

    asks(client, type);
    expect(client.requests).toEqual([{ kind: "rollback", transaction }]);
    client.confirmsAll();
    expect(client.takeFrames()).toMatchObject([
      {
        type: "ExceptionResponse",
        exception: { message: expect.stringMatching(/ xaErrorCode:100$/) as string },
      },
    ]);
  },
);

test("openwire: a prepared branch is not undone when its client leaves, begun again or not", () => {
  const again = new TestClient();
  asks(again, "begin");
  confirmsWith(again, transaction);

  for (const client of [preparedClient(), again]) {
    client.asks(create("RemoveInfo", { objectId: connectionId, lastDeliveredSequenceId: -1 }));
    expect(client.takeRequests()).toMatchObject([{ kind: "identify" }]);
  }
});

test.each([
  ["was prepared before", [transaction], { type: "IntegerResponse", result: 0 }],
  ["was not", [], { type: "ExceptionResponse" }],
])(
  "openwire: a branch with deliveries of a former connection is prepared if it %s",
  (_, prepared, response) => {
    const client = new TestClient();
    client.consumes();
    asks(client, "begin");
    client.sends(
      create("MessageAck", {
        consumerId: consumerId(),
        ackType: 2,
        lastMessageId: messageId(7),
        messageCount: 1,
        transactionId: xid,
      }),
    );
    client.confirmsAll();
    client.takeFrames();

    asks(client, "prepare");
    expect(client.requests).toEqual([{ kind: "recover" }]);
    confirmsWith(client, ...prepared);
    expect(client.takeFrames()).toMatchObject([response]);
  },
);

test("openwire: a failed prepare leaves the branch open", () => {
  const client = new TestClient();
  asks(client, "begin");
  client.confirmsAll();
  asks(client, "prepare");
  client.refuses(new BrokerError("LIMIT_REACHED", { limit: 1, what: "prepared transactions" }));

  client.asks(create("RemoveInfo", { objectId: connectionId, lastDeliveredSequenceId: -1 }));
  expect(client.takeRequests()).toMatchObject([{ kind: "rollback" }, { kind: "identify" }]);
});

test("openwire: a failover client repeats a branch that was committed: its commit is not refused", () => {
  const client = new TestClient();
  asks(client, "begin");
  asks(client, "prepare");
  const command = asks(client, "commitTwoPhase");
  expect(client.requests).toMatchObject([{ kind: "begin" }, { kind: "prepare" }, { kind: "commit" }]);
  const [begin, prepare, commit] = client.asked.splice(0).map(({ number }) => number);
  client.nodeSays({ kind: "confirm", receipt: begin! });
  client.nodeSays({ kind: "prepared", receipt: prepare!, transactions: [] });
  client.nodeSays({ kind: "confirm", receipt: prepare! });
  client.takeFrames();
  client.nodeSays({ kind: "refuse", receipt: commit!, error: unknown });

  expect(client.takeFrames()).toMatchObject([{ type: "Response", correlationId: command }]);
});
