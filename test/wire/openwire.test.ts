import { expect, expectTypeOf, test } from "vitest";
import { encodeText } from "../../engine/wire/openwire/bodies.ts";
import { OpenWireDecoder } from "../../engine/wire/openwire/decode.ts";
import { OpenWireEncoder } from "../../engine/wire/openwire/encode.ts";
import { initialFormat } from "../../engine/wire/openwire/format.ts";
import type { OpenWireFormat } from "../../engine/wire/openwire/format.ts";
import { create } from "../../engine/wire/openwire/frames.ts";
import type {
  ConnectionId,
  ConnectionInfo,
  DataStructure,
  Destination,
  Long,
  Message,
} from "../../engine/wire/openwire/frames.ts";
import { openwireVersionMax, openwireVersionMin } from "../../engine/wire/openwire/table.ts";

test("openwire: the table gives each type its TypeScript type", () => {
  expectTypeOf<ConnectionInfo["connectionId"]>().toEqualTypeOf<ConnectionId>();
  expectTypeOf<ConnectionInfo["clientId"]>().toEqualTypeOf<string | null>();
  expectTypeOf<ConnectionInfo["clientMaster"]>().toEqualTypeOf<boolean>();
  expectTypeOf<Message["destination"]>().toEqualTypeOf<Destination>();
  expectTypeOf<Message["timestamp"]>().toEqualTypeOf<Long>();
  expectTypeOf<Message["dataStructure"]>().toEqualTypeOf<DataStructure | null>();
  // @ts-expect-error A SessionInfo without its id has no meaning.
  create("SessionInfo", {});

  const info = create("ConnectionInfo", { connectionId: create("ConnectionId", { value: "ID:a" }) });
  expect(info).toEqual({
    type: "ConnectionInfo",
    commandId: 0,
    responseRequired: false,
    connectionId: { type: "ConnectionId", value: "ID:a" },
    clientId: null,
    password: null,
    userName: null,
    brokerPath: null,
    brokerMasterConnector: false,
    manageable: false,
    clientMaster: true,
    faultTolerant: false,
    failoverReconnect: false,
    clientIp: null,
  });
});

const formats: OpenWireFormat[] = [];
for (let version = openwireVersionMin; version <= openwireVersionMax; version += 1)
  for (const isTight of [false, true])
    for (const cacheSize of [0, 1024]) formats.push({ ...initialFormat, version, isTight, cacheSize });

const producerId = create("ProducerId", { connectionId: "ID:a-1", value: 1, sessionId: 2 });
const message = create("ActiveMQTextMessage", {
  producerId,
  destination: create("ActiveMQQueue", { physicalName: "Aufträge" }),
  messageId: create("MessageId", { producerId, producerSequenceId: 7n ** 20n }),
  content: encodeText("a\0b \u{1F600} ÿ"),
});
const consumerId = create("ConsumerId", { connectionId: "ID:b-1", sessionId: 1, value: -1 });
const dispatch = create("MessageDispatch", { consumerId, destination: message.destination, message });

test.each(formats)(
  "openwire: v$version tight=$isTight cache=$cacheSize gives back what it was given",
  (format) => {
    const encoder = new OpenWireEncoder();
    const decoder = new OpenWireDecoder();
    encoder.format = decoder.format = format;
    const sent = [message, dispatch, message, create("KeepAliveInfo", { commandId: 70_000 })];
    const received: DataStructure[] = [];
    for (const frame of sent) decoder.push(encoder.encode(frame), (got) => received.push(got));
    expect(received).toEqual(sent);
  },
);
