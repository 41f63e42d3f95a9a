import { expect, test } from "vitest";
import { reasonOf } from "../../engine/session/openwire/exceptions.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import { consumerId, messageId, TestClient } from "./openwire-client.ts";

const poison = 1;

test("openwire: a client that rejects a message says why", () => {
  const client = new TestClient();
  client.consumes();
  client.delivers(3);
  const cause = { className: "shop.NoCustomer", message: "order 17", stackTrace: [], cause: null };
  client.sends(
    create("MessageAck", {
      consumerId: consumerId(),
      ackType: poison,
      lastMessageId: messageId(3),
      messageCount: 1,
      poisonCause: { className: "java.lang.Throwable", message: "Too many tries", stackTrace: [], cause },
    }),
  );

  expect(client.takeRequests()).toMatchObject([
    { kind: "settle", messages: [3], outcome: "rejected", reason: "Too many tries" },
  ]);
  expect(reasonOf(cause)).toBe("shop.NoCustomer: order 17");
  expect(reasonOf({ ...cause, message: null })).toBe("shop.NoCustomer");
  const givenUp =
    "Delivery[7] exceeds redelivery policy limit:RedeliveryPolicy {destination = null, maximumRedeliveries = 6}, cause:java.lang.Error: no";
  expect(reasonOf({ ...cause, className: "java.lang.Throwable", message: givenUp })).toBe(
    "Delivery[7] exceeds redelivery policy limit:RedeliveryPolicy, cause:java.lang.Error: no",
  );
  expect(reasonOf({ ...cause, message: "x".repeat(10_000) })).toHaveLength(500);
});
