import { describe, expect, test } from "vitest";
import { emptyDigest, type Digest } from "../../engine/base/checksum.ts";
import { asEpoch, asOp } from "../../engine/base/units.ts";
import type { NodeOptions } from "../../engine/node/contract.ts";
import { judge, type Verdict } from "../../engine/node/handshake.ts";
import { replicationVersion, type ReplicationMessage } from "../../engine/pair/message.ts";
import { NodeBench } from "./bench.ts";

type Hello = Extract<ReplicationMessage, { kind: "hello" }>;

const elsewhere: Digest = Buffer.alloc(16, 9);

interface Case {
  readonly what: string;
  readonly hello?: Partial<Hello>;
  readonly options?: Partial<NodeOptions>;
  readonly attached?: string;
  readonly inSyncThrough?: number;
  /** Entries up to this one are in a checkpoint, and gone from the journal. */
  readonly completeAfter?: number;
  /** `null`: accepted, with `common`. A text: refused, and the reason says it. */
  readonly refused: string | null;
  readonly common?: number;
  readonly retry?: boolean;
}

/** The active node has ten entries; digests of the newcomer are its own up to ten unless the case says otherwise. */
const cases: readonly Case[] = [
  { what: "level with it", refused: null, common: 10 },
  { what: "level, with another history", hello: { digest: elsewhere }, refused: "its history differs" },
  { what: "another version", hello: { version: 99 }, refused: "version 99 of the replication protocol" },
  { what: "a wrong password", options: { admitsReplica: () => false }, refused: "user name or password" },
  { what: "of another pair", hello: { pairId: "theirs" }, refused: "belongs to another pair" },
  { what: "of no pair yet", hello: { pairId: null }, refused: null, common: 10 },
  { what: "a second one", attached: "the first", refused: "only one replica", retry: true },
  { what: "the same one again", attached: "newcomer", refused: null, common: 10 },
  {
    what: "behind, nothing known, manual",
    hello: { head: asOp(7) },
    refused: "3 entries behind (it has 7 of 10)",
  },
  {
    what: "behind, nothing known, automatic",
    hello: { head: asOp(7) },
    options: { synchronisation: "automatic" },
    refused: null,
    common: 7,
  },
  { what: "ahead, nothing known", hello: { head: asOp(12), digest: elsewhere }, refused: "2 entries more" },
  { what: "behind, in sync", hello: { head: asOp(7) }, inSyncThrough: 10, refused: null, common: 7 },
  {
    what: "ahead, in sync: its tail was never confirmed",
    hello: { head: asOp(12), digest: elsewhere },
    inSyncThrough: 10,
    refused: null,
    common: 10,
  },
  {
    what: "longer than what was there at the activation, in sync",
    hello: { head: asOp(9), digest: elsewhere },
    inSyncThrough: 8,
    refused: null,
    common: 8,
  },
  {
    what: "behind, in sync, with another history",
    hello: { head: asOp(7), digest: elsewhere },
    inSyncThrough: 10,
    refused: "its history differs",
  },
  {
    what: "behind what the journal still holds",
    hello: { head: asOp(3) },
    inSyncThrough: 10,
    completeAfter: 6,
    refused: "no longer holds",
  },
  {
    what: "where the journal begins",
    hello: { head: asOp(6) },
    inSyncThrough: 10,
    completeAfter: 6,
    refused: null,
    common: 6,
  },
  {
    what: "classic: ahead of an active node that knows nothing",
    hello: { head: asOp(12), digest: elsewhere },
    inSyncThrough: 10,
    options: { profile: "classic" },
    refused: "2 entries more",
  },
  {
    what: "classic: as long as at the activation",
    hello: { head: asOp(8) },
    inSyncThrough: 8,
    options: { profile: "classic" },
    refused: null,
    common: 8,
  },
];

function verdictOf({ hello, options, attached, inSyncThrough, completeAfter }: Case): Verdict {
  const active = new NodeBench(options).start().grant(1).open();
  active.send(10);
  active.endTurn().sync();
  const journal = {
    ...{ read: () => [], message: () => null, content: () => null },
    completeAfter: () => asOp(completeAfter ?? 0),
    digestAt: (op: number) => (op < (completeAfter ?? 0) ? null : active.disk.digestAt(asOp(op))),
  };
  const head = hello?.head ?? asOp(10);
  const words: Hello = {
    kind: "hello",
    version: replicationVersion,
    pairId: "pair",
    node: "replica",
    instance: "newcomer",
    epoch: asEpoch(1),
    head,
    digest: head <= 10 ? (active.disk.digestAt(head) ?? emptyDigest) : elsewhere,
    userName: null,
    password: null,
    ...hello,
  };
  return judge(words, {
    options: active.options,
    history: active.node.history,
    journal,
    attached: attached ?? null,
    isSeeking: false,
    inSyncThrough: inSyncThrough === undefined ? null : asOp(inSyncThrough),
  });
}

describe("handshake: a newcomer that is", () => {
  for (const one of cases)
    test(`${one.what}: ${one.refused === null ? `accepted from entry ${one.common ?? 0} on` : "refused"}`, () => {
      const verdict = verdictOf(one);
      if (one.refused === null) expect(verdict).toMatchObject({ kind: "accept", common: one.common });
      else
        expect(verdict).toMatchObject({
          kind: "refuse",
          retry: one.retry ?? false,
          reason: expect.stringContaining(one.refused) as string,
        });
    });

  test("automatic, with another history: it gets the whole state", () => {
    const options = { synchronisation: "automatic" } as const;
    const hello = { head: asOp(12), digest: elsewhere };
    expect(verdictOf({ what: "", hello, options, refused: null })).toEqual({ kind: "send-snapshot" });
    const wrong = { what: "", hello: { ...hello, pairId: "theirs" }, options, refused: "" };
    expect(verdictOf(wrong)).toMatchObject({ kind: "refuse" });
  });
});
