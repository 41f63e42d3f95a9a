/** Oldest first: of the versions that both sides speak the last one is taken. */
export const stompVersions = ["1.0", "1.1", "1.2"] as const;
export type StompVersion = (typeof stompVersions)[number];

interface CommandRule {
  readonly sender: "client" | "server";
  readonly mayHaveBody: boolean;
  /** The frames that agree on a version cannot yet be written by the rules of one: they are never escaped. */
  readonly isEscaped: boolean;
}

/** Every frame of STOMP 1.0, 1.1 and 1.2. */
export const stompCommands = {
  CONNECT: { sender: "client", mayHaveBody: false, isEscaped: false },
  STOMP: { sender: "client", mayHaveBody: false, isEscaped: false },
  CONNECTED: { sender: "server", mayHaveBody: false, isEscaped: false },
  SEND: { sender: "client", mayHaveBody: true, isEscaped: true },
  SUBSCRIBE: { sender: "client", mayHaveBody: false, isEscaped: true },
  UNSUBSCRIBE: { sender: "client", mayHaveBody: false, isEscaped: true },
  ACK: { sender: "client", mayHaveBody: false, isEscaped: true },
  NACK: { sender: "client", mayHaveBody: false, isEscaped: true },
  BEGIN: { sender: "client", mayHaveBody: false, isEscaped: true },
  COMMIT: { sender: "client", mayHaveBody: false, isEscaped: true },
  ABORT: { sender: "client", mayHaveBody: false, isEscaped: true },
  DISCONNECT: { sender: "client", mayHaveBody: false, isEscaped: true },
  MESSAGE: { sender: "server", mayHaveBody: true, isEscaped: true },
  RECEIPT: { sender: "server", mayHaveBody: false, isEscaped: true },
  ERROR: { sender: "server", mayHaveBody: true, isEscaped: true },
} as const satisfies Record<string, CommandRule>;

export type StompCommand = keyof typeof stompCommands;

/** A header as it was sent; names are case-sensitive. */
export type StompHeader = readonly [name: string, value: string];

export interface StompFrame {
  readonly command: StompCommand;
  /** In the order they were sent, repeated ones included; {@link headerOf} finds the one that counts. */
  readonly headers: readonly StompHeader[];
  readonly body: Uint8Array;
}

export const emptyBody: Uint8Array = new Uint8Array(0);

/** The value of a header, or `null`. [STOMP 1.2 Repeated Header Entries] Of repeated headers the first one counts. */
export function headerOf(frame: StompFrame, name: string): string | null {
  for (const header of frame.headers) if (header[0] === name) return header[1];
  return null;
}
