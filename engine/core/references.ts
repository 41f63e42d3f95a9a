import type { Op } from "../base/units.ts";
import type { Broker } from "./broker.ts";

/** What has no place in a queue or in the schedule: sent by open transactions, or kept by a topic. */
export function looseOps({ owners, retained }: Broker): Op[] {
  const sent = [...owners.values()].flatMap(({ transactions }) =>
    [...transactions.values()].flatMap(({ sends }) => sends.map(({ op }) => op)),
  );
  return [...sent, ...retained.ops()];
}

/** Messages sent after entry `after` that the state refers to, ascending. */
export function referredAfter(broker: Broker, after: Op): Iterable<Op> {
  const ops = referredOps(broker).filter((op) => op > after);
  return new Set(ops.sort() as Iterable<number> as Iterable<Op>);
}

/** The op of every message that the state has, as often as it refers to it. */
export function referredOps(broker: Broker): Float64Array {
  const others = [...looseOps(broker), ...Array.from(broker.schedule.jobs(), ({ op }) => op)];
  const ops = new Float64Array(broker.storedCount + others.length);
  ops.set(others);
  let count = others.length;
  for (const queue of broker.queues.values()) for (const op of queue.ops()) ops[count++] = op;
  return ops;
}
