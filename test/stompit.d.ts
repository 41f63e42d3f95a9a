/** The part of stompit (which carries no types) that the tests use. */
declare module "stompit" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { Writable } from "node:stream";

  type Headers = Record<string, string | number>;

  interface SendOptions {
    onReceipt?: () => void;
  }

  export interface Message {
    readonly headers: Record<string, string | undefined>;
    readString(encoding: "utf8", callback: (error: Error | null, body: string) => void): void;
  }

  export interface Transaction {
    send(headers: Headers, options?: SendOptions): Writable;
    commit(options?: SendOptions): void;
  }

  export interface Client extends EventEmitter {
    readonly headers: Record<string, string | undefined>;
    send(headers: Headers, options?: SendOptions): Writable;
    begin(): Transaction;
    subscribe(headers: Headers, onMessage: (error: Error | null, message: Message) => void): void;
    ack(message: Message, headers?: Headers, options?: SendOptions): void;
    getTransportSocket(): Socket;
    disconnect(callback?: (error: Error | null) => void): void;
    destroy(error?: Error): void;
  }

  interface Server {
    readonly host: string;
    readonly port: number;
    readonly connectHeaders?: Record<string, string>;
  }

  interface FailoverOptions {
    readonly randomize?: boolean;
    readonly initialReconnectDelay?: number;
    readonly maxReconnectDelay?: number;
    readonly maxReconnects?: number;
  }

  export class ConnectFailover extends EventEmitter {
    constructor(servers: readonly Server[], options?: FailoverOptions);
    connect(callback: (error: Error | null, client: Client, reconnect: () => void) => void): {
      abort: () => void;
    };
  }
}
