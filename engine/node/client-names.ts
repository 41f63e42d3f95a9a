import type { SessionId } from "../core/dialogue.ts";

interface Name {
  readonly clientId: string | null;
  readonly connection: string;
}

/** Who calls themselves what: a client id belongs to one connection at a time. */
export class ClientNames {
  readonly #bySession = new Map<SessionId, Name>();
  readonly #byClientId = new Map<string, SessionId>();
  readonly #byConnection = new Map<string, SessionId>();

  sessionOfConnection(connection: string): SessionId | undefined {
    return this.#byConnection.get(connection);
  }

  has(session: SessionId): boolean {
    return this.#bySession.has(session);
  }

  /** Whether the session may have this client id. */
  claim(session: SessionId, clientId: string | null, connection: string): boolean {
    const holder = clientId === null ? session : (this.#byClientId.get(clientId) ?? session);
    if (holder !== session) return false;
    this.forget(session);
    this.#bySession.set(session, { clientId, connection });
    this.#byConnection.set(connection, session);
    if (clientId !== null) this.#byClientId.set(clientId, session);
    return true;
  }

  forget(session: SessionId): void {
    const name = this.#bySession.get(session);
    if (name === undefined) return;
    this.#bySession.delete(session);
    this.#byConnection.delete(name.connection);
    if (name.clientId !== null) this.#byClientId.delete(name.clientId);
  }
}
