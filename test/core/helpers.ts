import { emptyDigest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp, asWallTime, type Op } from "../../engine/base/units.ts";
import { admit } from "../../engine/core/admission.ts";
import { Broker } from "../../engine/core/broker.ts";
import { restoreCheckpoint, takeCheckpoint } from "../../engine/core/checkpoint.ts";
import { contentOf, type Command } from "../../engine/core/command.ts";
import type { Destination, Message } from "../../engine/core/message.ts";

export const orders: Destination = { kind: "queue", name: "orders" };
export const prices: Destination = { kind: "topic", name: "prices" };
export const ordersKey = "queue://orders";

export function messageTo(destination: Destination, changes: Partial<Message> = {}): Message {
  return {
    destination,
    body: new TextEncoder().encode("hello"),
    bodyKind: "text",
    isCompressed: false,
    properties: new Map(),
    persistent: true,
    priority: 4,
    expiresAt: null,
    sentAt: asWallTime(1_000),
    correlationId: null,
    replyTo: null,
    type: null,
    origin: null,
    group: null,
    userId: null,
    ...changes,
  };
}

/** A broker whose commands are admitted and numbered, as the active node does it. */
export class Bench {
  readonly broker = new Broker();
  readonly read = (op: Op): Message | null => this.#messages.get(op) ?? null;
  readonly #messages = new Map<Op, Message>();
  #op = 0;

  do(command: Command): Op {
    const refusal = admit(this.broker, command);
    if (refusal !== null) throw refusal;
    const op = asOp((this.#op += 1));
    this.broker.apply(op, command);
    return op;
  }

  send(
    destination = orders,
    changes: Partial<Message> = {},
    transaction: string | null = null,
    owner = "producer",
  ): Op {
    const command = { kind: "send", owner, message: messageTo(destination, changes), transaction } as const;
    const op = this.do(command);
    this.#messages.set(op, contentOf(command)!);
    return op;
  }

  deliver(messages: readonly Op[], owner = "consumer", queue = ordersKey): void {
    this.do({ kind: "deliver", owner, subscription: "s", queue, messages });
  }

  settle(
    messages: readonly Op[],
    outcome: "accepted" | "rejected" | "released" = "accepted",
    transaction: string | null = null,
    owner = "consumer",
  ): void {
    this.do({ kind: "settle", owner, subscription: "s", messages, outcome, transaction });
  }

  /** Ops of what waits on a queue, the next first. */
  waiting(queue = ordersKey): number[] {
    return (this.broker.queues.get(queue)?.next(1_000) ?? []).map(({ op }) => op);
  }

  /** What a restart makes of this state: its checkpoint, read back. */
  restored(): Broker {
    const op = asOp(this.#op);
    const head = { op, epoch: asEpoch(1), stampedAt: asWallTime(0), digest: emptyDigest };
    const { summary, put, putQueues } = takeCheckpoint(this.broker, head);
    return restoreCheckpoint(summary, put, op, putQueues);
  }

  /** As a checkpoint would find it: messages whose contents must be kept, and those that are needed no more. */
  takeContents(): { kept: readonly number[]; dead: readonly number[] } {
    const { newOps, deadOps } = this.broker.contents.takeChanges(asOp(this.#op));
    return { kept: newOps, dead: deadOps };
  }
}
