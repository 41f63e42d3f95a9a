import { describe, expect, test } from "vitest";
import type { Delivery } from "../../engine/client/message.ts";
import { headerOf } from "../../engine/wire/stomp/frames.ts";
import { failure, message, setStage } from "./harness.ts";
import { Queue } from "./peer.ts";

const stage = setStage();

describe("client: receiving", () => {
  const orders = { destination: "/queue/orders", ackMode: "client-individual", prefetchCount: 5 } as const;

  test("a subscription is made again after a failover, and stale acknowledgements are dropped", async () => {
    const client = stage.start();
    const deliveries = new Queue<Delivery>();
    const subscribed = client.subscribe(orders, (delivery) => deliveries.put(delivery));
    const peer = await stage.primary.client();
    const subscribe = await peer.confirmNext("SUBSCRIBE");
    const id = await subscribed;
    expect(headerOf(subscribe, "activemq.prefetchSize")).toBe("5");
    peer.say("MESSAGE", [
      ["subscription", id],
      ["message-id", "m1"],
      ["ack", "a1"],
      ["destination", "/queue/orders"],
    ]);
    const stale = await deliveries.take();
    await stage.primary.die();

    const successor = await stage.replica.client();
    const again = await successor.confirmNext("SUBSCRIBE");
    expect(headerOf(again, "id")).toBe(id);
    expect(client.acknowledge(stale)).toBe(false);
    successor.say("MESSAGE", [
      ["subscription", id],
      ["message-id", "m1"],
      ["ack", "a2"],
      ["destination", "/queue/orders"],
      ["redelivered", "true"],
    ]);
    const fresh = await deliveries.take();
    expect(fresh.redelivered).toBe(true);
    expect(client.acknowledge(fresh)).toBe(true);
    expect((await successor.next("ACK")).headers).toEqual([["id", "a2"]]);
  });

  test.each([
    ["1.2", [["id", "a1"]]],
    [
      "1.1",
      [
        ["message-id", "m1"],
        ["subscription", "s1"],
      ],
    ],
    [
      "1.0",
      [
        ["message-id", "m1"],
        ["subscription", "s1"],
      ],
    ],
  ] as const)("STOMP %s names what it acknowledges in its own way", async (version, headers) => {
    const client = stage.start();
    const deliveries = new Queue<Delivery>();
    const subscribed = client.subscribe(orders, (delivery) => deliveries.put(delivery));
    const peer = await stage.primary.client({ version });
    await peer.confirmNext("SUBSCRIBE");
    await subscribed;
    peer.say("MESSAGE", [
      ["subscription", "s1"],
      ["message-id", "m1"],
      ["ack", "a1"],
      ["destination", "/queue/orders"],
    ]);
    client.acknowledge(await deliveries.take());
    expect((await peer.next("ACK")).headers).toEqual(headers);
  });

  test("a refused subscription fails and is not made again", async () => {
    const client = stage.start();
    const refused = failure(client.subscribe(orders, () => undefined));
    const peer = await stage.primary.client();
    const frame = await peer.next("SUBSCRIBE");
    peer.say("ERROR", [
      ["receipt-id", headerOf(frame, "receipt")!],
      ["message", "selectors are not supported"],
    ]);
    expect((await refused).code).toBe("REFUSED");
    const sent = client.send(message("next"));
    await (await stage.replica.client()).confirmNext("SEND");
    await sent;
  });

  test("after unsubscribing nothing is delivered", async () => {
    const client = stage.start();
    const subscribed = client.subscribe({ ...orders, ackMode: "auto" }, () => {
      throw new Error("delivered");
    });
    const peer = await stage.primary.client();
    await peer.confirmNext("SUBSCRIBE");
    const ended = client.unsubscribe(await subscribed);
    const frame = await peer.next("UNSUBSCRIBE");
    peer.say("MESSAGE", [
      ["subscription", "s1"],
      ["message-id", "m1"],
      ["destination", "/queue/orders"],
    ]);
    peer.confirm(frame);
    await ended;
  });
});

describe("client: transactions", () => {
  test("all frames of a transaction carry its name, and the commit is confirmed", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    const transaction = await client.begin();
    await transaction.send(message("1"));
    const committed = transaction.commit();
    const frames = [await peer.next("BEGIN"), await peer.next("SEND"), await peer.confirmNext("COMMIT")];
    await committed;
    expect(frames.map((frame) => headerOf(frame, "transaction"))).toEqual(["t1", "t1", "t1"]);
    expect((await failure(transaction.send(message("2")))).code).toBe("TRANSACTION_LOST");
  });

  test("after a failover an open transaction is gone", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    const transaction = await client.begin();
    await transaction.send(message("1"));
    await peer.next("BEGIN");
    await stage.primary.die();
    await stage.replica.client();
    await client.connected();
    const error = await failure(transaction.commit());
    expect(error.code).toBe("TRANSACTION_LOST");
    expect(error.message).toContain("repeat it whole");
    await transaction.abort();
  });

  test("a commit that was not answered may have been done", async () => {
    const client = stage.start();
    const peer = await stage.primary.client();
    const transaction = await client.begin();
    const committed = failure(transaction.commit());
    await peer.next("BEGIN");
    await peer.next("COMMIT");
    await stage.primary.die();
    expect((await committed).code).toBe("COMMIT_UNKNOWN");
  });
});
