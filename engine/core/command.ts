import type { ByteReader, ByteWriter } from "../base/bytes.ts";
import { asOp, type Epoch, type Op, type WallTime } from "../base/units.ts";
import type { SessionId } from "./dialogue.ts";
import type { GroupChange } from "./groups.ts";
import { destinationKey, type Destination, type Message } from "./message.ts";
import { malformed, readDestination, readMessage, readTime, writeMessage } from "./message-codec.ts";

/** A connection of the pair, in the words of the journal: `c3-17` is the 17th of epoch 3. */
export type OwnerId = string;

export function ownerOf(epoch: Epoch, session: SessionId): OwnerId {
  return `c${epoch}-${session}`;
}

/** The session of {@link ownerOf}, in the process that gave it the name. */
export function sessionOf(owner: OwnerId): SessionId {
  return Number(owner.slice(owner.indexOf("-") + 1)) as SessionId;
}

export type SettleOutcome = "accepted" | "rejected" | "released" | "expired";

/**
 * A change of the pair's state. The active node orders commands into entries; applying one is deterministic, so that
 * both nodes arrive at the same state. `transaction: null` means at once.
 */
export type Command =
  | {
      readonly kind: "send";
      readonly owner: OwnerId;
      readonly message: Message;
      readonly transaction: string | null;
    }
  /** Messages of one queue were handed to a subscription: mirrored before the client gets them, so that flags are right. */
  | {
      readonly kind: "deliver";
      readonly owner: OwnerId;
      readonly subscription: string;
      readonly queue: string;
      readonly messages: readonly Op[];
      /** Groups that the consumer, with its own name if it has one, gets or gives up with them, in order. */
      readonly groups?: { readonly consumer: string | null; readonly changes: readonly GroupChange[] };
    }
  /** A consumer came back whose broker had gone away: the groups that it had are its again. */
  | {
      readonly kind: "claim-groups";
      readonly owner: OwnerId;
      readonly subscription: string;
      readonly name: string;
    }
  /** Nobody came back for the groups that are left. */
  | { readonly kind: "forget-groups" }
  | {
      readonly kind: "settle";
      readonly owner: OwnerId;
      readonly subscription: string;
      readonly messages: readonly Op[];
      readonly outcome: SettleOutcome;
      readonly transaction: string | null;
    }
  | { readonly kind: "begin"; readonly owner: OwnerId; readonly transaction: string }
  | {
      readonly kind: "finish";
      readonly owner: OwnerId;
      readonly transaction: string;
      readonly outcome: "commit" | "rollback";
    }
  /** The first half of a two-phase commit: from here on the transaction outlives its connection. */
  | { readonly kind: "prepare"; readonly owner: OwnerId; readonly transaction: string }
  | {
      readonly kind: "finish-prepared";
      readonly transaction: string;
      readonly outcome: "commit" | "rollback";
    }
  /** A subscription ended: what it held goes back to its queue; what the client never looked at, as if not handed out. */
  | {
      readonly kind: "release";
      readonly owner: OwnerId;
      readonly subscription: string;
      readonly unseen: readonly Op[];
    }
  /** The client looked at these and put them back in its own hands: it will have seen them once more. */
  | {
      readonly kind: "redeliver";
      readonly owner: OwnerId;
      readonly subscription: string;
      readonly messages: readonly Op[];
    }
  /**
   * A connection ended: all that it held goes back and its open transactions are undone. Its temporary destinations are
   * deleted, or left to be taken over by the same client's next connection (`create-temporary`) when it was the broker
   * that went away.
   */
  | { readonly kind: "leave"; readonly owner: OwnerId; readonly keepsTemporaries: boolean }
  /** Nobody came for a temporary destination that was left. */
  | { readonly kind: "delete-temporary"; readonly destination: Destination }
  | {
      readonly kind: "create-durable";
      readonly clientId: string;
      readonly name: string;
      readonly destination: Destination;
      readonly selector: string | null;
      /** The connection that uses it from now on and wants nothing of its own (no-local). */
      readonly withoutFrom?: OwnerId;
    }
  | { readonly kind: "delete-durable"; readonly clientId: string; readonly name: string }
  | { readonly kind: "create-temporary"; readonly owner: OwnerId; readonly destination: Destination }
  | { readonly kind: "create-queue"; readonly destination: Destination }
  /** The active node's clock says that these are past their time; only what waits can expire. */
  | { readonly kind: "expire"; readonly queue: string; readonly messages: readonly Op[] }
  | { readonly kind: "purge"; readonly queue: string }
  /** A scheduled message, known by the entry that sent it, has its first time: the active node's clock and calendar say when. */
  | { readonly kind: "schedule"; readonly job: Op; readonly dueAt: WallTime }
  /** Its time has come: `message` is delivered, as one of its own, and the next time is `next` if there is one. */
  | { readonly kind: "fire"; readonly job: Op; readonly next: WallTime | null; readonly message: Message }
  | { readonly kind: "unschedule"; readonly jobs: readonly Op[] }
  /** A retroactive durable subscription gets a copy of what a topic of its kept. */
  | { readonly kind: "replay"; readonly queue: string; readonly message: Message }
  /** A queue goes, with all that is in it. */
  | { readonly kind: "delete-queue"; readonly destination: Destination };

