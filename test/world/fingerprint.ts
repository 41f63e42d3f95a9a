import { storedGroups } from "../../engine/core/groups.ts";
import type { Broker } from "../../engine/core/broker.ts";

/** The whole state of a broker as one text: equal texts, equal states. */
export function fingerprint(broker: Broker): string {
  const queues = [...broker.queues.values()].map((queue) => ({
    key: queue.key,
    id: queue.id,
    counts: [queue.enqueuedCount, queue.dequeuedCount, queue.waitingCount],
    messages: [...queue.inOrder()].map(
      ({ op, position, priority, expiresAt, persistent, deadLetter, deliveryCount }) => [
        op,
        position,
        priority,
        expiresAt,
        persistent,
        deadLetter,
        deliveryCount,
      ],
    ),
    next: queue.next(1_000).map(({ op }) => op),
    delivered: [...queue.delivered]
      .map(([op, { owner, subscription }]) => `${op} ${owner} ${subscription}`)
      .sort(),
  }));
  const owners = [...broker.owners]
    .map(([id, { held, transactions, temporaries }]) => ({
      id,
      held: [...held]
        .filter(([, ops]) => ops.size > 0)
        .map(([name, ops]) => `${name} ${[...ops.keys()].join()}`)
        .sort(),
      transactions: [...transactions],
      temporaries: [...temporaries],
    }))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const durables = [...broker.durables.values()].map(
    ({ clientId, name, destination, queue, withoutFrom }) => [
      clientId,
      name,
      destination,
      queue.id,
      withoutFrom,
    ],
  );
  return JSON.stringify({
    queues,
    owners,
    durables,
    orphans: [...broker.orphans].sort(),
    prepared: [...broker.prepared],
    groups: groupsOf(broker),
    schedule: [...broker.schedule.jobs()].sort((one, other) => one.op - other.op),
    nextPosition: broker.nextPosition,
    nextQueueId: broker.nextQueueId,
  });
}

/** Which consumer has which groups, whatever the order in which it got them. */
function groupsOf({ groups, owners }: Broker): unknown {
  const { queues, holders } = storedGroups(groups, owners.values());
  const texts = holders.flatMap(([owner, subscription, name, held]) =>
    held.map(([queue, ofQueue]) => `${owner} ${subscription} ${name} ${queue} ${[...ofQueue].sort().join()}`),
  );
  return [queues.toSorted((one, other) => one - other), texts.sort()];
}
