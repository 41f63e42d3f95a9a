import { asOp, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { partsOf } from "../../engine/core/composite.ts";
import { durableKey } from "../../engine/core/durable.ts";
import { deadLetterQueue, destinationKey, isTopic, type Destination } from "../../engine/core/message.ts";
import { scheduleKindOf } from "../../engine/core/timing.ts";
import { violated } from "./rules.ts";
import type { Visible } from "./visible.ts";

const rule = "a message comes to all its places and to no other";
const deadLetters = destinationKey(deadLetterQueue);
const text = new TextDecoder();

/** What the clients know of their messages. */
interface Clients {
  /** Where it was sent to; `null`: by none of them. */
  sentTo(body: string): Destination | null;
  hasCome(place: string, body: string): boolean;
}

/** Places that get copies of what is sent to topics: durable subscriptions, and the queues of virtual topics. */
class Copies {
  readonly #places = new Map<string, RegExp>();
  /** Bodies that are owed to each place, of any kind. */
  readonly #owed = new Map<string, string[]>();

  made(place: string, topics: string): void {
    if (!this.#places.has(place)) this.#places.set(place, covering(topics));
  }

  queueMade(place: string): void {
    const topics = /^queue:\/\/Consumer\.[^.]+\.(VirtualTopic\..+)$/.exec(place)?.[1];
    if (topics !== undefined) this.made(place, topics);
  }

  /** What waits there goes with it. */
  deleted(place: string): void {
    this.#places.delete(place);
    this.#owed.delete(place);
  }

  of(destination: Destination): string[] {
    if (!isTopic(destination)) return [destinationKey(destination)];
    return [...this.#places].filter(([, topics]) => topics.test(destination.name)).map(([place]) => place);
  }

  owe(place: string, body: string): void {
    const others = this.#owed.get(place);
    if (others === undefined) this.#owed.set(place, [body]);
    else others.push(body);
  }

  owed(): IterableIterator<[string, readonly string[]]> {
    return this.#owed.entries();
  }
}

/**
 * Works out anew, from what clients sent and which queues and durable subscriptions a history had at that time, where
 * each message belongs; by patterns, virtual topics and several destinations it may be many places. There all must have
 * come, and nowhere else.
 */
export function auditRoutes(
  history: readonly Command[],
  visible: readonly Visible[],
  clients: Clients,
): void {
  const copies = new Copies();
  const routes = new Map<Op, ReadonlySet<string>>();
  const route = (op: Op, body: string, expires: boolean): void => {
    const destination = clients.sentTo(body);
    if (destination === null) return;
    const places = new Set(partsOf(destination).flatMap((part) => copies.of(part)));
    routes.set(op, places);
    // A copy that expires reaches a dead letter queue in place of its own, and one for who has gone nobody.
    if (!expires && !destination.kind.startsWith("temp-"))
      for (const place of places) copies.owe(place, body);
  };
  let next = 0;
  for (const [at, command] of history.entries()) {
    if (command.kind === "create-queue") copies.queueMade(destinationKey(command.destination));
    else if (command.kind === "delete-queue") copies.deleted(destinationKey(command.destination));
    else if (command.kind === "create-durable")
      copies.made(durableKey(command.clientId, command.name), command.destination.name);
    else if (command.kind === "delete-durable") copies.deleted(durableKey(command.clientId, command.name));
    else if (command.kind === "fire")
      route(asOp(at + 1), text.decode(command.message.body), command.message.expiresAt !== null);
    else if (command.kind === "deliver" && command.queue !== deadLetters)
      for (const op of command.messages)
        if (routes.get(op)?.has(command.queue) === false)
          violated(rule, `entry ${op} is delivered from ${command.queue}`);
    for (; visible[next]?.at === at; next += 1) {
      const { op, body } = visible[next]!;
      const sent = history[op - 1]!;
      if (sent.kind === "send" && scheduleKindOf(sent.message) === null)
        route(op, body, sent.message.expiresAt !== null);
    }
  }
  for (const [place, bodies] of copies.owed())
    for (const body of bodies)
      if (!clients.hasCome(place, body)) violated(rule, `${body} did not come to ${place}`);
}

/** `*` stands for one element of a name, and `.>` at the end for any number of them. */
function covering(pattern: string): RegExp {
  const source = pattern
    .replaceAll(".", "\\.")
    .replaceAll("*", "[^.]+")
    .replace(/\\\.>$/, "(\\..+)?");
  return new RegExp(`^${source}$`);
}
