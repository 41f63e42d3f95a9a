import { z } from "zod";
import type { BrokerReport } from "./channel.ts";

/**
 * The gate where reports enter the supervisor. A broker is our own program, but what it says crosses a process border:
 * a wrong shape is a bug that must be said there and then, not met later as `undefined`.
 */
const position = z.object({ epoch: z.number(), op: z.number(), digest: z.string() });
const wish = z.enum(["active", "alone"]);
const count = z.number();

const identity = z.object({
  protocol: z.string().nullable(),
  clientId: z.string().nullable(),
  login: z.string().nullable(),
  failsOver: z.boolean().nullable(),
  remoteAddress: z.string(),
  remotePort: z.number(),
});

const clientChange = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["connected", "identified", "first-confirmed"]),
    session: count,
    at: z.number(),
    client: identity,
  }),
  z.object({ kind: z.literal("disconnected"), session: count, at: z.number(), reason: z.string() }),
  z.object({
    kind: z.literal("rejected"),
    session: count,
    at: z.number(),
    destination: z.string(),
    messages: z.array(count),
    count,
    reason: z.string().nullable(),
  }),
]);

const statistics = z.object({
  position,
  committed: count,
  storedMessages: count,
  scheduledMessages: count,
  storeBytes: count,
  memoryBytes: count,
  sent: count,
  delivered: count,
  linkBytes: count,
  lagEntries: count,
  lagMs: count,
  whole: z.boolean(),
  destinations: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["queue", "topic", "temp-queue", "temp-topic", "durable"]),
      depth: count,
      inFlight: count,
      consumers: count,
      producers: count,
      enqueued: count,
      dequeued: count,
    }),
  ),
  gone: z.array(z.string()),
  clients: z.array(
    z.object({
      session: count,
      sent: count,
      received: count,
      redelivered: count,
      sentAgain: count,
      inFlight: count,
      unacknowledged: count,
      destinations: z.array(z.string()),
      producing: z.boolean(),
      consuming: z.boolean(),
      firstConfirmedAt: z.number().nullable(),
      lastConfirmedAt: z.number().nullable(),
    }),
  ),
});

const nodeStatus = z.object({
  state: z.enum([
    "starting",
    "waiting",
    "standby",
    "active",
    "blocked",
    "fenced",
    "out of sync",
    "shut down",
  ]),
  reason: z.string().nullable(),
  port: z.number().nullable(),
  attached: z.boolean(),
  position,
  committed: count,
});

const reports = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("opened"), position, pairId: z.string().nullable() }),
  z.object({ kind: z.literal("state"), status: nodeStatus }),
  z.object({ kind: z.literal("ask-grant"), wish, position }),
  z.object({
    kind: z.literal("paired"),
    epoch: z.number(),
    position,
    pairId: z.string().nullable().default(null),
  }),
  z.object({ kind: z.literal("statistics"), statistics }),
  z.object({ kind: z.literal("clients"), changes: z.array(clientChange) }),
  z.object({
    kind: z.literal("reply"),
    request: z.number(),
    value: z.unknown().optional(),
    failure: z
      .object({
        code: z.string(),
        message: z.string(),
        context: z.record(z.string(), z.union([z.string(), z.number()])),
      })
      .optional(),
  }),
  z.object({ kind: z.literal("pong"), ping: z.number() }),
  z.object({ kind: z.literal("handed-over"), position }),
  z.object({ kind: z.literal("notice"), severity: z.enum(["info", "warning", "error"]), text: z.string() }),
  z.object({
    kind: z.literal("ending"),
    reason: z.enum(["stopped", "primary-failed", "replica-failed", "refused", "failure"]),
    text: z.string(),
  }),
]);

/** The report, or what is wrong with it. */
export function checkReport(message: unknown): BrokerReport | string {
  const result = reports.safeParse(message);
  if (result.success) return result.data as BrokerReport;
  const issue = result.error.issues[0];
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a report"}`;
}
