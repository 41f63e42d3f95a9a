import { expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { OpenWireCommands } from "../../engine/session/openwire/commands.ts";
import { nameOf, readDestination, transactionName } from "../../engine/session/openwire/names.ts";
import { create } from "../../engine/wire/openwire/frames.ts";

const long = "x".repeat(limits.nameCharactersMax + 1);
const refused = expect.objectContaining({ code: "LIMIT_REACHED" }) as Error;

function connectAs(clientId: string, connection = "c"): void {
  const context = { brokerName: "b", version: "0", url: "u", connectionName: "n", authenticate: () => true };
  const connectionId = create("ConnectionId", { value: connection });
  new OpenWireCommands(context, () => undefined).plan(create("ConnectionInfo", { connectionId, clientId }), {
    monotonic: 0,
    wall: 0,
  } as never);
}

test("openwire: what a client names is named in 1,024 characters at most", () => {
  const connectionId = create("ConnectionId", { value: long });
  const names: Record<string, () => unknown> = {
    destination: () => readDestination(create("ActiveMQQueue", { physicalName: long })),
    consumer: () => nameOf(create("ConsumerId", { connectionId: long, sessionId: 1, value: 1 })),
    transaction: () => transactionName(create("LocalTransactionId", { value: 1, connectionId })),
    client: () => connectAs(long),
    connection: () => connectAs("client", long),
  };
  for (const [name, make] of Object.entries(names)) expect(make, name).toThrow(refused);
});

test("openwire: names of 1,024 characters are taken", () => {
  expect(readDestination(create("ActiveMQQueue", { physicalName: long.slice(1) })).name).toHaveLength(1_024);
  connectAs(long.slice(1), long.slice(1));
});
