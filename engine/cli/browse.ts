import type { Command } from "commander";
import { limits } from "../base/limits.ts";
import type { MessageSummary } from "../control/views.ts";
import {
  addCommonOptions,
  connect,
  printJson,
  something,
  wholeNumber,
  type CommonOptions,
  type Run,
} from "./command.ts";
import { byteSize, clockTime } from "../base/words.ts";

interface BrowseOptions extends CommonOptions {
  readonly limit: number;
}

export function define(command: Command, run: Run): void {
  command
    .argument("<destination>", "orders or queue://orders", something)
    .option("--limit <n>", "at most so many, oldest first", wholeNumber(1, Number.MAX_SAFE_INTEGER), 100);
  addCommonOptions(command);
  run(command, async (terminal, destination: string, options: BrowseOptions) => {
    const client = connect(options, terminal);
    let cursor: string | null = null;
    let left = options.limit;
    do {
      const page: { messages: MessageSummary[]; cursor: string | null } = await client.browse({
        name: destination,
        limit: Math.min(left, limits.browsePageCountMax),
        ...(cursor === null ? {} : { cursor }),
      });
      for (const message of page.messages) {
        if (options.json === true) printJson(terminal, message);
        else terminal.out(summaryText(message));
      }
      left -= page.messages.length;
      cursor = page.messages.length === 0 ? null : page.cursor;
    } while (cursor !== null && left > 0);
    if (cursor !== null)
      terminal.err(`understudy: there are more; --limit ${options.limit * 10} shows more of them.\n`);
    return 0;
  });
}

function summaryText({ id, sentAt, bodyBytes, heldBy, deliveryCount, preview }: MessageSummary): string {
  const notes = [
    deliveryCount > 0 ? `delivered ${deliveryCount}x` : "",
    heldBy === null ? "" : `with ${heldBy}`,
  ].filter((note) => note !== "");
  const state = notes.length === 0 ? "" : `  [${notes.join(", ")}]`;
  return `${String(id).padStart(8)}  ${clockTime(sentAt)}  ${byteSize(bodyBytes).padStart(10)}  ${preview.replaceAll(/\s+/g, " ")}${state}\n`;
}
