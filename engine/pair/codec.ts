import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { digestBytes } from "../base/checksum.ts";
import { BrokerError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { asEpoch, asOp, asWallTime } from "../base/units.ts";
import type { ChunkRow, MessageRow } from "../core/checkpoint.ts";
import { Chunk } from "../core/chunk.ts";
import type { ReplicationMessage, SnapshotContent } from "./message.ts";

/** A frame: the length of the rest in four bytes, the kind in one, then the fields. */
const frameHeaderBytes = 4;
/** To send one more piece costs about as much as to copy so many bytes. */
const sharedBytesMin = 65_536;

/** Kinds by their number on the wire; numbers are never used again for another kind. */
const kinds = [
  "hello",
  "welcome",
  "refused",
  "append",
  "append-ok",
  "heartbeat",
  "fenced",
  "goodbye",
  "snapshot",
  "snapshot-part",
  "snapshot-ok",
  "in-sync",
  "in-sync-ok",
  "probe",
  "probe-ok",
] as const satisfies readonly ReplicationMessage["kind"][];

export function encodeReplication(message: ReplicationMessage): Uint8Array {
  const pieces = encodePieces(message);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** The frame in pieces to be sent one behind the other: large entries are not copied into one with the rest. */
export function encodePieces(message: ReplicationMessage): readonly Uint8Array[] {
  const writer = new ByteWriter(
    message.kind === "append" ? message.entries.reduce(addCopied, 64) : 128,
    sharedBytesMin,
  );
  writer.u32(0);
  writer.u8(kinds.indexOf(message.kind));
  writeFields(writer, message);
  writer.setFirstU32(writer.length - frameHeaderBytes);
  return writer.takePieces();
}

function addCopied(sum: number, { length }: Uint8Array): number {
  return sum + 5 + (length < sharedBytesMin ? length : 0);
}

function writeFields(writer: ByteWriter, message: ReplicationMessage): void {
  if (message.kind === "goodbye") {
    writer.u8(message.pair ? 1 : 0);
    return writer.text(message.reason);
  }
  if (message.kind === "hello") writer.whole(message.version);
  writer.whole(message.epoch);
  switch (message.kind) {
    case "hello":
      writer.optionalText(message.pairId);
      writer.text(message.node);
      writer.text(message.instance);
      writer.whole(message.head);
      writer.raw(message.digest);
      writer.optionalText(message.userName);
      writer.optionalText(message.password);
      return;
    case "welcome":
      writer.text(message.pairId);
      writer.whole(message.common);
      writer.raw(message.digest);
      writer.u8(message.lacks ? 1 : 0);
      return;
    case "refused":
      writer.u8(message.retry ? 1 : 0);
      writer.text(message.reason);
      return;
    case "append":
      writer.whole(message.after);
      writer.whole(message.committed);
      writer.whole(message.entries.length);
      for (const entry of message.entries) writer.bytes(entry);
      return;
    case "append-ok":
      writer.whole(message.head);
      writer.raw(message.digest);
      return;
    case "heartbeat":
      writer.whole(message.committed);
      return;
    case "probe":
    case "probe-ok":
      writer.whole(message.number);
      return;
    case "snapshot":
      writer.text(message.pairId);
      writer.whole(message.op);
      writer.f64(message.stampedAt);
      writer.raw(message.digest);
      writer.text(message.summary);
      return;
    case "snapshot-part":
      writer.u8(message.isLast ? 1 : 0);
      writer.whole(message.contents.length);
      for (const { op, bytes } of message.contents) {
        writer.whole(op);
        writer.bytes(bytes);
      }
      writer.whole(message.rows.length);
      for (const row of message.rows) writeRow(writer, row);
      writer.whole(message.chunks.length);
      for (const row of message.chunks) writeChunk(writer, row);
      return;
    case "snapshot-ok":
    case "in-sync":
    case "in-sync-ok":
    case "fenced":
      return;
  }
}

/** Reads one frame without its length; FRAME_MALFORMED when it is none, or when something is left over. */
function readFrame(frame: Uint8Array): ReplicationMessage {
  const reader = new ByteReader(frame, "replication");
  const message = readMessage(reader);
  if (reader.atEnd) return message;
  throw new BrokerError("FRAME_MALFORMED", {
    protocol: "replication",
    detail: `its "${message.kind}" has bytes left over`,
  });
}

function readMessage(reader: ByteReader): ReplicationMessage {
  const kind = kinds[reader.u8()];
  switch (kind) {
    case "goodbye":
      return { kind, pair: reader.u8() === 1, reason: reader.text() };
    case "hello":
      return {
        kind,
        version: reader.whole(),
        epoch: asEpoch(reader.whole()),
        pairId: reader.optionalText(),
        node: reader.text(),
        instance: reader.text(),
        head: asOp(reader.whole()),
        digest: reader.raw(digestBytes),
        userName: reader.optionalText(),
        password: reader.optionalText(),
      };
    case "welcome":
      return {
        kind,
        epoch: asEpoch(reader.whole()),
        pairId: reader.text(),
        common: asOp(reader.whole()),
        digest: reader.raw(digestBytes),
        lacks: reader.u8() === 1,
      };
    case "refused":
      return { kind, epoch: asEpoch(reader.whole()), retry: reader.u8() === 1, reason: reader.text() };
    case "append":
      return {
        kind,
        epoch: asEpoch(reader.whole()),
        after: asOp(reader.whole()),
        committed: asOp(reader.whole()),
        entries: readEntries(reader),
      };
    case "append-ok":
      return {
        kind,
        epoch: asEpoch(reader.whole()),
        head: asOp(reader.whole()),
        digest: reader.raw(digestBytes),
      };
    case "heartbeat":
      return { kind, epoch: asEpoch(reader.whole()), committed: asOp(reader.whole()) };
    case "probe":
    case "probe-ok":
      return { kind, epoch: asEpoch(reader.whole()), number: reader.whole() };
    case "snapshot":
      return {
        kind,
        epoch: asEpoch(reader.whole()),
        pairId: reader.text(),
        op: asOp(reader.whole()),
        stampedAt: asWallTime(reader.f64()),
        digest: reader.raw(digestBytes),
        summary: reader.text(),
      };
    case "snapshot-part":
      return {
        kind,
        epoch: asEpoch(reader.whole()),
        isLast: reader.u8() === 1,
        contents: readContents(reader),
        rows: readRows(reader),
        chunks: readChunks(reader),
      };
    case "snapshot-ok":
    case "in-sync":
    case "in-sync-ok":
    case "fenced":
      return { kind, epoch: asEpoch(reader.whole()) };
    default:
      throw new BrokerError("FRAME_MALFORMED", {
        protocol: "replication",
        detail: "an unknown kind of message",
      });
  }
}

function readEntries(reader: ByteReader): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let count = reader.whole(); count > 0; count -= 1) entries.push(reader.bytes());
  return entries;
}

