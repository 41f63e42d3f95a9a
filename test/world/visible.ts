import { asOp, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";

/** A message that was sent, or sent in a transaction that was committed. */
export interface Visible {
  readonly body: string;
  /** The entry that sent it. */
  readonly op: Op;
  /** Index in the history of what made it visible: the same entry, or the commit. */
  readonly at: number;
}

const text = new TextDecoder();

/** What a history sent, in the order in which it became visible. */
export function visibleSends(history: readonly Command[]): Visible[] {
  const visible: Visible[] = [];
  const open = new Map<string, Omit<Visible, "at">[]>();
  for (const [at, command] of history.entries()) {
    if (command.kind === "send") {
      const sent = { body: text.decode(command.message.body), op: asOp(at + 1) };
      if (command.transaction === null) visible.push({ ...sent, at });
      else {
        const key = `${command.owner} ${command.transaction}`;
        const others = open.get(key);
        if (others === undefined) open.set(key, [sent]);
        else others.push(sent);
      }
    } else if (command.kind === "finish") {
      const key = `${command.owner} ${command.transaction}`;
      if (command.outcome === "commit") for (const sent of open.get(key) ?? []) visible.push({ ...sent, at });
      open.delete(key);
    } else if (command.kind === "leave") {
      for (const key of [...open.keys()]) if (key.startsWith(`${command.owner} `)) open.delete(key);
    }
  }
  return visible;
}
