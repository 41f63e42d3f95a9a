import type { Destination } from "../../engine/core/message.ts";
import { SimulatedAsker } from "./asker.ts";
import { SimulatedConsumer, type ConsumerOptions } from "./consumer.ts";
import type { Ledger } from "./ledger.ts";
import { SimulatedProducer, type ProducerOptions } from "./producer.ts";
import type { World } from "./world.ts";

const orders: Destination = { kind: "queue", name: "orders" };
const invoices: Destination = { kind: "queue", name: "invoices" };
const questions: Destination = { kind: "queue", name: "questions" };
const left: Destination = { kind: "queue", name: "left" };
const both: Destination = { kind: "queue", name: "left,right" };
const prices: Destination = { kind: "topic", name: "prices" };
const alarms: Destination = { kind: "topic", name: "alarms" };
const deadLetters: Destination = { kind: "queue", name: "ActiveMQ.DLQ" };

export interface Staff {
  readonly producers: SimulatedProducer[];
  readonly consumers: readonly SimulatedConsumer[];
  /** Nothing new is sent or asked from now on. */
  readonly closeShop: () => void;
}

/**
 * The clients of a schedule: producers of persistent and other messages with and without transactions, consumers that
 * take, refuse, release and pass on, messages for later, two queues that get copies of the same groups of messages, a
 * topic with durable and volatile subscribers, and questions with temporary queues.
 */
export function employ(world: World, ledger: Ledger): Staff {
  const { random } = world;
  const { paceMs = 100 } = world.options;
  const produce = (options: Omit<ProducerOptions, "pauseMs">): SimulatedProducer =>
    new SimulatedProducer(world, ledger, { ...options, pauseMs: random.between(paceMs / 4, paceMs * 2) });
  const consume = (
    options: Partial<ConsumerOptions> & { name: string; destination: Destination },
  ): SimulatedConsumer =>
    new SimulatedConsumer(world, ledger, {
      durable: null,
      prefetchCount: 1 + random.below(10),
      workMs: random.between(1, 40),
      sendsTo: null,
      isPlain: false,
      ...options,
    });
  const reader = consume({
    name: "reader",
    destination: prices,
    durable: { clientId: "reader", name: "prices" },
    isPlain: true,
  });
  const consumers = [
    consume({ name: "c1", destination: orders }),
    consume({ name: "c2", destination: orders, sendsTo: invoices }),
    consume({ name: "c3", destination: invoices }),
    consume({ name: "c4", destination: deadLetters, isPlain: true }),
    consume({ name: "one-handed", destination: left, isPlain: true }),
    consume({ name: "two-handed", destination: both, isPlain: true }),
    consume({ name: "answerer", destination: questions, sendsTo: "who asked" }),
    consume({ name: "watcher", destination: prices, isPlain: true }),
    consume({
      name: "fickle",
      destination: prices,
      durable: { clientId: "fickle", name: "some prices" },
      isPlain: true,
      isFickle: true,
    }),
    reader,
  ];
  const producers = [
    produce({ name: "p1", destination: orders, window: 1 + random.below(8), transacted: 0 }),
    produce({ name: "p2", destination: orders, window: 1, transacted: 1 + random.below(5) }),
    produce({ name: "p3", destination: invoices, window: 3, transacted: 0 }),
    produce({ name: "p6", destination: invoices, window: 2, transacted: 0, scheduled: "once" }),
    produce({ name: "p7", destination: alarms, window: 1, transacted: 0, scheduled: "again" }),
    produce({ name: "p8", destination: both, window: 2, transacted: 0, groupCount: 3 }),
    produce({ name: "p5", destination: invoices, window: 2, transacted: 0, persistent: false }),
  ];
  // What is published before the subscription exists is nobody's.
  let isClosed = false;
  const publish = (): void => {
    if (isClosed) return;
    if (reader.isReady)
      producers.push(produce({ name: "p4", destination: prices, window: 2, transacted: 0 }));
    else world.clock.after(20, publish);
  };
  publish();
  const askers = ["a1", "a2"].map(
    (name) => new SimulatedAsker(world, ledger, { name, asks: questions, pauseMs: paceMs * 2 }),
  );
  const closeShop = (): void => {
    isClosed = true;
    for (const client of [...producers, ...askers]) client.stop();
  };
  return { producers, consumers, closeShop };
}
