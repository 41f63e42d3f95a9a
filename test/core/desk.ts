import { asWallTime, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { plainWishes, type SessionId, type SubscriptionRequest } from "../../engine/core/dialogue.ts";
import { Dispatcher } from "../../engine/core/dispatch.ts";
import type { Destination } from "../../engine/core/message.ts";
import { Bench, orders } from "./helpers.ts";

export const session = (number: number): SessionId => number as SessionId;

/** A broker with its dispatcher; what is handed out is applied, and told by consumer. */
export class Desk {
  readonly bench = new Bench();
  /** Every message of this desk is so large. */
  sizeBytes = 100;
  readonly dispatcher = new Dispatcher(this.bench.broker, this.bench.read, () => this.sizeBytes);

  constructor() {
    this.bench.broker.observer = this.dispatcher;
  }

  subscribe(number: number, changes: Partial<SubscriptionRequest> = {}): this {
    this.dispatcher.add(session(number), `c1-${number}`, {
      subscription: "s",
      destination: orders,
      ackMode: "client-individual",
      prefetchCount: 10,
      ...plainWishes,
      ...changes,
    });
    return this;
  }

  send(count = 1, destination: Destination = orders, owner = "producer"): Op[] {
    return Array.from({ length: count }, () => this.bench.send(destination, {}, null, owner));
  }

  /** What each session gets now: [session, ops]. */
  run(now = 0): [number, number[]][] {
    const shared: [number, number[]][] = [];
    this.dispatcher.run(asWallTime(now), (command: Command) => {
      this.bench.do(command);
      if (command.kind === "deliver") shared.push([Number(command.owner.slice(3)), [...command.messages]]);
    });
    for (const { consumer, op } of this.dispatcher.copies.take())
      shared.push([consumer.session, op === null ? [] : [op]]);
    return shared;
  }

  settle(number: number, ops: readonly Op[]): void {
    this.bench.settle(ops, "accepted", null, `c1-${number}`);
    this.dispatcher.settled(this.dispatcher.consumer(session(number), "s")!, ops);
  }
}
