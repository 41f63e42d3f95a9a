import type { SessionAnswer } from "../../engine/core/dialogue.ts";
import type { Effect, Input } from "../../engine/node/contract.ts";
import type { JournalEntry } from "../../engine/pair/entry.ts";
import type { ReplicationMessage } from "../../engine/pair/message.ts";
import type { SupervisorOrder } from "../../engine/supervisor/channel.ts";

/** What a node takes in, in words; `null` for what goes without saying. */
export function inputWords(input: Input): string | null {
  switch (input.kind) {
    case "asked":
      return `asked by client ${input.session}: ${input.request.kind} (receipt ${input.receipt})`;
    case "session-opened":
    case "session-closed":
      return `${input.kind} ${input.session}`;
    case "journalled":
      return `journalled through ${input.through}`;
    case "restored":
      return `restored to entry ${input.stored.head.op}`;
    case "peer-said":
      return messageWords("hears", input.message);
    case "ticked":
    case "turn-ended":
    case "session-throttled":
      return null;
    default:
      return input.kind;
  }
}

/** What a node wants done. */
export function effectWords(effect: Effect): string | null {
  switch (effect.kind) {
    case "journal":
      return `-> journal ${effect.entries.map(entryWords).join(", ")}`;
    case "tell-peer":
      return messageWords("-> says", effect.message);
    case "answer":
      return `-> client ${effect.session}: ${answerWords(effect.answer)}`;
    case "cut":
      return `-> cut after ${effect.after}`;
    case "save-term":
      return `-> save epoch ${effect.epoch}`;
    case "save-checkpoint":
      return `-> save checkpoint ${effect.checkpoint.op}`;
    case "connectors":
      return `-> ${effect.open ? "open" : "close"} the port`;
    case "serve":
      return `-> ${effect.on ? "serve" : "hold"} clients`;
    case "ask-grant":
      return `-> ask to be ${effect.wish}`;
    case "paired":
      return `-> report the pairing of epoch ${effect.epoch}`;
    case "drop-peer":
      return "-> drop the link";
    case "seek-peer":
    case "status-changed":
    case "notice":
      return null;
    default:
      return `-> ${effect.kind}`;
  }
}

export function orderWords(order: SupervisorOrder): string | null {
  if (order.kind === "granted")
    return `grants ${order.wish}, epoch ${order.epoch}${order.withPeer ? ", with its peer" : ""}`;
  if (order.kind === "denied") return `denies ${order.wish}, epoch ${order.epoch}`;
  if (order.kind === "hand-over") return "orders to hand over";
  return order.kind === "shut-down" ? "orders to shut down" : null;
}

function messageWords(verb: string, message: ReplicationMessage): string | null {
  switch (message.kind) {
    case "hello":
      return `${verb} hello: epoch ${message.epoch}, entry ${message.head}`;
    case "welcome":
      return `${verb} welcome: epoch ${message.epoch}, common to entry ${message.common}`;
    case "append": {
      const { after, entries, committed } = message;
      return `${verb} append: ${after + 1} to ${after + entries.length}, safe through ${committed}`;
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
    case "snapshot-part":
    case "snapshot-ok":
      return `${verb} ${message.kind}`;
    case "heartbeat":
      return null;
  }
}

function answerWords(answer: SessionAnswer): string {
  switch (answer.kind) {
    case "confirm":
      return `confirm ${answer.receipt}`;
    case "refuse":
      return `refuse ${answer.receipt}: ${answer.error.message}`;
    case "deliver":
      return `deliver message ${answer.id}, time ${answer.deliveryCount}`;
    case "browsed":
    case "close":
      return answer.kind;
  }
}

function entryWords({ op, command }: JournalEntry): string {
  return `${op} ${command.kind}`;
}
