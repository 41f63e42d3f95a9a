import type { SessionAnswer } from "../../engine/core/dialogue.ts";
import type { Effect, Input } from "../../engine/node/contract.ts";
import { readEntry, type JournalEntry } from "../../engine/pair/entry.ts";
import { asOp } from "../../engine/base/units.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import type { SupervisorOrder } from "../../engine/supervisor/channel.ts";
import type { NodeName, SimulatedHost } from "../world/host.ts";
import type { Names } from "./names.ts";

/** What a node takes in, in words; `null` for what goes without saying. */
export function inputWords(host: SimulatedHost, input: Input, names: Names): string | null {
  switch (input.kind) {
    case "asked":
      return `<- ${names.client(host, input.session)}: ${names.receipt(input.receipt)}`;
    case "session-closed":
      return `sees ${names.client(host, input.session)} go`;
    case "journalled":
      return `has entry ${input.through} on its disk`;
    case "restored":
      return `has a store that ends at entry ${input.stored.head.op}`;
    case "peer-said":
      return messageWords(host.name, "hears", input.message, names);
    case "session-opened":
    case "ticked":
    case "woken":
    case "turn-ended":
    case "session-unsent":
      return null;
    case "granted":
    case "denied":
      return `is ${input.kind} it`;
    case "peer-lost":
      return "loses the link";
    case "peer-reached":
      return "reaches the other node";
    default:
      return input.kind.replaceAll("-", " ");
  }
}

/** What a node wants done. */
export function effectWords(host: SimulatedHost, effect: Effect, names: Names): string | null {
  switch (effect.kind) {
    case "journal":
      return `writes ${effect.entries.map((entry) => entryWords(host.name, entry, names)).join("; ")}`;
    case "tell-peer":
      return messageWords(host.name, "says", effect.message, names);
    case "answer":
      return `-> ${names.client(host, effect.session)}: ${answerWords(host.name, effect.answer, names)}`;
    case "cut":
      return `cuts its journal after entry ${effect.after}`;
    case "save-term":
      return `writes down epoch ${effect.term.epoch}${effect.term.isBehind ? ", and that it is behind" : ""}`;
    case "connectors":
      return `${effect.open ? "opens" : "closes"} its port`;
    case "serve":
      return effect.on ? "serves clients" : "lets clients wait";
    case "go-on":
      return effect.afterMs === 0 ? "goes on with what one turn had no time for" : null;
    case "ask-grant":
      return `asks the supervisor to be ${effect.wish}`;
    case "handed-over":
      return "reports that it has handed over";
    case "paired":
      return `reports the pairing of epoch ${effect.epoch}`;
    case "drop-peer":
      return "drops the link";
    case "close-sessions":
      return `closes its clients' connections: ${effect.reason}`;
    case "begin-snapshot":
      return "begins a new store beside its own";
    case "take-snapshot-part":
      return `takes ${effect.part.contents.length} messages into the new store`;
    case "install-snapshot":
      return "keeps its own store aside and takes the new one";
    case "notice":
      return `notes: ${effect.text}`;
    case "end":
      return `ends (${effect.reason}): ${effect.text}`;
    case "save-checkpoint":
    case "seek-peer":
    case "status-changed":
      return null;
  }
}

export function orderWords(order: SupervisorOrder): string | null {
  if (order.kind === "granted")
    return `grants ${order.wish}, epoch ${order.epoch}${order.withPeer ? ", with its peer" : ""}`;
  if (order.kind === "denied") return `denies ${order.wish}, epoch ${order.epoch}: ${order.reason}`;
  if (order.kind === "hand-over") return "orders to hand over";
  return order.kind === "shut-down" ? `orders to shut down: ${order.text}` : null;
}

export function messageWords(
  node: NodeName,
  verb: string,
  message: ReplicationMessage,
  names: Names,
): string | null {
  switch (message.kind) {
    case "hello":
      return `${verb} hello: epoch ${message.epoch}, entry ${message.head}`;
    case "welcome":
      return `${verb} welcome: epoch ${message.epoch}, common to entry ${message.common}${message.lacks ? ", not in sync" : ""}`;
    case "append": {
      const { after, entries, committed } = message;
      const told = entries.map((bytes, index) =>
        entryWords(node, readEntry(asOp(after + index + 1), bytes), names),
      );
      return `${verb} append: ${told.join("; ")} (safe through ${committed})`;
    }
    case "append-ok":
      return `${verb} append-ok: ${message.head}`;
    case "refused":
      return `${verb} refused: ${message.reason}`;
    case "goodbye":
      return `${verb} goodbye: ${message.reason}`;
    case "fenced":
      return `${verb} fenced: epoch ${message.epoch}`;
    case "snapshot":
      return `${verb} snapshot: the state at entry ${message.op} follows`;
    case "snapshot-part":
      return `${verb} snapshot-part: ${message.contents.length} messages${message.isLast ? ", the last" : ""}`;
    case "snapshot-ok":
      return `${verb} snapshot-ok`;
    case "heartbeat":
      return null;
    default:
      return `${verb} ${(message as { kind: string }).kind}`;
  }
}

function answerWords(node: NodeName, answer: SessionAnswer, names: Names): string {
  switch (answer.kind) {
    case "confirm":
      return `${names.receipt(answer.receipt)} is safe`;
    case "refuse":
      return `${names.receipt(answer.receipt)} is refused: ${answer.error.message}`;
    case "deliver":
      return `here is ${names.message(node, answer.id)}${nth(answer.deliveryCount)}`;
    case "advise":
    case "browsed":
    case "prepared":
    case "close":
      return answer.kind;
  }
}

/** How often a message was handed out, where that is more than once. */
export function nth(deliveryCount: number): string {
  return deliveryCount > 1 ? ` (time ${deliveryCount}, redelivered)` : "";
}

function entryWords(node: NodeName, { op, command }: JournalEntry, names: Names): string {
  switch (command.kind) {
    case "send":
      return `${op} send ${new TextDecoder().decode(command.message.body)}${inTransaction(command)}`;
    case "deliver": {
      const messages = command.messages.map((one) => names.message(node, one)).join(" ");
      return `${op} deliver ${messages} to ${names.owner(command.owner)}`;
    }
    case "settle": {
      const messages = command.messages.map((one) => names.message(node, one)).join(" ");
      return `${op} settle ${messages}: ${command.outcome}${inTransaction(command)}`;
    }
    case "begin":
      return `${op} begin ${command.transaction}`;
    case "finish":
      return `${op} ${command.outcome} ${command.transaction}`;
    case "leave":
    case "release":
      return `${op} ${command.kind} of ${names.owner(command.owner)}`;
    default:
      return `${op} ${command.kind}`;
  }
}

function inTransaction({ transaction }: { readonly transaction: string | null }): string {
  return transaction === null ? "" : ` in ${transaction}`;
}
