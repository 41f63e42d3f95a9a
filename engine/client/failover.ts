import { StompConnection } from "./connection.ts";
import type { ConnectionEnd, ConnectionOptions } from "./connection.ts";
import type { FailoverAddress, FailoverUri } from "./failover-uri.ts";
import { nextAttempt, priorityKeys, reconnectAfterLoss, reconnectStart } from "./reconnect.ts";
import type { Random, ReconnectState } from "./reconnect.ts";
import type { StompFrame } from "../wire/stomp/frames.ts";

/** Keeps one logged-in connection to one of the addresses, whichever answers, for as long as the URI's options say. */
export interface TransportListener {
  /** An address did not answer. */
  attempted(address: string, error: string): void;
  connected(connection: StompConnection): void;
  frame(frame: StompFrame): void;
  lost(connection: StompConnection, end: ConnectionEnd): void;
  /** The attempts allowed are used up; nothing more is tried. */
  gaveUp(failedPassCount: number): void;
}

export type TransportOptions = Omit<ConnectionOptions, "address"> & { readonly random: Random };

/** A connection that lasts less than this counts as short-lived. */
const shortLifeMs = 1_000;
/** A broker that has not answered by then may be frozen: the next address is tried while this one is waited for. */
const lateMs = 250;
/** Pause between attempts for connections held ready (`backup`) or preferred (`priorityBackup`). */
const spareRetryMs = 1_000;

/** A connection and what it is for; a spare becomes the current one without being made anew. */
interface Link {
  readonly connection: StompConnection;
  role: "trying" | "late" | "current" | "spare";
  isUp: boolean;
}

export class FailoverTransport {
  readonly #uri: FailoverUri;
  readonly #options: TransportOptions;
  readonly #listener: TransportListener;
  #state: ReconnectState;
  #trying: Link | null = null;
  #current: Link | null = null;
  #currentSince = 0;
  #shortLivedCount = 0;
  #isClosed = false;
  #retry: NodeJS.Timeout | null = null;
  /** Attempts that are still waited for while others are made. */
  readonly #late = new Set<Link>();
  #lateness: NodeJS.Timeout | null = null;
  readonly #spares = new Set<Link>();
  #spareRetry: NodeJS.Timeout | null = null;

  constructor(uri: FailoverUri, options: TransportOptions, listener: TransportListener) {
    this.#uri = uri;
    this.#options = options;
    this.#listener = listener;
    this.#state = reconnectStart(uri, options.now());
  }

  start(): void {
    this.#next();
  }

  /** The logged-in connection, or `null` while there is none. */
  get connection(): StompConnection | null {
    return this.#current?.connection ?? null;
  }

  /** Ends everything once what was written has left; the listener hears nothing more. */
  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#spareRetry !== null) clearTimeout(this.#spareRetry);
    this.#endLate("closed");
    this.#trying?.connection.end("closed");
    this.#current?.connection.finish("closed");
    for (const spare of this.#spares) spare.connection.end("closed");
    this.#spares.clear();
    this.#current = null;
  }

