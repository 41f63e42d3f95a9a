import type { Command } from "commander";
import { addCommonOptions, connect, printJson, type CommonOptions, type Run } from "./command.ts";

export function define(command: Command, run: Run): void {
  addCommonOptions(command);
  run(command, async (terminal, options: CommonOptions) => {
    const { clients } = await connect(options, terminal).listClients({});
    if (options.json === true) for (const client of clients) printJson(terminal, client);
    else if (clients.length === 0) terminal.out("No client has connected yet.\n");
    else {
      for (const { name, role, state, protocol, sent, received, story, hint } of clients) {
        terminal.out(
          `${name}  ${role}, ${state}${protocol === null ? "" : `, ${protocol}`}  sent ${sent}, received ${received}\n  ${story}\n${hint === null ? "" : `  ${hint}\n`}`,
        );
      }
    }
    return 0;
  });
}
