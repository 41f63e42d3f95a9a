import type { Op } from "../base/units.ts";
import type { Broker } from "./broker.ts";

/** What open transactions sent. */
export function sentOps(broker: Broker): Op[] {
  return [...broker.owners.values()].flatMap(({ transactions }) =>
    [...transactions.values()].flatMap(({ sends }) => sends.map(({ op }) => op)),
  );
}

/** The op of every message that the state has, as often as it refers to it. */
export function referredOps(broker: Broker): Float64Array {
  const others = [...sentOps(broker), ...Array.from(broker.schedule.jobs(), ({ op }) => op)];
  const ops = new Float64Array(broker.storedCount + others.length);
  ops.set(others);
  let count = others.length;
  for (const queue of broker.queues.values()) for (const op of queue.ops()) ops[count++] = op;
  return ops;
}
