import type { Instant, WallTime } from "../base/units.ts";
import type { OwnerId } from "../core/command.ts";
import type { Consumer } from "../core/consumer.ts";
import type { SessionAnswer, SessionId } from "../core/dialogue.ts";

/** A connected client, and what it has done; the counts are what people are shown. */
export interface ConnectedClient {
  readonly session: SessionId;
  readonly owner: OwnerId;
  sentCount: number;
  deliveredCount: number;
  /** Of those, the ones that were not the message's first. */
  redeliveredCount: number;
  /** Messages that it sent again, as it never saw them confirmed, and that the queues had. */
  repeatedCount: number;
  askedCount: number;
  answeredCount: number;
  firstConfirmedAt: WallTime | null;
  lastConfirmedAt: WallTime | null;
  /** Its latest request is of a kind whose confirmation many clients wait for. */
  isSending: boolean;
  /** Since when it has nothing to wait for. */
  releasedAt: Instant | null;
  /** It asked again at once when it last had nothing to wait for. */
  isPrompt: boolean;
  /** Credit given for settlements of open transactions, to be taken back at a rollback. */
  readonly advanced: Map<string, { consumer: Consumer; count: number }[]>;
  readonly producesTo: Set<string>;
}

/** What is told to it counts. */
export function countAnswer(client: ConnectedClient, answer: SessionAnswer, now: WallTime): void {
  if (answer.kind === "deliver") {
    client.deliveredCount += 1;
    if (answer.deliveryCount > 1) client.redeliveredCount += 1;
  } else if (answer.kind === "confirm" || answer.kind === "refuse") client.answeredCount += 1;
  if (answer.kind === "refuse") return;
  client.firstConfirmedAt ??= now;
  client.lastConfirmedAt = now;
}

export function newClient(session: SessionId, owner: OwnerId): ConnectedClient {
  return {
    session,
    owner,
    sentCount: 0,
    deliveredCount: 0,
    redeliveredCount: 0,
    repeatedCount: 0,
    askedCount: 0,
    answeredCount: 0,
    firstConfirmedAt: null,
    lastConfirmedAt: null,
    isSending: false,
    releasedAt: null,
    isPrompt: false,
    advanced: new Map(),
    producesTo: new Set(),
  };
}
