import { startStompitConsumer, StompitProducer } from "./stompit-clients.ts";
import { startStompjsConsumer, stompjsProducer } from "./stompjs-clients.ts";
import { Traffic } from "./traffic.ts";

interface Ports {
  readonly primary: number;
  readonly replica: number;
}

/** A producer and a consumer of a queue of their own, at work until they are told to stop. */
interface Lane {
  readonly traffic: Traffic;
  /** Resolves when the last message is confirmed. */
  stopProducing(): Promise<void>;
  stopConsuming(): void;
}

/** Both clients from npm, and transactions: what a kill may do to one of them it may not do to another. */
export function startLanes(ports: Ports): readonly Lane[] {
  return [stompitLane(ports, "orders", 1), stompitLane(ports, "bookings", 5), stompjsLane(ports, "invoices")];
}

function stompitLane(ports: Ports, queue: string, groupSize: number): Lane {
  const traffic = new Traffic();
  const destination = `/queue/${queue}`;
  const consumer = startStompitConsumer(ports, { destination, traffic });
  const producer = new StompitProducer(ports, { name: queue, destination, traffic, groupSize });
  return { traffic, stopProducing: () => producer.stop(), stopConsuming: () => consumer.end() };
}

function stompjsLane(ports: Ports, queue: string): Lane {
  const traffic = new Traffic();
  const destination = `/queue/${queue}`;
  let isOver = false;
  const consumer = startStompjsConsumer(ports, { destination, traffic });
  const produced = stompjsProducer(ports, { destination, traffic, until: () => isOver });
  return {
    traffic,
    stopProducing: () => {
      isOver = true;
      return produced;
    },
    stopConsuming: () => void consumer.deactivate({ force: true }),
  };
}

/** Each lane gets on: something arrives that had not arrived before. */
export async function lanesProgress(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map(({ traffic }) => traffic.progress()));
}

/** Ends all of it once everything confirmed has arrived, as far as it ever will. */
export async function stopLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(
    lanes.map(async (lane) => {
      await lane.stopProducing();
      await lane.traffic.allArrived();
    }),
  );
}
