import { compositeOf, partsOf } from "../../engine/core/composite.ts";
import type { SessionId, SessionRequest } from "../../engine/core/dialogue.ts";
import { parseDestinationKey } from "../../engine/core/message.ts";
import { isPattern } from "../../engine/core/pattern.ts";
import { covers } from "../../engine/core/readers.ts";
import type { Effect, Input } from "../../engine/node/contract.ts";
import type { SupervisorOrder } from "../../engine/supervisor/channel.ts";
import type { SimulatedHost } from "./host.ts";
import { message } from "./producer.ts";
import type { Random } from "./random.ts";
import type { WorldOptions } from "./world.ts";

type ToPeer = Extract<Effect, { kind: "tell-peer" }>;
type Denied = Extract<SupervisorOrder, { kind: "denied" }>;

/** One deed at the boundary between the engine and its world that an honest world never does. */
export type Trick =
  | "none"
  | "an entry is not journalled"
  | "the standby opens its port"
  | "the primary waits for nobody"
  | "the primary outlives its replica"
  | "the replica takes over anyway"
  | "anyone may catch up"
  | "nobody notices a split"
  | "the replica takes over unasked"
  | "a standby calls itself in sync"
  | "missed ticks are made up for"
  | "a sleeper is told that nothing happened"
  | "deliveries change places"
  | "replies go astray"
  | "a part is left out"
  | "nobody hears a grant"
  | "a flipped bit is not noted"
  | "trouble is not noted"
  | "delays are cut short"
  | "what is scheduled is lost when another node serves"
  | "what is scheduled is delivered once more when another node serves"
  | "the replica knows but one queue of a virtual topic"
  | "a pattern covers nothing that comes later"
  | "groups are not known"
  | "one node forgets its last entry";

/** What a sabotage may do at this boundary; each is a lie that the real host must never tell. */
export interface HostLies {
  readonly trick: Trick;
  /** Who says `journalled` before the disk has finished. */
  readonly journalledEarly: "nobody" | "standby" | "active";
  /** Grants itself what the arbiter denies. */
  readonly ignoresDenials: boolean;
  /** Takes clients' sends twice, in another order, with another body or target, or not at all although it confirms them. */
  readonly requests: "whole" | "doubled" | "swapped" | "partly lost" | "altered" | "spoiled";
  /** Does not tell the node that a connection has ended. */
  readonly forgetsClosed: boolean;
  /** Forgets, when it becomes active, that messages were delivered before. */
  readonly forgetsDeliveries: boolean;
}

/** The options as nodes and arbiter get them, when a trick hides from them what was configured. */
export function obeyed(options: WorldOptions, trick: Trick): WorldOptions {
  switch (trick) {
    case "the primary waits for nobody":
      return { ...options, waitForReplica: false };
    case "the primary outlives its replica":
      return { ...options, shutdownOnReplicaFailure: false };
    case "the replica takes over anyway":
      return { ...options, shutdownOnPrimaryFailure: false };
    case "anyone may catch up":
      return { ...options, synchronisation: "automatic" };
    default:
      return options;
  }
}

/** What nobody asked for: all that is to be delivered later is forgotten. */
export function removingAllScheduled(session: SessionId): Input[] {
  const order = message({ kind: "topic", name: "ActiveMQ.Scheduler.Management" }, "", null);
  const properties = new Map([["AMQ_SCHEDULER_ACTION", "REMOVEALL"]]);
  const request: SessionRequest = { kind: "send", message: { ...order, properties }, transaction: null };
  return [
    { kind: "session-opened", session },
    { kind: "asked", session, request, receipt: 1 },
  ];
}

