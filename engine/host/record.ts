import { digestBytes, digestOf, digestsEqual, type Digest } from "../base/checksum.ts";

/**
 * An entry as it stands in a file of the journal:
 *
 *     "ENT\n"  length (4)  synced (4)  hollow (4)  digest (16)  check (4)  FF  bytes
 *
 * `digest` is of the bytes, `check` of the header. `synced` is how much of the file was known to be on the disk when the
 * record was written.
 *
 * A record at the very end may be broken in two ways. Torn: the power went while it was written, nobody was told of it,
 * and it is dropped. Changed: it was synced, perhaps confirmed, and the disk has altered it since, which must be named.
 * They differ in shape. A disk writes a sector whole or not at all, and below every record there were zeros or no file:
 * so in a torn one some sector is missing or all zeros that should not be, as in a wall that lacks whole stones, while
 * one of which all sectors are there and the digest is not right was changed. `hollow` says in how many sectors the
 * record itself has nothing but zeros. The header always has other bytes in each sector that it touches.
 */
const mark = Buffer.from("ENT\n", "latin1");
const end = 0xff;
const checkAt = 16 + digestBytes;
export const recordHeaderBytes = checkAt + 5;
/** The least that a disk writes at once; most write several of these. */
const sectorBytes = 512;

export interface StoredRecord {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly end: number;
}

/** The header of a record that is to stand at `at` in its file. */
export function recordHeader(bytes: Uint8Array, digest: Digest, at: number, synced: number): Buffer {
  const header = Buffer.allocUnsafe(recordHeaderBytes);
  mark.copy(header);
  header.writeUInt32BE(bytes.length, 4);
  header.writeUInt32BE(synced, 8);
  header.writeUInt32BE(hollowCount(bytes, at + recordHeaderBytes), 12);
  header.set(digest, 16);
  header.writeUInt32BE(checkOf(header, 0), checkAt);
  header[recordHeaderBytes - 1] = end;
  return header;
}

/** The record at `at`, of which no more is known than where it begins; its bytes are not checked. */
export function recordAt(content: Buffer, at: number): StoredRecord {
  const start = at + recordHeaderBytes;
  const stop = start + content.readUInt32BE(at + 4);
  return {
    digest: content.subarray(at + 16, at + checkAt),
    bytes: content.subarray(start, stop),
    end: stop,
  };
}

/** Where the sound record at `at` ends, or `null` when there is none. */
export function recordEnd(content: Buffer, at: number): number | null {
  if (!hasHeader(content, at)) return null;
  const record = recordAt(content, at);
  return record.end <= content.length && digestsEqual(digestOf(record.bytes), record.digest)
    ? record.end
    : null;
}

/** Whether what stands at `at`, where no sound record does, lacks sectors of one that was being written. */
export function isTornRecord(content: Buffer, at: number): boolean {
  const start = at + recordHeaderBytes;
  if (start > content.length) return true;
  const border = Math.min(start, (Math.floor(at / sectorBytes) + 1) * sectorBytes);
  const [one, other] = [content.subarray(at, border), content.subarray(border, start)];
  if (isBlank(one) || (other.length > 0 && isBlank(other))) return true;
  if (!hasHeader(content, at)) return false;
  const record = recordAt(content, at);
  return record.end > content.length || hollowCount(record.bytes, start) > content.readUInt32BE(at + 12);
}

/**
 * Whether a sound record behind `broken` says that the bytes there were on the disk. Bodies of messages may look like
 * records, on purpose too: when more than `searchableBytes` would have to be read for that, they count as if they were.
 */
export function wasSynced(content: Buffer, broken: number, searchableBytes: number): boolean {
  let left = searchableBytes;
  for (let at = content.indexOf(mark, broken + 1); at !== -1; at = content.indexOf(mark, at + 1)) {
    if (!hasHeader(content, at) || content.readUInt32BE(at + 8) <= broken) continue;
    const record = recordAt(content, at);
    if (record.end > content.length) continue;
    left -= record.bytes.length;
    if (left < 0 || recordEnd(content, at) !== null) return true;
  }
  return false;
}

export function isZeros(bytes: Uint8Array): boolean {
  // Each byte equals the next one, and the first is zero: compared in the machine's own pace.
  return (
    bytes.length === 0 || (bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0)
  );
}

/** Whether nothing of a header was ever there: zeros, or one bit that has changed in the room written ahead. */
function isBlank(bytes: Uint8Array): boolean {
  const [one = 0, other] = bytes.filter((byte) => byte !== 0);
  return other === undefined && (one & (one - 1)) === 0;
}

function hasHeader(content: Buffer, at: number): boolean {
  return (
    at + recordHeaderBytes <= content.length &&
    content.readUInt32BE(at) === mark.readUInt32BE(0) &&
    content.readUInt32BE(at + checkAt) === checkOf(content, at) &&
    content[at + recordHeaderBytes - 1] === end
  );
}

/** All words of the header in one: a changed bit in any of them changes it. */
function checkOf(content: Buffer, at: number): number {
  let check = 0;
  for (let word = at; word < at + checkAt; word += 4) check ^= content.readUInt32BE(word);
  return check >>> 0;
}

/** In how many sectors of the file `bytes` have nothing but zeros, if they begin at `start` in it, behind a header. */
function hollowCount(bytes: Uint8Array, start: number): number {
  let count = 0;
  for (let at = Math.ceil(start / sectorBytes) * sectorBytes - start; at < bytes.length; at += sectorBytes)
    if (bytes[at] === 0 && isZeros(bytes.subarray(at, at + sectorBytes))) count += 1;
  return count;
}
