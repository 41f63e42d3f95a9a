import { digestOf, digestsEqual, type Digest } from "../base/checksum.ts";
import { limits } from "../base/limits.ts";
import { asOp, type Instant, type Op } from "../base/units.ts";
import type { JournalEntry } from "../pair/entry.ts";
import type { JournalReader, LinkId } from "./contract.ts";

/** Entries from `first` on, to be sent as they are stored. */
export interface Parcel {
  readonly after: Op;
  readonly entries: readonly Uint8Array[];
}

/**
 * The standby as the active node sees it: what was sent to it and what it has acknowledged. A standby that starts
 * behind is first read to from the journal, one parcel at a time, and once it is level gets each batch as it is made.
 */
export class StandbyFeed {
  readonly link: LinkId;
  readonly instance: string;
  /** Last entry the standby has said is durable there; `null` until it has taken its place. */
  acknowledged: Op | null = null;
  /** It was told that it is in sync: from then on it may serve when the active node is gone. */
  isToldInSync = false;
  #sentThrough: Op;
  /** What it must have to have all that was on the disk here when it became level; `null` before. */
  #levelThrough: Op | null = null;
  #busySince: Instant | null = null;
  readonly #journal: JournalReader;
  /** Digests that acknowledgements must name, by the last entry of each parcel. */
  readonly #expected = new Map<Op, Digest>();

  constructor(link: LinkId, instance: string, common: Op, digest: Digest, journal: JournalReader) {
    this.link = link;
    this.instance = instance;
    this.#sentThrough = common;
    this.#journal = journal;
    this.#expected.set(common, digest);
  }

  /** Whether it gets every entry as it is made. */
  get isLevel(): boolean {
    return this.#levelThrough !== null;
  }

  /** Whether it has everything that may have been confirmed without it. */
  get hasCaughtUp(): boolean {
    return (
      this.#levelThrough !== null && this.acknowledged !== null && this.acknowledged >= this.#levelThrough
    );
  }

  /** Whether it has not acknowledged all that it got. */
  get isBusy(): boolean {
    return this.#busySince !== null;
  }

  /** For how long it has acknowledged nothing of what it got, in ms; 0 when it has acknowledged all. */
  lagMs(now: number): number {
    return this.#busySince === null ? 0 : now - this.#busySince;
  }

  /** What to send when a batch was made; nothing while it still catches up. */
  live(batch: readonly JournalEntry[], now: Instant): Parcel | null {
    const [first] = batch;
    if (!this.isLevel || first === undefined) return null;
    return this.#parcel(
      asOp(first.op - 1),
      batch.map((entry) => entry.bytes),
      batch.at(-1)!.digest,
      now,
    );
  }

  /**
   * What to send next to a standby that catches up: from the journal, which holds all through `durable`, in batches, each
   * once the one before is acknowledged. The last of them, and what is on its way to the disk, make it level: entries
   * may come all the time, so it could wait for ever for a moment in which none is left.
   */
  catchUp(durable: Op, undurable: readonly JournalEntry[], now: Instant): Parcel | null {
    if (this.isLevel || this.acknowledged === null || this.acknowledged < this.#sentThrough) return null;
    const after = this.#sentThrough;
    if (after < durable) {
      const entries = this.#journal.read(asOp(after + 1), limits.batchBytesMax);
      const last = entries.at(-1);
      if (last === undefined) return null;
      const through = after + entries.length;
      const rest = undurable.filter((entry) => entry.op > through);
      const restBytes = rest.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (through < durable || restBytes > limits.batchBytesMax)
        return this.#parcel(after, entries, digestOf(last), now);
      this.#levelThrough = asOp(through);
      const whole = [...entries, ...rest.map(({ bytes }) => bytes)];
      return this.#parcel(after, whole, rest.at(-1)?.digest ?? digestOf(last), now);
    }
    this.#levelThrough = after;
    // A standby that came back at once may have on its disk what is still on its way to the one here.
    return this.live(
      undurable.filter((entry) => entry.op > after),
      now,
    );
  }

  /** Takes an acknowledgement; `false` when the standby's history is not ours. */
  acknowledge(head: Op, digest: Digest, now: Instant): boolean {
    const expected = this.#expected.get(head);
    if (expected === undefined || !digestsEqual(expected, digest)) return false;
    for (const op of this.#expected.keys()) {
      if (op > head) break;
      if (op < head) this.#expected.delete(op);
    }
    this.acknowledged = head;
    this.#busySince = head === this.#sentThrough ? null : now;
    return true;
  }

  #parcel(after: Op, entries: readonly Uint8Array[], digest: Digest, now: Instant): Parcel {
    this.#busySince ??= now;
    this.#sentThrough = asOp(after + entries.length);
    this.#expected.set(this.#sentThrough, digest);
    return { after, entries };
  }
}
