import { asEpoch, asInstant, asOp, asWallTime, type Moment, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import type { Store } from "../../engine/host/store.ts";
import { History } from "../../engine/node/history.ts";
import { messageTo, orders, ordersKey } from "../core/helpers.ts";

export const now: Moment = { monotonic: asInstant(1), wall: asWallTime(1_000) };

/** A history on a store, as the node keeps it. */
export class Writer {
  readonly store: Store;
  readonly history: History;

  constructor(store: Store) {
    this.store = store;
    this.history = new History(store.load(), now.monotonic);
    this.history.epoch = asEpoch(Math.max(1, this.history.epoch));
  }

  async write(...commands: readonly Command[]): Promise<Op> {
    for (const command of commands) this.history.order(command, now);
    const batch = this.history.takeBatch();
    await new Promise<void>((resolve) => {
      this.store.append(batch, resolve);
      this.store.sync();
    });
    const { op } = this.history.head;
    this.history.journalledThrough(op);
    this.history.commitThrough(op);
    return op;
  }

  checkpoint(): void {
    this.history.forceCheckpoint();
    this.store.saveCheckpoint(this.history.takeSafeCheckpoint()!);
  }
}

export const send = (body = "hello"): Command => ({
  kind: "send",
  owner: "c1-1",
  message: messageTo(orders, { body: Buffer.from(body) }),
  transaction: null,
});
export const deliver = (...ops: number[]): Command => ({
  kind: "deliver",
  owner: "c1-2",
  subscription: "s",
  queue: ordersKey,
  messages: ops.map(asOp),
});
export const accept = (...ops: number[]): Command => ({
  kind: "settle",
  owner: "c1-2",
  subscription: "s",
  messages: ops.map(asOp),
  outcome: "accepted",
  transaction: null,
});

export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}
