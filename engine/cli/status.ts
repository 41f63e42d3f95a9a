import type { Command } from "commander";
import { addCommonOptions, connect, printJson, type CommonOptions, type Run } from "./command.ts";
import { pairText } from "./print.ts";

export function define(command: Command, run: Run): void {
  addCommonOptions(command);
  run(command, async (terminal, options: CommonOptions) => {
    const pair = await connect(options, terminal).getPair({});
    if (options.json === true) printJson(terminal, pair);
    else terminal.out(pairText(pair, options));
    return 0;
  });
}
