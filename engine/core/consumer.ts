import type { Op } from "../base/units.ts";
import type { OwnerId } from "./command.ts";
import type { SessionId, SubscriptionRequest } from "./dialogue.ts";
import { isTopic, type Destination } from "./message.ts";
import { withoutOwn } from "./no-local.ts";
import type { Outlet } from "./outlet.ts";
import type { Queue } from "./queue.ts";
import { compiledSelector } from "./selection.ts";
import type { Selector } from "./selector/selector.ts";

/** A subscription of a connected client. */
export interface Consumer {
  readonly session: SessionId;
  readonly owner: OwnerId;
  readonly request: SubscriptionRequest;
  /** `null` also for a durable subscription: only what matches comes into its queue. */
  readonly selector: Selector | null;
  /** Queues it reads: one, or those that match its pattern so far. */
  readonly sources: Set<Queue>;
  /** Shared by all consumers of its connection. */
  readonly outlet: Outlet;
  /** As the client asked at first, or says now. */
  prefetchCount: number;
  /** Handed out and not settled. */
  outstandingCount: number;
  /** Of a volatile subscription: messages that wait for credit, and those in the client's hands. */
  readonly pending: Op[];
  /** Of those that wait and were sent to several destinations at once: the ones that it reads, a copy from each. */
  readonly parts: Map<Op, Destination[]>;
  readonly inHand: Set<Op>;
  /** Messages that it got because its topics had kept them. */
  readonly replayed: Set<Op>;
  /** Of those that waited, how many were dropped because there were too many. */
  discardedCount: number;
  /** It does not keep up; see slowness.ts. */
  isSlow: boolean;
  /** Deliveries that gave their room back before they were settled. */
  readonly extended: Set<Op>;
  /** Without a prefetch: what it may get now. */
  pulledCount: number;
  /** A browser that has not been told yet that it has seen all. */
  isBrowsing: boolean;
}

/** A message on its way to a subscriber that the state does not know; `null`: a browser has seen all. */
export interface VolatileDelivery {
  readonly consumer: Consumer;
  readonly op: Op | null;
  /** Where it was sent, when that is not all that its message says. */
  readonly source: Destination | null;
}

export function newConsumer(
  session: SessionId,
  owner: OwnerId,
  request: SubscriptionRequest,
  outlet: Outlet,
): Consumer {
  return {
    session,
    owner,
    request,
    selector: selectorOf(owner, request),
    sources: new Set(),
    outlet,
    prefetchCount: request.prefetchCount,
    outstandingCount: 0,
    pending: [],
    parts: new Map(),
    inHand: new Set(),
    replayed: new Set(),
    discardedCount: 0,
    isSlow: false,
    extended: new Set(),
    pulledCount: 0,
    isBrowsing: request.browser,
  };
}

function selectorOf(owner: OwnerId, request: SubscriptionRequest): Selector | null {
  if (request.durable !== null) return null;
  const selector = compiledSelector(request.selector);
  const { noLocal, lastingName: name = null } = request;
  return noLocal && !isVolatile(request) ? withoutOwn(selector, { owner, name }) : selector;
}

/** A message was handed out to the consumer. */
export function takeRoom(consumer: Consumer, op: Op): void {
  consumer.outlet.put(op);
  consumer.outstandingCount += 1;
  if (consumer.pulledCount > 0) consumer.pulledCount -= 1;
}

/** How many more messages the consumer may be handed now. */
export function creditOf({ outlet, prefetchCount, pulledCount, outstandingCount }: Consumer): number {
  if (!outlet.isOpen()) return 0;
  return prefetchCount === 0 ? pulledCount : Math.max(0, prefetchCount - outstandingCount);
}

/** The consumer goes behind all others of its priority. */
export function toEndOfLine(line: Consumer[], consumer: Consumer): void {
  const { consumerPriority } = consumer.request;
  line.splice(line.indexOf(consumer), 1);
  const behind = line.findIndex(({ request }) => request.consumerPriority < consumerPriority);
  line.splice(behind === -1 ? line.length : behind, 0, consumer);
}

/** A subscription that takes nothing off a queue and leaves no trace when its client goes: of a topic, or a browser. */
export function isVolatile(request: SubscriptionRequest): boolean {
  return request.browser || (request.durable === null && isTopic(request.destination));
}
