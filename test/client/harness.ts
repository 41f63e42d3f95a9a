import { afterEach, beforeEach } from "vitest";
import type { ClientEvent, StompClientOptions } from "../../engine/client/client-options.ts";
import { ClientError } from "../../engine/client/errors.ts";
import { parseFailoverUri } from "../../engine/client/failover-uri.ts";
import type { ClientMessage } from "../../engine/client/message.ts";
import { StompClient } from "../../engine/client/stomp-client.ts";
import { Queue, ScriptedPeer } from "./peer.ts";

/** Two scripted brokers for each test, and clients that know both. */
export interface Stage {
  primary: ScriptedPeer;
  replica: ScriptedPeer;
  /** `uri` is added to the failover URI. */
  start(options?: { uri?: string } & Partial<Omit<StompClientOptions, "uri">>): StompClient;
  events: Queue<ClientEvent>;
  /** The next event of this kind; those before it are passed over. */
  nextEvent<Kind extends ClientEvent["kind"]>(kind: Kind): Promise<Extract<ClientEvent, { kind: Kind }>>;
}

/** Sets the stage before each test of a file and clears it after. */
export function setStage(): Stage {
  const clients: StompClient[] = [];
  const stage = {
    start(options = {}) {
      const uri = `failover:(${stage.primary.address},${stage.replica.address})?randomize=false${options.uri ?? ""}`;
      const client = new StompClient({
        heartbeatMs: 0,
        onEvent: (event) => stage.events.put(event),
        ...options,
        uri: parseFailoverUri(uri),
      });
      clients.push(client);
      return client;
    },
    async nextEvent(kind) {
      for (;;) {
        const event = await stage.events.take();
        if (event.kind === kind) return event as Extract<ClientEvent, { kind: typeof kind }>;
      }
    },
  } as Stage;
  beforeEach(async () => {
    stage.primary = await ScriptedPeer.listen();
    stage.replica = await ScriptedPeer.listen();
    stage.events = new Queue();
  });
  afterEach(async () => {
    await Promise.all([stage.primary.die(), stage.replica.die()]);
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  return stage;
}

export const message = (text: string): ClientMessage => ({
  destination: "/queue/orders",
  body: Buffer.from(text),
  headers: [["persistent", "true"]],
});

/** The error that a promise must fail with. */
export async function failure(promise: Promise<unknown>): Promise<ClientError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ClientError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
