import stompit, { type Client } from "stompit";

/** A producer that nobody here wrote, with both brokers in its failover list. */
export interface ExternalClient {
  /** Bodies that the pair has confirmed. */
  readonly confirmed: readonly string[];
  end(): void;
}

interface Options {
  readonly clientId: string;
  readonly destination: string;
  readonly ports: { readonly primary: number; readonly replica: number };
}

/** Sends one message after the other, each once the one before has its receipt, until it is ended. */
export function startExternalClient({ clientId, destination, ports }: Options): ExternalClient {
  const servers = [ports.primary, ports.replica].map((port) => ({
    host: "127.0.0.1",
    port,
    connectHeaders: { "client-id": clientId, "heart-beat": "0,0" },
  }));
  const confirmed: string[] = [];
  let isEnded = false;
  let current: Client | null = null;

  const connection = new stompit.ConnectFailover(servers, { randomize: false }).connect(
    (error, client, reconnect) => {
      if (error !== null) throw error;
      current = client;
      client.on("error", () => {
        if (!isEnded) reconnect();
      });
      const sendNext = (): void => {
        if (isEnded) return;
        const body = `message ${confirmed.length}`;
        client
          .send(
            { destination, "content-type": "text/plain" },
            {
              onReceipt: () => {
                confirmed.push(body);
                setTimeout(sendNext, 20);
              },
            },
          )
          .end(body);
      };
      sendNext();
    },
  );
  return {
    confirmed,
    end() {
      isEnded = true;
      connection.abort();
      current?.destroy();
    },
  };
}