  #next(): void {
    if (this.#isClosed) return;
    const now = this.#options.now();
    const waitedFor = new Set([...this.#late].map((link) => link.connection.address.key));
    if (this.#uri.addresses.every(({ key }) => waitedFor.has(key))) return;
    const step = nextAttempt(this.#uri, this.#state, now, this.#options.random);
    if (step.kind === "give-up") {
      if (this.#late.size === 0) this.#listener.gaveUp(step.failedPassCount);
      return;
    }
    this.#state = step.state;
    if (waitedFor.has(step.address.key)) return this.#next();
    const attempt = (): void => {
      this.#retry = null;
      this.#try(step.address);
    };
    if (step.at <= now) attempt();
    else this.#retry = setTimeout(attempt, step.at - now);
  }

  #try(address: FailoverAddress): void {
    const link = this.#open(address, "trying");
    this.#trying = link;
    if (this.#lateness !== null) clearTimeout(this.#lateness);
    this.#lateness = setTimeout(() => {
      if (link !== this.#trying) return;
      link.role = "late";
      this.#late.add(link);
      this.#trying = null;
      this.#next();
    }, lateMs);
  }

  #endLate(reason: string): void {
    if (this.#lateness !== null) clearTimeout(this.#lateness);
    for (const link of this.#late) {
      link.role = "spare";
      link.connection.end(reason);
    }
    this.#late.clear();
  }

  #open(address: FailoverAddress, role: Link["role"]): Link {
    const connection = new StompConnection(
      { ...this.#options, address },
      {
        connected: () => this.#connected(link),
        frame: (frame) => {
          if (link === this.#current) this.#listener.frame(frame);
        },
        ended: (end) => this.#ended(link, end),
      },
    );
    const link: Link = { connection, role, isUp: false };
    return link;
  }

  #connected(link: Link): void {
    link.isUp = true;
    if (link.role === "spare" && this.#current !== null) {
      if (this.#prefers(link))
        this.#current.connection.end(`back to the priority address ${link.connection.address.key}`);
      return;
    }
    // A spare that answers while nothing else does is as good as the address whose turn it is.
    if (link.role === "spare" || link.role === "late") this.#stopTrying(link);
    this.#trying = null;
    this.#endLate("another address answered first");
    this.#adopt(link);
  }

  #stopTrying(instead: Link): void {
    this.#spares.delete(instead);
    this.#late.delete(instead);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const trying = this.#trying;
    if (trying === null) return;
    this.#spares.add(trying);
    trying.role = "spare";
    trying.connection.end("another address answered first");
  }

  #adopt(link: Link): void {
    link.role = "current";
    this.#current = link;
    this.#currentSince = this.#options.now();
    this.#listener.connected(link.connection);
    this.#fillSpares();
  }

  #ended(link: Link, end: ConnectionEnd): void {
    if (this.#isClosed) return;
    const { key } = link.connection.address;
    switch (link.role) {
      case "trying":
        this.#trying = null;
        this.#listener.attempted(key, end.reason);
        this.#next();
        return;
      case "late":
        this.#late.delete(link);
        this.#listener.attempted(key, end.reason);
        if (this.#current === null && this.#trying === null && this.#retry === null) this.#next();
        return;
      case "spare":
        this.#spares.delete(link);
        this.#fillSparesLater();
        return;
      case "current":
        this.#lost(link, end);
    }
  }

  #lost(link: Link, end: ConnectionEnd): void {
    const now = this.#options.now();
    this.#current = null;
    this.#shortLivedCount = now - this.#currentSince < shortLifeMs ? this.#shortLivedCount + 1 : 0;
    this.#state = reconnectAfterLoss(this.#uri, link.connection.address.key, now, this.#shortLivedCount);
    this.#listener.lost(link.connection, end);
    const spare = this.#takeSpare();
    if (spare === null) this.#next();
    else this.#adopt(spare);
  }

  #takeSpare(): Link | null {
    const preferred = priorityKeys(this.#uri);
    const up = [...this.#spares].filter((spare) => spare.isUp);
    const best = up.find((spare) => preferred.includes(spare.connection.address.key)) ?? up[0] ?? null;
    if (best !== null) this.#spares.delete(best);
    return best;
  }

  /** A spare for an address that is preferred to the one in use. */
  #prefers(link: Link): boolean {
    const preferred = priorityKeys(this.#uri);
    const current = this.#current?.connection.address.key;
    return (
      current !== undefined && !preferred.includes(current) && preferred.includes(link.connection.address.key)
    );
  }

  #fillSpares(): void {
    const { backup, backupPoolSize, priorityBackup } = this.#uri.options;
    if (this.#isClosed || this.#current === null || (!backup && !priorityBackup)) return;
    const current = this.#current.connection.address.key;
    const preferred = priorityKeys(this.#uri);
    const taken = new Set([current, ...[...this.#spares].map((spare) => spare.connection.address.key)]);
    for (const address of this.#uri.addresses) {
      if (taken.has(address.key)) continue;
      const isWanted = preferred.includes(address.key) && !preferred.includes(current);
      if (isWanted || (backup && this.#spares.size < backupPoolSize))
        this.#spares.add(this.#open(address, "spare"));
    }
  }

  #fillSparesLater(): void {
    this.#spareRetry ??= setTimeout(() => {
      this.#spareRetry = null;
      this.#fillSpares();
    }, spareRetryMs);
  }
}
