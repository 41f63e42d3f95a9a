import { Argument, type Command } from "commander";
import type { OperationInput } from "../control/contract.ts";
import { addCommonOptions, connect, printJson, type CommonOptions, type Run } from "./command.ts";
import { pairText } from "./print.ts";

type Action = OperationInput<"actOnBroker">["action"];

/** `start`, `stop`, `kill`, `freeze`, `thaw` and `promote` differ by their names only, which are the actions'. */
export function define(command: Command, run: Run): void {
  const action = command.name() as Action;
  command.addArgument(new Argument("<broker>", "which one").choices(["primary", "replica"]));
  addCommonOptions(command);
  run(command, async (terminal, node: "primary" | "replica", options: CommonOptions) => {
    const pair = await connect(options, terminal).actOnBroker({ node, action });
    if (options.json === true) printJson(terminal, pair);
    else terminal.out(pairText(pair));
    return 0;
  });
}
