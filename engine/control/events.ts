import { z } from "zod";
import {
  brokerState,
  clientView,
  destinationView,
  ledgerView,
  nodeName,
  pairView,
  recoveryView,
} from "./views.ts";

/**
 * What happened to the pair, in order; the timeline is drawn from these, and `/api/v1/events` streams them.
 * `id` grows by one; a listener resumes after the last id it has.
 */
const base = { id: z.number().int(), at: z.number() };
const told = { ...base, /** The event in a plain sentence. */ text: z.string() };

export const timelineEvent = z.discriminatedUnion("kind", [
  z.object({
    ...told,
    kind: z.literal("state"),
    node: nodeName,
    state: brokerState,
    reason: z.string().nullable(),
  }),
  z.object({ ...told, kind: z.literal("protection"), protection: pairView.shape.protection }),
  /** The user, a script or the outside world did it: kill, freeze, stop, start... `pid` died of `signal`. */
  z.object({ ...told, kind: z.literal("killed"), node: nodeName, pid: z.number(), signal: z.string() }),
  z.object({ ...told, kind: z.literal("action"), node: nodeName.nullable(), action: z.string() }),
  z.object({ ...told, kind: z.literal("link"), mode: z.string(), attached: z.boolean() }),
  z.object({ ...told, kind: z.literal("granted"), node: nodeName, epoch: z.number(), alone: z.boolean() }),
  z.object({
    ...told,
    kind: z.literal("promoted"),
    node: nodeName,
    epoch: z.number(),
    tookMs: z.number().nullable(),
  }),
  z.object({ ...told, kind: z.literal("client-connected"), client: z.string(), node: nodeName }),
  z.object({ ...told, kind: z.literal("client-lost"), client: z.string(), node: nodeName }),
  /** Its broker answers nothing while its connection stands: its blackout begins. */
  z.object({ ...told, kind: z.literal("client-stalled"), client: z.string(), node: nodeName }),
  z.object({
    ...told,
    kind: z.literal("client-attempt"),
    client: z.string(),
    target: z.string(),
    error: z.string(),
  }),
  /** First confirmed operation after a failover: ends the client's blackout. */
  z.object({
    ...told,
    kind: z.literal("client-resumed"),
    client: z.string(),
    node: nodeName,
    blackoutMs: z.number(),
  }),
  /** By negative or poison acknowledgements; persistent ones are in the dead letter queue now. */
  z.object({
    ...told,
    kind: z.literal("messages-rejected"),
    client: z.string(),
    node: nodeName,
    destination: z.string(),
    /** Ids of the first of them. */
    messages: z.array(z.number().int()),
    count: z.number().int(),
    /** In the client's words; `null` when it gave none. */
    reason: z.string().nullable(),
  }),
  z.object({ ...told, kind: z.literal("verdict"), ledger: ledgerView }),
  z.object({
    ...told,
    kind: z.literal("recovery"),
    state: recoveryView.shape.state,
    step: z.string().nullable(),
  }),
  z.object({ ...told, kind: z.literal("notice"), severity: z.enum(["info", "warning", "error"]) }),
]);
export type TimelineEvent = z.infer<typeof timelineEvent>;
/** {@link TimelineEvent} before it has its number and time. */
export type NewTimelineEvent = TimelineEvent extends infer E
  ? E extends TimelineEvent
    ? Omit<E, "id" | "at">
    : never
  : never;

/** Pushed to windows, a few times a second at most while something changes; the newest replaces all before it. */
export const viewUpdate = z.object({
  kind: z.literal("views"),
  at: z.number(),
  pair: pairView,
  clients: z.array(clientView),
  destinations: z.array(destinationView),
  ledger: ledgerView,
  recovery: recoveryView,
});
export type ViewUpdate = z.infer<typeof viewUpdate>;

/** All that a window is told without asking. */
export type PairEvent = TimelineEvent | ViewUpdate;
