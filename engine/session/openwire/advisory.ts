import { assertNever } from "../../base/assert.ts";
import { advisoryTopic, type Advisory } from "../../core/advisory.ts";
import { messageIdOf, type Destination } from "../../core/message.ts";
import { create } from "../../wire/openwire/frames.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import { encodePrimitiveMap } from "../../wire/openwire/primitives.ts";
import type { SessionContext } from "../session.ts";
import { writeMessage } from "./messages.ts";
import { consumerIdOf, producerIdOf, writeDestination } from "./names.ts";

/** What a property of an advisory holds. */
type TextOrCount =
  { readonly type: "string"; readonly value: string } | { readonly type: "int"; readonly value: number };

interface Addressee {
  readonly consumerId: wire.ConsumerId;
  /** Of this advisory among those of the connection. */
  readonly number: number;
  readonly context: SessionContext;
}

/** The message that tells a client of an advisory: its data is the command that ActiveMQ's clients know it by. */
export function advisoryDispatch(advisory: Advisory, addressee: Addressee): wire.SparseOf<"MessageDispatch"> {
  const { consumerId, number, context } = addressee;
  const about = advisory.kind === "connection" ? null : advisory.destination;
  const destination = writeDestination(advisoryTopic(advisory.kind, about));
  // Clients drop what they have seen, so no two advisories of the pair have the same id.
  const producerId = create("ProducerId", { connectionId: `understudy-${context.connectionName}`, value: 1 });
  const message = {
    type: "ActiveMQMessage",
    producerId,
    destination,
    messageId: create("MessageId", { producerId, producerSequenceId: number, brokerSequenceId: 0 }),
    jmsType: "Advisory",
    dataStructure: advisoryData(advisory),
    marshalledProperties: encodePrimitiveMap(advisoryProperties(advisory, context)),
  } as const;
  return { type: "MessageDispatch", consumerId, destination, message };
}

export function advisoryProperties(
  advisory: Advisory,
  context: SessionContext,
): ReadonlyMap<string, TextOrCount> {
  const properties = new Map<string, TextOrCount>([
    ["originBrokerName", text(context.brokerName)],
    ["originBrokerId", text(`understudy-${context.brokerName}`)],
    ["originBrokerURL", text(context.url)],
  ]);
  if (advisory.kind === "consumer" || advisory.kind === "producer")
    properties.set(`${advisory.kind}Count`, { type: "int", value: advisory.count });
  if (advisory.kind === "slow-consumer") properties.set("consumerId", text(consumerText(idOf(advisory))));
  if (advisory.kind === "expired") properties.set("originalMessageId", text(idTextOf(advisory)));
  return properties;
}

function idTextOf({ id, message }: Extract<Advisory, { kind: "expired" | "dead-lettered" }>): string {
  return message.origin === null ? messageIdOf(id) : `${message.origin.producer}:${message.origin.sequence}`;
}

/** The command that an advisory tells. */
export function advisoryData(advisory: Advisory): wire.Sparse {
  switch (advisory.kind) {
    case "destination":
      return create("DestinationInfo", {
        destination: writeDestination(advisory.destination),
        operationType: advisory.change === "added" ? 0 : 1,
      });
    case "connection": {
      const connectionId = create("ConnectionId", { value: advisory.connection });
      return advisory.change === "removed"
        ? create("RemoveInfo", { objectId: connectionId })
        : create("ConnectionInfo", { connectionId, clientId: advisory.clientId, password: "" });
    }
    case "consumer":
      return advisory.change === "removed"
        ? create("RemoveInfo", { objectId: idOf(advisory) })
        : consumerInfo(advisory, advisory.destination);
    case "slow-consumer":
      return consumerInfo(advisory, advisory.request.destination);
    case "producer": {
      const producerId = producerIdOf(advisory.producer);
      return advisory.change === "removed"
        ? create("RemoveInfo", { objectId: producerId })
        : create("ProducerInfo", { producerId, destination: writeDestination(advisory.destination) });
    }
    case "expired":
    case "dead-lettered":
      return writeMessage({
        kind: "deliver",
        subscription: "",
        id: advisory.id,
        // Advisories have all of the message but its body.
        message: { ...advisory.message, body: new Uint8Array(0), isCompressed: false, bodyKind: "none" },
        source: advisory.destination,
        deliveryCount: 1,
        deadLetter: null,
        isFirstOfGroup: false,
      });
    default:
      return assertNever(advisory);
  }
}

type OfConsumer = Extract<Advisory, { kind: "consumer" | "slow-consumer" }>;

function idOf({ request, connection }: OfConsumer): wire.ConsumerId {
  return consumerIdOf(request.subscription, connection);
}

function consumerText({ connectionId, sessionId, value }: wire.ConsumerId): string {
  return `${connectionId}:${sessionId}:${value}`;
}

function consumerInfo(advisory: OfConsumer, destination: Destination): wire.DataStructure {
  const { request } = advisory;
  return create("ConsumerInfo", {
    consumerId: idOf(advisory),
    destination: writeDestination(destination),
    browser: request.browser,
    prefetchSize: request.prefetchCount,
    selector: request.selector,
    subscriptionName: request.durable?.name ?? null,
    clientId: request.durable?.clientId ?? null,
    noLocal: request.noLocal,
    exclusive: request.exclusive,
    priority: request.consumerPriority,
  });
}

function text(value: string): TextOrCount {
  return { type: "string", value };
}
