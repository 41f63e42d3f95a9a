import type { Destination } from "../../engine/core/message.ts";
import { SimulatedAsker } from "./asker.ts";
import { SimulatedConsumer, type ConsumerOptions } from "./consumer.ts";
import type { Ledger } from "./ledger.ts";
import { SimulatedProducer, type ProducerOptions } from "./producer.ts";
import type { World } from "./world.ts";

const queue = (name: string): Destination => ({ kind: "queue", name });
const topic = (name: string): Destination => ({ kind: "topic", name });

const orders = queue("orders");
const invoices = queue("invoices");
const questions = queue("questions");
const both = queue("left,right");
const prices = topic("prices");
const alarms = topic("alarms");
const sales = topic("VirtualTopic.sales");

export interface Staff {
  readonly producers: SimulatedProducer[];
  readonly consumers: readonly SimulatedConsumer[];
  /** Nothing new is sent or asked from now on. */
  readonly closeShop: () => void;
}

/**
 * The clients of a schedule: producers of persistent and other messages with and without transactions, consumers that
 * take, refuse, release and pass on, messages for later, two queues that get copies of the same groups of messages, a
 * topic with durable and volatile subscribers, a virtual topic with a queue that stays and one that comes and goes,
 * patterns over queues and topics of which there are ever more, and questions with temporary queues.
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
    destination: topic("prices.>"),
    durable: { clientId: "reader", name: "prices" },
    isPlain: true,
  });
  const billing = consume({ name: "billing", destination: queue("Consumer.billing.VirtualTopic.sales") });
  const consumers = [
    consume({ name: "c1", destination: queue("orders.>") }),
    consume({ name: "c2", destination: queue("orders.*"), sendsTo: invoices }),
    consume({ name: "c3", destination: invoices }),
    consume({ name: "c4", destination: queue("ActiveMQ.DLQ"), isPlain: true }),
    consume({ name: "one-handed", destination: queue("left"), isPlain: true }),
    consume({ name: "two-handed", destination: both, isPlain: true }),
    consume({ name: "answerer", destination: questions, sendsTo: "who asked" }),
    consume({ name: "watcher", destination: topic("prices.*"), isPlain: true }),
    consume({
      name: "fickle",
      destination: prices,
      durable: { clientId: "fickle", name: "some prices" },
      isPlain: true,
      isFickle: true,
    }),
    consume({
      name: "trial",
      destination: queue("Consumer.trial.VirtualTopic.*"),
      isPlain: true,
      isFickle: true,
    }),
    reader,
    billing,
  ];
  const producers = [
    produce({
      name: "p1",
      destination: orders,
      branchOf: (sequence) => Math.floor(Math.sqrt(sequence)),
      window: 1 + random.below(8),
      transacted: 0,
    }),
    produce({ name: "p2", destination: orders, window: 1, transacted: 1 + random.below(5) }),
    produce({ name: "p6", destination: invoices, window: 2, transacted: 0, scheduled: "once" }),
    produce({ name: "p7", destination: alarms, window: 1, transacted: 0, scheduled: "again" }),
    produce({ name: "p8", destination: both, window: 2, transacted: 0, groupCount: random.pick([0, 3]) }),
    produce({ name: "p5", destination: invoices, window: 2, transacted: 0, persistent: false }),
  ];
  // What is published before there is anybody who gets it is nobody's.
  let isClosed = false;
  const publishTo = (subscriber: SimulatedConsumer, options: Omit<ProducerOptions, "pauseMs">): void => {
    if (isClosed) return;
    if (subscriber.isReady) producers.push(produce(options));
    else world.clock.after(20, () => publishTo(subscriber, options));
  };
  const branchOf = (sequence: number): number | null => sequence % 3 || null;
  publishTo(reader, { name: "p4", destination: prices, branchOf, window: 2, transacted: 0 });
  publishTo(billing, { name: "p3", destination: sales, window: 2, transacted: random.below(4) });
  const askers = ["a1", "a2"].map(
    (name) => new SimulatedAsker(world, ledger, { name, asks: questions, pauseMs: paceMs * 2 }),
  );
  const closeShop = (): void => {
    isClosed = true;
    for (const client of [...producers, ...askers]) client.stop();
  };
  return { producers, consumers, closeShop };
}
