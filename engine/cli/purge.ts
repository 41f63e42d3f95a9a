import type { Command } from "commander";
import { addCommonOptions, connect, printJson, something, type CommonOptions, type Run } from "./command.ts";
import { messageCount } from "./print.ts";

export function define(command: Command, run: Run): void {
  command.argument("<destination>", "orders or queue://orders", something);
  addCommonOptions(command);
  run(command, async (terminal, destination: string, options: CommonOptions) => {
    const { purged } = await connect(options, terminal).purge({ name: destination });
    if (options.json === true) printJson(terminal, { purged });
    else terminal.out(`${messageCount(purged)} deleted from ${destination}.\n`);
    return 0;
  });
}