function readContents(reader: ByteReader): SnapshotContent[] {
  const contents: SnapshotContent[] = [];
  for (let count = reader.whole(); count > 0; count -= 1)
    contents.push({ op: asOp(reader.whole()), bytes: reader.bytes() });
  return contents;
}

function writeRow(writer: ByteWriter, row: MessageRow): void {
  writer.whole(row.queue);
  writer.whole(row.op);
  writer.whole(row.position);
  writer.u8(row.priority);
  writer.f64(row.expiresAt ?? 0);
  writer.u8(row.persistent ? 1 : 0);
  writer.whole(row.deliveryCount);
  writer.optionalText(row.deadLetter?.from ?? null);
  if (row.deadLetter !== null) writer.text(row.deadLetter.cause);
}

function readRows(reader: ByteReader): MessageRow[] {
  const rows: MessageRow[] = [];
  for (let count = reader.whole(); count > 0; count -= 1) {
    const [queue, op, position, priority] = [reader.whole(), reader.whole(), reader.whole(), reader.u8()];
    const [expiresAt, persistent, deliveryCount] = [reader.f64(), reader.u8() === 1, reader.whole()];
    const from = reader.optionalText();
    const deadLetter =
      from === null
        ? null
        : { from, cause: reader.text() === "expired" ? ("expired" as const) : ("rejected" as const) };
    rows.push({
      queue,
      op,
      position,
      priority,
      expiresAt: expiresAt === 0 ? null : expiresAt,
      persistent,
      deliveryCount,
      deadLetter,
    });
  }
  return rows;
}

function writeChunk(writer: ByteWriter, { id, queue, bytes, gone }: ChunkRow): void {
  writer.whole(id);
  writer.whole(queue);
  writer.bytes(bytes);
  writer.u8(gone === null ? 0 : 1);
  if (gone !== null) writer.bytes(gone);
}

function readChunks(reader: ByteReader): ChunkRow[] {
  const rows: ChunkRow[] = [];
  for (let count = reader.whole(); count > 0; count -= 1) {
    const [id, queue, bytes] = [reader.whole(), reader.whole(), reader.bytes()];
    const gone = reader.u8() === 1 ? reader.bytes() : null;
    if (Chunk.read(id, bytes, gone) === null)
      throw new BrokerError("FRAME_MALFORMED", { protocol: "replication", detail: `chunk ${id} is none` });
    rows.push({ id, queue, bytes, gone });
  }
  return rows;
}

/** Cuts the link's bytes, which arrive in any pieces, back into messages. */
export class ReplicationDecoder {
  /** Grows to the full size once the other side has been admitted. */
  frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(frameBytesMax: number = limits.replicationFrameBytesMax) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Hands over each message that `chunk` completes, one by one, as those before a broken one count. */
  push(chunk: Uint8Array, take: (message: ReplicationMessage) => void): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let frame = this.#takeFrame(); frame !== null; frame = this.#takeFrame()) take(readFrame(frame));
  }

  #takeFrame(): Uint8Array | null {
    if (this.#size < frameHeaderBytes) return null;
    const sizeBytes = this.#peekSize();
    if (sizeBytes > this.frameBytesMax)
      throw new BrokerError("FRAME_TOO_LARGE", { sizeBytes, limitBytes: this.frameBytesMax });
    if (this.#size < frameHeaderBytes + sizeBytes) return null;
    // Joined only when a whole frame is there, so that a large one in many pieces is copied once.
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#size);
    const rest = joined.subarray(frameHeaderBytes + sizeBytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return joined.subarray(frameHeaderBytes, frameHeaderBytes + sizeBytes);
  }

  #peekSize(): number {
    if (this.#chunks[0]!.length < frameHeaderBytes) {
      // Joined for good: looking again at each further piece of a large frame would cost more with every one.
      this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
    }
    const { buffer, byteOffset } = this.#chunks[0]!;
    return Buffer.from(buffer, byteOffset, frameHeaderBytes).readUInt32BE(0);
  }
}
