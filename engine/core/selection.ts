import type { Op } from "../base/units.ts";
import { partsOf } from "./composite.ts";
import {
  destinationKey,
  isTopic,
  messageIdOf,
  propertyText,
  withoutBody,
  type Message,
  type MessageHead,
  type PropertyValue,
} from "./message.ts";
import type { SelectorView } from "./selector/compile.ts";
import { parseSelector, type Selector } from "./selector/selector.ts";
import type { SelectorValue } from "./selector/syntax.ts";
import type { SentMessage } from "./transaction.ts";

interface Seen {
  readonly id: Op;
  readonly head: MessageHead;
  /** Times it was handed out before. */
  readonly deliveryCount: number;
}

/** Not names that a selector can have. */
export const producerHeader = "the producer";
export const senderHeader = "the connection that sent it";

/** Headers by their JMS names, as [JMS 3.8.1.1] and ActiveMQ have them; every other name is a property. */
const headers: Readonly<Record<string, (seen: Seen) => SelectorValue>> = {
  JMSDestination: ({ head }) => destinationKey(head.destination),
  JMSReplyTo: ({ head }) => (head.replyTo === null ? null : destinationKey(head.replyTo)),
  JMSType: ({ head }) => head.type,
  JMSDeliveryMode: ({ head }) => (head.persistent ? "PERSISTENT" : "NON_PERSISTENT"),
  JMSPriority: ({ head }) => head.priority,
  JMSMessageID: ({ id, head }) => messageIdOf(id, head.origin),
  JMSTimestamp: ({ head }) => head.sentAt,
  JMSCorrelationID: ({ head }) => head.correlationId,
  JMSExpiration: ({ head }) => head.expiresAt ?? 0,
  JMSRedelivered: ({ deliveryCount }) => deliveryCount > 0,
  JMSXDeliveryCount: ({ deliveryCount }) => deliveryCount + 1,
  JMSXGroupID: ({ head }) => head.group?.id ?? null,
  JMSXGroupSeq: ({ head }) => head.group?.sequence ?? 0,
  JMSXUserID: ({ head }) => head.userId,
  [producerHeader]: ({ head }) => head.origin?.producer ?? null,
  [senderHeader]: ({ head }) => head.sender ?? null,
};

/** A message as a selector sees it; `deliveryCount` is how often it was handed out before. */
export function viewOf(id: Op, head: MessageHead, deliveryCount: number): SelectorView {
  const seen: Seen = { id, head, deliveryCount };
  return {
    value: (name) =>
      Object.hasOwn(headers, name) ? headers[name]!(seen) : propertyOf(head.properties.get(name)),
  };
}

/** Whether a message that is becoming visible is for a subscription with this selector. */
export function selects(selector: Selector | null, { op, head }: SentMessage): boolean {
  return selector === null || head === null || selector.matches(viewOf(op, head, 0));
}

/** What an open transaction keeps for selectors: queues' consumers look at the message itself when it waits. */
export function keptHead(message: Message): MessageHead | null {
  return partsOf(message.destination).some(isTopic) ? withoutBody(message) : null;
}

export function compiledSelector(text: string | null): Selector | null {
  return text === null ? null : parseSelector(text);
}

function propertyOf(value: PropertyValue | undefined): SelectorValue {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object") return value;
  switch (value.type) {
    case "char":
      return propertyText(value);
    case "float":
      return value.value;
    case "bytes":
    case "list":
    case "map":
      return null;
    default:
      return BigInt(value.value);
  }
}