/** The message whose content the command's entry is. */
export function messageOf(command: Command): Message | null {
  return "message" in command ? command.message : null;
}

/** As {@link messageOf}, with who sent it. */
export function contentOf(command: Command): Message | null {
  const message = messageOf(command);
  return message === null ? null : { ...message, sender: command.kind === "send" ? command.owner : "" };
}

type Groups = NonNullable<Extract<Command, { kind: "deliver" }>["groups"]>;

/** Kinds by the number that stands for them in the journal; numbers are never used again for another kind. */
const kinds = [
  "send",
  "deliver",
  "settle",
  "begin",
  "finish",
  "release",
  "leave",
  "create-durable",
  "delete-durable",
  "create-temporary",
  "expire",
  "purge",
  "create-queue",
  "redeliver",
  "delete-temporary",
  // One without a selector keeps the form, and so the digest, that it had before there were any.
  "create-durable-selecting",
  "prepare",
  "finish-prepared",
  "schedule",
  "fire",
  "unschedule",
  "delete-queue",
  // One of messages without groups keeps the form that it had before groups had owners.
  "deliver-grouped",
  "claim-groups",
  "forget-groups",
  "create-durable-no-local",
  "replay",
] as const satisfies readonly (
  Command["kind"] | "create-durable-selecting" | "create-durable-no-local" | "deliver-grouped"
)[];
const outcomes = ["accepted", "rejected", "released", "expired"] as const satisfies readonly SettleOutcome[];

export function writeCommand(writer: ByteWriter, command: Command): void {
  writer.u8(kinds.indexOf(formOf(command)));
  switch (command.kind) {
    case "send":
      writer.text(command.owner);
      writer.optionalText(command.transaction);
      writeMessage(writer, command.message);
      return;
    case "deliver":
      writer.text(command.owner);
      writer.text(command.subscription);
      writer.text(command.queue);
      writer.wholes(command.messages);
      if (command.groups !== undefined) writeGroups(writer, command.groups);
      return;
    case "claim-groups":
      writer.text(command.owner);
      writer.text(command.subscription);
      writer.text(command.name);
      return;
    case "forget-groups":
      return;
    case "settle":
      writer.text(command.owner);
      writer.text(command.subscription);
      writer.wholes(command.messages);
      writer.u8(outcomes.indexOf(command.outcome));
      writer.optionalText(command.transaction);
      return;
    case "begin":
    case "prepare":
      writer.text(command.owner);
      writer.text(command.transaction);
      return;
    case "finish":
      writer.text(command.owner);
      writer.text(command.transaction);
      writer.u8(command.outcome === "commit" ? 1 : 0);
      return;
    case "finish-prepared":
      writer.text(command.transaction);
      writer.u8(command.outcome === "commit" ? 1 : 0);
      return;
    case "release":
      writer.text(command.owner);
      writer.text(command.subscription);
      writer.wholes(command.unseen);
      return;
    case "redeliver":
      writer.text(command.owner);
      writer.text(command.subscription);
      writer.wholes(command.messages);
      return;
    case "leave":
      writer.text(command.owner);
      writer.u8(command.keepsTemporaries ? 1 : 0);
      return;
    case "create-durable":
      writer.text(command.clientId);
      writer.text(command.name);
      writer.text(destinationKey(command.destination));
      if (command.withoutFrom !== undefined) {
        writer.optionalText(command.selector);
        writer.text(command.withoutFrom);
      } else if (command.selector !== null) writer.text(command.selector);
      return;
    case "delete-durable":
      writer.text(command.clientId);
      writer.text(command.name);
      return;
    case "create-temporary":
      writer.text(command.owner);
      writer.text(destinationKey(command.destination));
      return;
    case "create-queue":
    case "delete-queue":
    case "delete-temporary":
      writer.text(destinationKey(command.destination));
      return;
    case "expire":
      writer.text(command.queue);
      writer.wholes(command.messages);
      return;
    case "purge":
      writer.text(command.queue);
      return;
    case "schedule":
      writer.whole(command.job);
      writer.f64(command.dueAt);
      return;
    case "fire":
      writer.whole(command.job);
      writer.f64(command.next ?? 0);
      // Last, so that the entry ends with the body.
      writeMessage(writer, command.message);
      return;
    case "replay":
      writer.text(command.queue);
      writeMessage(writer, command.message);
      return;
    case "unschedule":
      writer.wholes(command.jobs);
      return;
  }
}

