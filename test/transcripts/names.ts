import type { Op } from "../../engine/base/units.ts";
import { ownerOf, type OwnerId } from "../../engine/core/command.ts";
import type { SessionId } from "../../engine/core/dialogue.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import type { NodeName, SimulatedHost } from "../world/host.ts";

const text = new TextDecoder();

/** What people call things: clients, messages, and what a receipt is for. */
export class Names {
  readonly #clients = new Map<string, string>();
  readonly #owners = new Map<OwnerId, readonly [SimulatedHost, SessionId]>();
  readonly #receipts = new Map<number, string>();
  /** Messages by entry; two nodes that served at once have different ones under one number. */
  readonly #messages: Record<NodeName, Map<Op, string>> = { primary: new Map(), replica: new Map() };

  /** Gives a request its words, and returns its receipt. */
  newReceipt(words: string): number {
    const receipt = this.#receipts.size + 1;
    this.#receipts.set(receipt, words);
    return receipt;
  }

  receipt(receipt: number): string {
    return this.#receipts.get(receipt) ?? `request ${receipt}`;
  }

  sessionIs(host: SimulatedHost, session: SessionId, client: string): void {
    this.#clients.set(`${host.instance} ${session}`, client);
  }

  /** The node begins to serve a session: from here on the journal has a name for it. */
  sessionOpened(host: SimulatedHost, session: SessionId): void {
    const epoch = host.node?.history.epoch;
    if (epoch !== undefined) this.#owners.set(ownerOf(epoch, session), [host, session]);
  }

  client(host: SimulatedHost, session: SessionId): string {
    return this.#clients.get(`${host.instance} ${session}`) ?? `client ${session}`;
  }

  owner(owner: OwnerId): string {
    const held = this.#owners.get(owner);
    return held === undefined ? owner : this.client(...held);
  }

  journalled(node: NodeName, entries: readonly JournalEntry[]): void {
    for (const { op, command } of entries)
      if (command.kind === "send") this.#messages[node].set(op, text.decode(command.message.body));
  }

  /** One node's store is the other's now. */
  copied(from: NodeName, to: NodeName): void {
    this.#messages[to] = new Map(this.#messages[from]);
  }

  message(node: NodeName, op: Op): string {
    return this.#messages[node].get(op) ?? `message ${op}`;
  }
}
