import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { digestBytes, digestOf, digestsEqual, type Digest } from "../base/checksum.ts";
import { BrokerError } from "../base/errors.ts";
import { asEpoch, asOp, asWallTime, type Epoch, type Op, type WallTime } from "../base/units.ts";
import { messageOf, readCommand, writeCommand, type Command } from "../core/command.ts";

/**
 * One step of the pair's history. For every entry `e` and its predecessor `p`:
 *   1. e.op === p.op + 1              2. e.epoch >= p.epoch
 *   3. e.parent equals p.digest       4. e.stampedAt >= p.stampedAt
 * {@link misfit} checks 1-4 where bytes enter (disk, peer); all code behind those gates relies on them.
 */
export interface JournalEntry {
  readonly op: Op;
  readonly epoch: Epoch;
  /** The only clock that applying an entry ever sees; chosen by the active node. */
  readonly stampedAt: WallTime;
  /**
   * The entry as it is stored and sent: the digest of its predecessor, epoch, time and command. The same bytes on
   * both nodes, so that equal digests mean equal histories.
   */
  readonly bytes: Uint8Array;
  /** Digest of `bytes`, and so, by the chain, of all entries up to this one. */
  readonly digest: Digest;
  readonly command: Command;
}

/** The end of a history: what the next entry must fit on. */
export interface Head {
  readonly op: Op;
  readonly epoch: Epoch;
  readonly stampedAt: WallTime;
  readonly digest: Digest;
}

/** Makes the entry that follows `head`. Its time never runs backwards, whatever the clock does. */
export function nextEntry(head: Head, epoch: Epoch, now: WallTime, command: Command): JournalEntry {
  const stampedAt = asWallTime(Math.max(now, head.stampedAt));
  const writer = new ByteWriter(sizeGuess(command));
  writer.raw(head.digest);
  writer.whole(epoch);
  writer.f64(stampedAt);
  writeCommand(writer, command);
  const bytes = writer.take();
  return { op: asOp(head.op + 1), epoch, stampedAt, bytes, digest: digestOf(bytes), command };
}

/** Reads the entry stored or sent as `bytes`; FRAME_MALFORMED when it cannot be one. `digest`: theirs, where it is known. */
export function readEntry(op: Op, bytes: Uint8Array, digest = digestOf(bytes)): JournalEntry {
  const reader = new ByteReader(bytes, "journal");
  reader.raw(digestBytes);
  const epoch = asEpoch(reader.whole());
  const stampedAt = asWallTime(reader.f64());
  if (!Number.isFinite(stampedAt))
    throw new BrokerError("FRAME_MALFORMED", {
      protocol: "journal",
      detail: `entry ${op} is stamped with no time`,
    });
  const command = readCommand(reader);
  if (!reader.atEnd)
    throw new BrokerError("FRAME_MALFORMED", {
      protocol: "journal",
      detail: `entry ${op} has bytes left over`,
    });
  return { op, epoch, stampedAt, bytes, digest, command };
}

/** Why `entry` cannot follow `head`, or `null`. */
export function misfit(head: Head, entry: JournalEntry): string | null {
  if (entry.op !== head.op + 1) return `entry ${entry.op} follows ${head.op}`;
  if (!digestsEqual(entry.bytes.subarray(0, digestBytes), head.digest))
    return `entry ${entry.op} belongs to another history`;
  if (entry.epoch < head.epoch)
    return `entry ${entry.op} is of epoch ${entry.epoch}, older than ${head.epoch}`;
  if (entry.stampedAt < head.stampedAt) return `entry ${entry.op} is stamped before its predecessor`;
  return null;
}

function sizeGuess(command: Command): number {
  const message = messageOf(command);
  return message === null ? 160 : message.body.length + 320;
}