/** What stands for the command in the journal: some kinds have two forms. */
function formOf(command: Command): (typeof kinds)[number] {
  if (command.kind === "create-durable" && command.withoutFrom !== undefined)
    return "create-durable-no-local";
  if (command.kind === "create-durable" && command.selector !== null) return "create-durable-selecting";
  if (command.kind === "deliver" && command.groups !== undefined) return "deliver-grouped";
  return command.kind;
}

function writeGroups(writer: ByteWriter, { consumer, changes }: Groups): void {
  writer.optionalText(consumer);
  writer.whole(changes.length);
  for (const { group, op } of changes) {
    writer.text(group);
    writer.whole(op ?? 0);
  }
}

function readGroups(reader: ByteReader): Groups {
  const consumer = reader.optionalText();
  const changes: GroupChange[] = [];
  for (let count = reader.whole(); count > 0; count -= 1) {
    const group = reader.text();
    const op = reader.whole();
    changes.push({ group, op: op === 0 ? null : asOp(op) });
  }
  return { consumer, changes };
}

export function readCommand(reader: ByteReader): Command {
  const kind = kinds[reader.u8()];
  switch (kind) {
    case "send":
      return { kind, owner: reader.text(), transaction: reader.optionalText(), message: readMessage(reader) };
    case "deliver":
      return readDeliver(reader);
    case "deliver-grouped":
      return { ...readDeliver(reader), groups: readGroups(reader) };
    case "claim-groups":
      return { kind, owner: reader.text(), subscription: reader.text(), name: reader.text() };
    case "forget-groups":
      return { kind };
    case "settle":
      return {
        kind,
        owner: reader.text(),
        subscription: reader.text(),
        messages: readOps(reader),
        outcome: readOutcome(reader),
        transaction: reader.optionalText(),
      };
    case "begin":
    case "prepare":
      return { kind, owner: reader.text(), transaction: reader.text() };
    case "finish":
      return { kind, owner: reader.text(), transaction: reader.text(), outcome: readEnd(reader) };
    case "finish-prepared":
      return { kind, transaction: reader.text(), outcome: readEnd(reader) };
    case "release":
      return { kind, owner: reader.text(), subscription: reader.text(), unseen: readOps(reader) };
    case "redeliver":
      return { kind, owner: reader.text(), subscription: reader.text(), messages: readOps(reader) };
    case "leave":
      return { kind, owner: reader.text(), keepsTemporaries: reader.u8() === 1 };
    case "delete-temporary":
      return { kind, destination: readDestination(reader.text()) };
    case "create-durable":
    case "create-durable-selecting":
      return readDurable(reader, kind === "create-durable" ? () => null : () => reader.text());
    case "create-durable-no-local":
      return { ...readDurable(reader, () => reader.optionalText()), withoutFrom: reader.text() };
    case "delete-durable":
      return { kind, clientId: reader.text(), name: reader.text() };
    case "create-temporary":
      return { kind, owner: reader.text(), destination: readDestination(reader.text()) };
    case "create-queue":
    case "delete-queue":
      return { kind, destination: readDestination(reader.text()) };
    case "expire":
      return { kind, queue: reader.text(), messages: readOps(reader) };
    case "purge":
      return { kind, queue: reader.text() };
    case "schedule":
      return { kind, job: asOp(reader.whole()), dueAt: readTime(reader) };
    case "fire": {
      const [job, next] = [asOp(reader.whole()), readTime(reader)];
      return { kind, job, next: next === 0 ? null : next, message: readMessage(reader) };
    }
    case "replay":
      return { kind, queue: reader.text(), message: readMessage(reader) };
    case "unschedule":
      return { kind, jobs: readOps(reader) };
    default:
      throw malformed("an unknown kind of command");
  }
}

function readDurable(
  reader: ByteReader,
  readSelector: () => string | null,
): Extract<Command, { kind: "create-durable" }> {
  const [clientId, name, destination] = [reader.text(), reader.text(), readDestination(reader.text())];
  return { kind: "create-durable", clientId, name, destination, selector: readSelector() };
}

function readDeliver(reader: ByteReader): Extract<Command, { kind: "deliver" }> {
  const [owner, subscription, queue] = [reader.text(), reader.text(), reader.text()];
  return { kind: "deliver", owner, subscription, queue, messages: readOps(reader) };
}

function readOutcome(reader: ByteReader): SettleOutcome {
  const outcome = outcomes[reader.u8()];
  if (outcome === undefined) throw malformed("an unknown outcome");
  return outcome;
}

function readEnd(reader: ByteReader): "commit" | "rollback" {
  return reader.u8() === 1 ? "commit" : "rollback";
}

function readOps(reader: ByteReader): Op[] {
  return reader.wholes().map(asOp);
}
