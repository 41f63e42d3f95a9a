import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../engine/base/limits.ts";
import { asEpoch, asOp, asWallTime } from "../../engine/base/units.ts";
import { Chunk } from "../../engine/core/chunk.ts";
import { encodePieces, encodeReplication, ReplicationDecoder } from "../../engine/pair/codec.ts";
import { replicationRules, type ReplicationMessage } from "../../engine/pair/message.ts";

const digest = Buffer.alloc(16, 7);
const [epoch, op] = [asEpoch(300), asOp(70_000)];

const chunk = Chunk.of(
  1,
  [3, 5].map((position) => ({
    op: asOp(position + 10),
    position,
    priority: 4,
    expiresAt: null,
    persistent: true,
    deadLetter: null,
    deliveryCount: 0,
    stored: false,
  })),
)!;

/** At least one of each kind; a kind that is missing fails the first test. */
const messages: readonly ReplicationMessage[] = [
  {
    kind: "hello",
    version: 1,
    pairId: "pair",
    node: "replica",
    instance: "i",
    epoch,
    head: op,
    digest,
    userName: "ü",
    password: "",
  },
  {
    kind: "hello",
    version: 1,
    pairId: null,
    node: "r",
    instance: "i",
    epoch: asEpoch(0),
    head: asOp(0),
    digest,
    userName: null,
    password: null,
  },
  { kind: "welcome", pairId: "pair", epoch, common: op, digest, lacks: false },
  { kind: "welcome", pairId: "pair", epoch, common: op, digest, lacks: true },
  { kind: "in-sync", epoch },
  { kind: "in-sync-ok", epoch },
  { kind: "refused", epoch, retry: true, reason: "only one replica" },
  {
    kind: "append",
    epoch,
    after: op,
    committed: asOp(3),
    entries: [Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(300, 1)],
  },
  { kind: "append", epoch, after: asOp(0), committed: asOp(0), entries: [] },
  { kind: "append-ok", epoch, head: op, digest },
  { kind: "heartbeat", epoch, committed: op },
  { kind: "probe", epoch, number: 7 },
  { kind: "probe-ok", epoch, number: 7 },
  { kind: "fenced", epoch },
  { kind: "goodbye", pair: true, reason: "it stops" },
  { kind: "snapshot", epoch, pairId: "pair", op, stampedAt: asWallTime(5), digest, summary: "{}" },
  {
    kind: "snapshot-part",
    epoch,
    contents: [{ op, bytes: Buffer.from("entry") }],
    rows: [
      {
        queue: 1,
        op,
        position: 9,
        priority: 4,
        expiresAt: null,
        persistent: true,
        deliveryCount: 2,
        deadLetter: null,
      },
      {
        queue: 1,
        op,
        position: 10,
        priority: 0,
        expiresAt: 5,
        persistent: false,
        deliveryCount: 0,
        deadLetter: { from: "queue://a", cause: "expired" },
      },
    ],
    chunks: [
      { id: 7, queue: 1, bytes: chunk.bytes, gone: null },
      { id: 8, queue: 2, bytes: chunk.bytes, gone: Uint8Array.of(2) },
    ],
    isLast: true,
  },
  { kind: "snapshot-ok", epoch },
];

/** Bytes as numbers: views of a larger buffer are equal to what they show. */
function plain(message: ReplicationMessage): unknown {
  return JSON.parse(
    JSON.stringify(message, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value)),
  );
}

// A Buffer has a toJSON of its own, which would come before the replacer.
const bytesOnly = (message: ReplicationMessage): unknown => plain(unbuffered(message) as ReplicationMessage);
function unbuffered(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(unbuffered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unbuffered(inner)]));
}

const decodeAll = (...chunks: Uint8Array[]): unknown[] => {
  const decoder = new ReplicationDecoder();
  const messages: unknown[] = [];
  for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(bytesOnly(message)));
  return messages;
};

describe("replication codec", () => {
  test("every kind in the table has an example here", () => {
    expect(new Set(messages.map(({ kind }) => kind))).toEqual(new Set(Object.keys(replicationRules)));
  });

  for (const [index, message] of messages.entries())
    test(`${message.kind} (${index}): read as written, cut at every place`, () => {
      const bytes = encodeReplication(message);
      expect(decodeAll(bytes)).toEqual([bytesOnly(message)]);
      for (let at = 0; at <= bytes.length; at += 1)
        expect(decodeAll(bytes.subarray(0, at), bytes.subarray(at))).toEqual([bytesOnly(message)]);
    });

  test("many messages in pieces of any size are the same messages", () => {
    const stream = Buffer.concat(messages.map(encodeReplication));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(decodeAll(...chunks)).toEqual(messages.map(bytesOnly));
      }),
      { numRuns: 50 },
    );
  });

  test("a large entry is sent as it is, between the rest of its message", () => {
    const large = new Uint8Array(100_000).fill(7);
    const entries = [Buffer.of(1, 2), large, Buffer.of(3), large, Buffer.of()];
    const message = { kind: "append", epoch, after: asOp(4), committed: asOp(3), entries } as const;
    const pieces = encodePieces(message);
    expect(pieces.filter((piece) => piece === large)).toHaveLength(2);
    expect(Buffer.concat(pieces).equals(encodeReplication(message))).toBe(true);
    expect(decodeAll(...pieces)).toEqual([bytesOnly(message)]);
  });

  test("a length beyond the limit is refused before anything is kept", () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(limits.replicationFrameBytesMax + 1);
    expect(() => new ReplicationDecoder().push(header, () => undefined)).toThrow(/larger than the limit/);
  });

  test("an unknown kind, a count that cannot be, and any other bytes are FRAME_MALFORMED", () => {
    const frame = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, bytes.length, ...bytes]);
    expect(() => decodeAll(frame(99))).toThrow(/unknown kind/);
    expect(() => decodeAll(frame())).toThrow(/Malformed replication frame/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeAll(frame(...bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a message with bytes left over is FRAME_MALFORMED", () => {
    const bytes = Buffer.concat([encodeReplication({ kind: "fenced", epoch }), Buffer.of(1)]);
    bytes.writeUInt32BE(bytes.length - 4);
    expect(() => decodeAll(bytes)).toThrow(/Malformed replication frame/);
  });
});
