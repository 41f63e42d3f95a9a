import { asOp, type Op } from "../../engine/base/units.ts";
import type { Command } from "../../engine/core/command.ts";
import { violated } from "./rules.ts";

const text = new TextDecoder();

/**
 * Follows the message groups of each queue through a history: once a message of one was handed to a consumer, all that
 * follow go to that one, until its connection or its subscription ends. `groupOf` says what a message was sent as.
 */
export function auditGroups(history: readonly Command[], groupOf: (body: string) => string | null): void {
  const groups = new Map<Op, string>();
  const holders = new Map<string, { readonly owner: string; readonly subscription: string }>();
  const end = (owner: string, subscription: string | null): void => {
    for (const [key, holder] of holders)
      if (holder.owner === owner && (subscription ?? holder.subscription) === holder.subscription)
        holders.delete(key);
  };
  for (const [index, command] of history.entries()) {
    if (command.kind === "send") {
      const group = groupOf(text.decode(command.message.body));
      if (group !== null) groups.set(asOp(index + 1), group);
    } else if (command.kind === "leave") end(command.owner, null);
    else if (command.kind === "release") end(command.owner, command.subscription);
    else if (command.kind === "deliver")
      for (const group of new Set(command.messages.flatMap((op) => groups.get(op) ?? []))) {
        const key = `${command.queue} ${group}`;
        const { owner, subscription } = holders.get(key) ?? command;
        if (owner !== command.owner || subscription !== command.subscription)
          violated(
            "one owner at a time for a message group",
            `${command.owner} gets messages of ${key}, which ${owner} has`,
          );
        holders.set(key, { owner, subscription });
      }
  }
}
