import type { Op, WallTime } from "../base/units.ts";
import type { Destination, Message, MessageHead, MessageOrigin } from "./message.ts";
import type { SettleOutcome } from "./command.ts";
import { retentionOf, type Retention } from "./retained.ts";
import { scheduleKindOf, type ScheduleKind } from "./timing.ts";

/** What the queues need to know of a message that was sent; its content stays in the journal entry `op`. */
export interface SentMessage {
  readonly op: Op;
  readonly destination: Destination;
  readonly priority: number;
  readonly expiresAt: WallTime | null;
  readonly persistent: boolean;
  readonly origin: MessageOrigin | null;
  /** It belongs to a group of messages that go to one consumer. */
  readonly isGrouped: boolean;
  /** How it is delivered later; `null`: at once. */
  readonly schedule: ScheduleKind | null;
  /** What it does to the message that its topics keep. */
  readonly retention: Retention | null;
  /** What selectors of topic subscriptions look at when it becomes visible; `null` where nobody will ask. */
  readonly head: MessageHead | null;
}

export function sentMessage(op: Op, message: Message, head: SentMessage["head"]): SentMessage {
  const { destination, priority, expiresAt, persistent, origin } = message;
  const isGrouped = message.group !== null;
  const schedule = scheduleKindOf(message);
  const retention = retentionOf(message);
  return { op, destination, priority, expiresAt, persistent, origin, isGrouped, schedule, retention, head };
}

export interface PendingSettlement {
  readonly subscription: string;
  readonly messages: readonly Op[];
  readonly outcome: SettleOutcome;
}

/** Names of XA transactions: global, so that another connection can finish what one has prepared. */
export function isGlobal(transaction: string): boolean {
  return transaction.startsWith("xa:");
}

/** Open work of one connection: invisible to everyone else until its commit, gone without a trace at its rollback. */
export interface Transaction {
  readonly sends: SentMessage[];
  readonly settlements: PendingSettlement[];
}
