import fc from "fast-check";
import { asOp, asWallTime } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { bodyKinds, type Destination, type Message, type PropertyValue } from "../../engine/core/message.ts";

const name = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const op = fc.integer({ min: 1, max: 2 ** 40 }).map(asOp);
const ops = fc.array(op, { maxLength: 5 });
const time = fc.integer({ min: 1, max: 2 ** 45 }).map(asWallTime);
const optional = fc.option(name, { nil: null });

export const destination: fc.Arbitrary<Destination> = fc.record({
  kind: fc.constantFrom("queue", "topic", "temp-queue", "temp-topic"),
  name,
});

const { property } = fc.letrec<{ property: PropertyValue }>((tie) => ({
  property: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.double({ noNaN: true }),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.record({ type: fc.constantFrom("byte", "short", "int", "float", "char"), value: fc.integer() }),
    fc.uint8Array({ maxLength: 5 }).map((value) => ({ type: "bytes", value: Buffer.from(value) }) as const),
    fc.record({ type: fc.constant("list"), value: fc.array(tie("property"), { maxLength: 3 }) }),
    fc.record({
      type: fc.constant("map"),
      value: fc.array(fc.tuple(name, tie("property")), { maxLength: 3 }).map((entries) => new Map(entries)),
    }),
  ),
}));

const message: fc.Arbitrary<Message> = fc.record({
  destination,
  body: fc.uint8Array({ maxLength: 200 }),
  bodyKind: fc.constantFrom(...bodyKinds),
  properties: fc.array(fc.tuple(name, property), { maxLength: 4 }).map((entries) => new Map(entries)),
  persistent: fc.boolean(),
  priority: fc.integer({ min: 0, max: 9 }),
  expiresAt: fc.option(time, { nil: null }),
  sentAt: time,
  correlationId: optional,
  replyTo: fc.option(destination, { nil: null }),
  type: optional,
  isCompressed: fc.boolean(),
  origin: fc.option(fc.record({ producer: name, sequence: fc.nat() }), { nil: null }),
  group: fc.option(fc.record({ id: name, sequence: fc.integer() }), { nil: null }),
  userId: optional,
});

const owner = name;
const subscription = name;
const queue = name;
const transaction = name;
const outcome = fc.constantFrom("accepted", "rejected", "released");
const kind = <Kind extends Command["kind"]>(value: Kind): fc.Arbitrary<Kind> => fc.constant(value);

/** One arbitrary for each kind of command; a kind without one does not compile. */
export const commands = {
  send: fc.record({ kind: kind("send"), owner, message, transaction: optional }),
  deliver: fc.record(
    {
      kind: kind("deliver"),
      owner,
      subscription,
      queue,
      messages: ops,
      groups: fc.record({
        consumer: optional,
        changes: fc.array(fc.record({ group: name, op: fc.option(op, { nil: null }) })),
      }),
    },
    { requiredKeys: ["kind", "owner", "subscription", "queue", "messages"] },
  ),
  "claim-groups": fc.record({ kind: kind("claim-groups"), owner, subscription, name }),
  "forget-groups": fc.record({ kind: kind("forget-groups") }),
  settle: fc.record({
    kind: kind("settle"),
    owner,
    subscription,
    messages: ops,
    outcome,
    transaction: optional,
  }),
  begin: fc.record({ kind: kind("begin"), owner, transaction }),
  finish: fc.record({
    kind: kind("finish"),
    owner,
    transaction,
    outcome: fc.constantFrom("commit", "rollback"),
  }),
  prepare: fc.record({ kind: kind("prepare"), owner, transaction }),
  "finish-prepared": fc.record({
    kind: kind("finish-prepared"),
    transaction,
    outcome: fc.constantFrom("commit", "rollback"),
  }),
  release: fc.record({ kind: kind("release"), owner, subscription, unseen: ops }),
  redeliver: fc.record({ kind: kind("redeliver"), owner, subscription, messages: ops }),
  leave: fc.record({ kind: kind("leave"), owner, keepsTemporaries: fc.boolean() }),
  "delete-temporary": fc.record({ kind: kind("delete-temporary"), destination }),
  "create-durable": fc.record(
    {
      kind: kind("create-durable"),
      clientId: name,
      name,
      destination,
      selector: fc.option(fc.string()),
      withoutFrom: owner,
    },
    { requiredKeys: ["kind", "clientId", "name", "destination", "selector"] },
  ),
  "delete-durable": fc.record({ kind: kind("delete-durable"), clientId: name, name }),
  "create-temporary": fc.record({ kind: kind("create-temporary"), owner, destination }),
  "create-queue": fc.record({ kind: kind("create-queue"), destination }),
  expire: fc.record({ kind: kind("expire"), queue, messages: ops }),
  purge: fc.record({ kind: kind("purge"), queue }),
  schedule: fc.record({ kind: kind("schedule"), job: op, dueAt: time }),
  fire: fc.record({ kind: kind("fire"), job: op, next: fc.option(time, { nil: null }), message }),
  "delete-queue": fc.record({ kind: kind("delete-queue"), destination }),
  replay: fc.record({ kind: kind("replay"), queue, message }),
  unschedule: fc.record({ kind: kind("unschedule"), jobs: ops }),
} as const satisfies { [Kind in Command["kind"]]: fc.Arbitrary<Extract<Command, { kind: Kind }>> };
