import { BrokerError } from "../../base/errors.ts";
import type { Instant, Op } from "../../base/units.ts";
import type { SubscriptionRequest } from "../../core/dialogue.ts";
import type * as wire from "../../wire/openwire/frames.ts";

/** What `ackType` says. */
export const ackTypes = {
  delivered: 0,
  poison: 1,
  standard: 2,
  redelivered: 3,
  individual: 4,
  unmatched: 5,
  expired: 6,
} as const;

/** What `lastDeliveredSequenceId` says besides a message's number: none was looked at, or nobody knows. */
const noneDelivered = -1;
const deliveredUnknown = -2;

/** A client without a prefetch waits for one message, or for word that there is none. */
export interface Pull {
  readonly until: Instant;
}

/** One consumer of a connection, and what it was handed and has not settled. */
export class Consumer {
  readonly info: wire.ConsumerInfo;
  readonly request: SubscriptionRequest;
  readonly sessionValue: wire.Long;
  /** Advisories are nobody's messages: they are not settled. */
  readonly isOfAdvisories: boolean;
  pull: Pull | null = null;
  /** In the order of delivery, each with the transaction that will settle it if there is one. */
  readonly #unsettled = new Map<Op, string | null>();

  constructor(info: wire.ConsumerInfo, request: SubscriptionRequest, isOfAdvisories: boolean) {
    this.info = info;
    this.request = request;
    this.sessionValue = info.consumerId.sessionId;
    this.isOfAdvisories = isOfAdvisories;
  }

  get name(): string {
    return this.request.subscription;
  }

  delivered(op: Op): void {
    this.pull = null;
    // Delivered again, it takes its place at the end: acknowledgements count in the order of delivery.
    this.#unsettled.delete(op);
    this.#unsettled.set(op, null);
  }

  /** The deliveries that an acknowledgement is about, oldest first; none that a transaction will settle already. */
  covered(ack: wire.MessageAck): Op[] {
    const last = ack.lastMessageId === null ? null : opOf(ack.lastMessageId);
    // What a client acknowledges over a new connection, without having got it there, comes again.
    if (last === null || !this.#unsettled.has(last)) return [];
    const first = ack.firstMessageId === null ? null : opOf(ack.firstMessageId);
    if (ack.ackType === ackTypes.individual || first === last)
      return this.#unsettled.get(last) === null ? [last] : [];
    return this.#range(ack.ackType === ackTypes.delivered ? null : first, last);
  }

  /** Whether the acknowledgement would settle deliveries of a former connection, which are not here any more. */
  misses({ ackType, lastMessageId }: wire.MessageAck): boolean {
    if (ackType !== ackTypes.standard && ackType !== ackTypes.individual) return false;
    return lastMessageId !== null && !this.#unsettled.has(opOf(lastMessageId));
  }

  /** From `first` on, or from the beginning, through `last`. */
  #range(first: Op | null, last: Op): Op[] {
    const ops: Op[] = [];
    let isInside = first === null;
    for (const [op, transaction] of this.#unsettled) {
      isInside ||= op === first;
      if (isInside && transaction === null) ops.push(op);
      if (op === last) break;
    }
    return ops;
  }

  /** These are settled now, or at the end of the transaction. */
  settle(ops: readonly Op[], transaction: string | null): void {
    for (const op of ops)
      if (transaction === null) this.#unsettled.delete(op);
      else this.#unsettled.set(op, transaction);
  }

  /** After a rollback its deliveries are in the client's hands again, in their old places. */
  finish(transaction: string, outcome: "commit" | "rollback"): void {
    for (const [op, settledBy] of this.#unsettled) {
      if (settledBy !== transaction) continue;
      if (outcome === "commit") this.#unsettled.delete(op);
      else this.#unsettled.set(op, null);
    }
  }

  /** Deliveries that the client never looked at, by what it says was the last it did look at. */
  unseenAfter(last: wire.Long): readonly Op[] {
    if (last === deliveredUnknown) return [];
    const ops = [...this.#unsettled.keys()];
    if (last === noneDelivered) return ops;
    return ops.slice(ops.indexOf(Number(last) as Op) + 1);
  }
}

/** The broker's own number of a message, which clients send back as they got it. */
function opOf({ brokerSequenceId }: wire.MessageId): Op {
  if (typeof brokerSequenceId !== "number")
    throw new BrokerError("MESSAGE_UNKNOWN", { message: String(brokerSequenceId) });
  return brokerSequenceId as Op;
}
