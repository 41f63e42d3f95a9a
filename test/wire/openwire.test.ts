import { expect, expectTypeOf, test } from "vitest";
import { create } from "../../engine/wire/openwire/frames.ts";
import type {
  ConnectionId,
  ConnectionInfo,
  DataStructure,
  Destination,
  Long,
  Message,
} from "../../engine/wire/openwire/frames.ts";

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
