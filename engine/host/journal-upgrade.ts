import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { digestBytes, digestOf, digestsEqual, type Digest } from "../base/checksum.ts";
import { asOp } from "../base/units.ts";
import { isZeros, recordHeader, recordHeaderBytes } from "./record.ts";
import { headerBytes, markIn, segmentHeader } from "./segment.ts";
import { syncDirectory } from "./sync-directory.ts";

/**
 * Files of a journal as they were before a record's header had a check of its own:
 *
 *     "UNDSTJ2\n"  first op (8 bytes)  synced (4)  its complement (4)
 *     record:  "ENT\n"  length (4)  synced (4)  digest (16)  bytes
 */
const formerMagic = Buffer.from("UNDSTJ2\n", "latin1");
const formerMark = Buffer.from("ENT\n", "latin1");
const formerHeaderBytes = 12 + digestBytes;

interface FormerRecord {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly end: number;
}

/** Writes a former journal's files anew, each whole or not at all. `damaged` makes the error for one that is broken. */
export function upgradeJournal(directory: string, damaged: (detail: string) => Error): void {
  const names = readdirSync(directory)
    .filter((name) => /^journal-\d+\.log$/.test(name))
    .sort();
  for (const [index, name] of names.entries()) {
    if (!isFormer(join(directory, name))) continue;
    const content = readFileSync(join(directory, name));
    const { records, end } = recordsOf(content);
    const isLast = index === names.length - 1;
    const isBroken = !isZeros(content.subarray(end)) && (!isLast || hasRecordBehind(content, end));
    if (isBroken || markIn(content) > end)
      throw damaged(`${name} is broken behind its entry ${records.length}`);
    replaceFile(directory, name, upgraded(asOp(content.readDoubleBE(formerMagic.length)), records));
  }
}

function isFormer(path: string): boolean {
  const header = Buffer.alloc(headerBytes);
  const file = openSync(path, "r");
  try {
    return readSync(file, header) === headerBytes && header.indexOf(formerMagic) === 0;
  } finally {
    closeSync(file);
  }
}

function recordsOf(content: Buffer): { records: FormerRecord[]; end: number } {
  const records: FormerRecord[] = [];
  let end = headerBytes;
  for (let next = recordAt(content, end); next !== null; next = recordAt(content, end)) {
    records.push(next);
    end = next.end;
  }
  return { records, end };
}

function recordAt(content: Buffer, at: number): FormerRecord | null {
  if (at + formerHeaderBytes > content.length) return null;
  if (!content.subarray(at, at + formerMark.length).equals(formerMark)) return null;
  const start = at + formerHeaderBytes;
  const end = start + content.readUInt32BE(at + 4);
  if (end > content.length) return null;
  const digest = content.subarray(at + 12, start);
  const bytes = content.subarray(start, end);
  return digestsEqual(digestOf(bytes), digest) ? { digest, bytes, end } : null;
}

/** A sound record behind a broken one: that was no torn end. */
function hasRecordBehind(content: Buffer, broken: number): boolean {
  for (let at = content.indexOf(formerMark, broken + 1); at !== -1; at = content.indexOf(formerMark, at + 1))
    if (recordAt(content, at) !== null) return true;
  return false;
}

function upgraded(first: ReturnType<typeof asOp>, records: readonly FormerRecord[]): Buffer {
  const parts: Uint8Array[] = [];
  let at = headerBytes;
  for (const { digest, bytes } of records) {
    parts.push(recordHeader(bytes, digest, at, at), bytes);
    at += recordHeaderBytes + bytes.length;
  }
  return Buffer.concat([segmentHeader(first, at), ...parts]);
}

function replaceFile(directory: string, name: string, content: Buffer): void {
  const draft = join(directory, `${name}.new`);
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, join(directory, name));
  syncDirectory(directory);
}
