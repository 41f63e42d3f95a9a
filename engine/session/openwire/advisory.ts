import { advisoryTopic, type Advisory } from "../../core/advisory.ts";
import { create } from "../../wire/openwire/frames.ts";
import type * as wire from "../../wire/openwire/frames.ts";
import { encodePrimitiveMap } from "../../wire/openwire/primitives.ts";
import type { Primitive } from "../../wire/openwire/primitives.ts";
import type { SessionContext } from "../session.ts";
import { writeDestination } from "./names.ts";

interface Addressee {
  readonly consumerId: wire.ConsumerId;
  /** Of this advisory among those of the connection. */
  readonly number: number;
  readonly context: SessionContext;
}

/** The message that tells a client of an advisory: its data is the command that ActiveMQ's clients know it by. */
export function advisoryDispatch(advisory: Advisory, addressee: Addressee): wire.MessageDispatch {
  const { consumerId, number, context } = addressee;
  const destination = writeDestination(advisoryTopic(advisory));
  // Clients drop what they have seen, so no two advisories of the pair have the same id.
  const producerId = create("ProducerId", { connectionId: `understudy-${context.connectionName}`, value: 1 });
  const message = create("ActiveMQMessage", {
    producerId,
    destination,
    messageId: create("MessageId", { producerId, producerSequenceId: number, brokerSequenceId: 0 }),
    jmsType: "Advisory",
    dataStructure: dataOf(advisory),
    marshalledProperties: encodePrimitiveMap(
      new Map([
        ["originBrokerName", text(context.brokerName)],
        ["originBrokerId", text(`understudy-${context.brokerName}`)],
        ["originBrokerURL", text(context.url)],
      ]),
    ),
  });
  return create("MessageDispatch", { consumerId, destination, message });
}

function dataOf({ change, destination }: Advisory): wire.DataStructure {
  return create("DestinationInfo", {
    destination: writeDestination(destination),
    operationType: change === "added" ? 0 : 1,
  });
}

function text(value: string): Primitive {
  return { type: "string", value };
}