/** A client's request as it reaches the node. */
export function garbled(
  host: SimulatedHost,
  request: SessionRequest,
  lies: HostLies,
  random: Random,
): SessionRequest {
  if (request.kind === "subscribe" && lies.trick === "a pattern covers nothing that comes later")
    return narrowed(host, request);
  if (request.kind !== "send") return request;
  const { message } = request;
  const toTemporary = (name: string): SessionRequest => ({
    ...request,
    message: { ...message, destination: { kind: "temp-queue", name } },
  });
  if (lies.requests === "altered" && random.chance(0.01))
    return { ...request, message: { ...message, body: message.body.map((byte) => byte ^ 1) } };
  if (lies.trick === "groups are not known") return { ...request, message: { ...message, group: null } };
  const delay = message.properties.get("AMQ_SCHEDULED_DELAY");
  if (lies.trick === "delays are cut short" && typeof delay === "bigint") {
    const properties = new Map(message.properties).set("AMQ_SCHEDULED_DELAY", delay / 2n);
    return { ...request, message: { ...message, properties } };
  }
  if (lies.requests === "spoiled" && random.chance(0.01)) return toTemporary("of nobody");
  const knowsOne =
    lies.trick === "the replica knows but one queue of a virtual topic" && host.name === "replica";
  if (knowsOne && message.destination.name === "VirtualTopic.sales")
    return {
      ...request,
      message: { ...message, destination: { kind: "queue", name: "Consumer.billing.VirtualTopic.sales" } },
    };
  const [first] = partsOf(message.destination);
  if (lies.trick === "a part is left out" && first !== undefined && random.chance(0.05))
    return { ...request, message: { ...message, destination: first } };
  if (lies.trick !== "replies go astray" || message.destination.kind !== "temp-queue") return request;
  const scheme = "temp-queue://";
  const names = [...host.node!.history.broker.queues.keys()].filter((key) => key.startsWith(scheme));
  return names.length === 0 ? request : toTemporary(random.pick(names).slice(scheme.length));
}

/** A subscription to the queues that a pattern covers now. */
function narrowed(host: SimulatedHost, request: SessionRequest & { kind: "subscribe" }): SessionRequest {
  const { destination } = request;
  const parts = [...host.node!.history.broker.queues.keys()]
    .filter((key) => covers(destination, key))
    .flatMap((key) => parseDestinationKey(key) ?? []);
  const isWild = destination.kind === "queue" && isPattern(destination.name) && parts.length > 0;
  return isWild ? { ...request, destination: compositeOf(parts) } : request;
}

/** A node begins to serve, and does not know all that the one before it delivered. */
export function forgetAtGrant({ node }: SimulatedHost, input: Input, lies: HostLies): void {
  if (input.kind !== "granted" || input.wish !== "active" || node === null) return;
  const { queues, schedule } = node.history.broker;
  if (lies.forgetsDeliveries)
    for (const queue of queues.values()) for (const message of queue.inOrder()) message.deliveryCount = 0;
  if (lies.trick === "what is scheduled is delivered once more when another node serves")
    for (const job of schedule.jobs()) if (job.firedCount > 0) job.firedCount -= 1;
}

/** A denial as it reaches the node. */
export function denial(host: SimulatedHost, order: Denied, { ignoresDenials }: HostLies): Input {
  if (!ignoresDenials || (host.node?.active ?? null) === null)
    return { ...order, epoch: order.epoch as never };
  const epoch = (order.epoch + 1) as never;
  return { kind: "granted", wish: "alone", epoch, withPeer: false, peerInSync: false };
}

/** Answers a probe in the other node's place; `false` when it is none. */
export function answersProbe(host: SimulatedHost, { link, message }: ToPeer): boolean {
  if (message.kind !== "probe") return false;
  host.give({ kind: "peer-said", link, message: { ...message, kind: "probe-ok" } });
  return true;
}

/** A standby grants itself to serve. */
export function usurp(host: SimulatedHost): void {
  const { node } = host;
  if (node?.state.kind !== "standby" || !node.isAttached) return;
  const epoch = (node.history.epoch + 1) as never;
  host.give({ kind: "granted", wish: "active", epoch, withPeer: false, peerInSync: false });
}
