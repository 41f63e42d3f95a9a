import { advisoryTopic, type Advisory } from "../core/advisory.ts";
import type { StompFrame, StompHeader } from "../wire/stomp/frames.ts";
import { advisoryData, advisoryProperties } from "./openwire/advisory.ts";
import type { SessionContext } from "./session.ts";
import { writeDestination } from "./stomp-destination.ts";

/** Of the ids of advisories, which need no acknowledgement and take any. */
export const advisoryIdPrefix = "ID:understudy-advisory-";

interface Addressee {
  /** As the client named the subscription; `null` when it did not. */
  readonly subscription: string | null;
  /** Of this advisory among those of the connection. */
  readonly number: number;
  readonly isAcknowledged: boolean;
  readonly context: SessionContext;
}

/** An advisory as ActiveMQ tells it to STOMP clients (`jms-advisory-json`): its command as JSON, by the command's name. */
export function advisoryFrame(advisory: Advisory, addressee: Addressee): StompFrame {
  const { subscription, number, isAcknowledged, context } = addressee;
  const about = advisory.kind === "connection" ? null : advisory.destination;
  const id = `${advisoryIdPrefix}${context.connectionName}-${number}`;
  const headers: StompHeader[] = [
    ["destination", writeDestination(advisoryTopic(advisory.kind, about), context.connectionName)],
    ["message-id", id],
    ["type", "Advisory"],
    ["transformation", "jms-advisory-json"],
  ];
  if (subscription !== null) headers.push(["subscription", subscription]);
  if (isAcknowledged) headers.push(["ack", id]);
  for (const [name, { value }] of advisoryProperties(advisory, context)) headers.push([name, String(value)]);
  const data = advisoryData(advisory);
  const body = Buffer.from(JSON.stringify({ [data.type]: plain(data, false) }));
  return { command: "MESSAGE", headers, body };
}

/** An object of OpenWire without what it lacks; where a field may hold several kinds of object, which one it is. */
function plain(value: unknown, isField: boolean): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => plain(each, true));
  const { type, ...fields } = value as Readonly<Record<string, unknown>>;
  const shown = Object.entries(fields)
    .filter(([, field]) => field !== null && field !== undefined && !(field instanceof Uint8Array))
    .map(([name, field]) => [name, plain(field, true)] as const);
  return Object.fromEntries(isField && typeof type === "string" ? [["@class", type], ...shown] : shown);
}
