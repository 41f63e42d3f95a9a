import { limits } from "../base/limits.ts";
import type { Op } from "../base/units.ts";
import type { SessionId } from "./dialogue.ts";
import type { Message } from "./message.ts";

/** The way out to one connection: how much is on it. */
export class Outlet {
  readonly #session: SessionId;
  readonly #all: Outlets;
  /** Sizes of messages on their way to the host, which leave in this order; those before `#start` have left. */
  #sizes: number[] = [];
  #start = 0;
  #bytes = 0;
  /** Handed to the host and not taken by the network yet, as the host said last. */
  #unsentBytes = 0;

  constructor(session: SessionId, all: Outlets) {
    this.#session = session;
    this.#all = all;
  }

  get usedBytes(): number {
    return this.#bytes + this.#unsentBytes;
  }

  /** An empty one always has room, or a message larger than the way could never leave. */
  hasRoom(): boolean {
    const { usedBytes } = this;
    return usedBytes === 0 || usedBytes < this.#all.roomBytes;
  }

  /** As {@link hasRoom}, asked for a message that is to go out: a full one is noted, to be looked at again. */
  isOpen(): boolean {
    const isOpen = this.hasRoom();
    if (!isOpen) this.#all.full.add(this.#session);
    return isOpen;
  }

  put(op: Op): void {
    const sizeBytes = this.#all.sizeOf(op);
    this.#sizes.push(sizeBytes);
    this.#bytes += sizeBytes;
    this.#all.usedBytes += sizeBytes;
  }

  takeOff(): void {
    const sizeBytes = this.#sizes[this.#start] ?? 0;
    this.#start += 1;
    this.#bytes -= sizeBytes;
    this.#all.usedBytes -= sizeBytes;
    if (this.#start * 2 < this.#sizes.length) return;
    this.#sizes = this.#sizes.slice(this.#start);
    this.#start = 0;
  }

  unsent(sizeBytes: number): void {
    this.#all.usedBytes += sizeBytes - this.#unsentBytes;
    this.#unsentBytes = sizeBytes;
  }
}

/**
 * The ways out to all connections. Messages are handed out by count, as clients ask, but large ones would fill the
 * memory long before a prefetch of a thousand is reached; so nothing more is put on a way that is full, and others get
 * it instead. The fuller all of them together are, the less room each one has: many slow clients cannot take it all.
 */
export class Outlets {
  /** About how many bytes a message takes. */
  readonly sizeOf: (op: Op) => number;
  usedBytes = 0;
  /** Connections that would have got more if there had been room. */
  readonly full = new Set<SessionId>();
  readonly #bySession = new Map<SessionId, Outlet>();

  constructor(sizeOf: (op: Op) => number) {
    this.sizeOf = sizeOf;
  }

  get roomBytes(): number {
    return Math.min(limits.unsentBytesPerConnectionMax, (limits.unsentBytesMax - this.usedBytes) / 8);
  }

  of(session: SessionId): Outlet {
    let outlet = this.#bySession.get(session);
    if (outlet === undefined) this.#bySession.set(session, (outlet = new Outlet(session, this)));
    return outlet;
  }

  /** So much was written to the connection and not taken by the network yet. */
  unsent(session: SessionId, sizeBytes: number): void {
    this.#bySession.get(session)?.unsent(sizeBytes);
  }

  /** The first message handed out to the connection, of those that were not yet, has been given to it. */
  gone(session: SessionId): void {
    this.#bySession.get(session)?.takeOff();
  }

  close(session: SessionId): void {
    this.usedBytes -= this.#bySession.get(session)?.usedBytes ?? 0;
    this.#bySession.delete(session);
    this.full.delete(session);
  }

  /** Those of the full ones that have room again. */
  takeReopened(): readonly SessionId[] {
    const reopened = [...this.full].filter((session) => this.of(session).hasRoom());
    for (const session of reopened) this.full.delete(session);
    return reopened;
  }
}

/** About how many bytes the message takes in a client's protocol; nothing once it is gone. */
export function sizeOf(message: Message | null): number {
  if (message === null) return 0;
  let sizeBytes = message.body.length + frameBytes;
  for (const [name, value] of message.properties)
    sizeBytes += name.length + (typeof value === "string" ? value.length : numberBytes);
  return sizeBytes;
}

const frameBytes = 200;
const numberBytes = 8;
