import { Argument, type Command } from "commander";
import { commandLine } from "../base/command-line.ts";
import type { LinkMode } from "../control/views.ts";
import {
  addCommonOptions,
  connect,
  inSamePlace,
  printJson,
  UsageError,
  wholeNumber,
  type CommonOptions,
  type Run,
} from "./command.ts";
import { pairText } from "./print.ts";

export function define(command: Command, run: Run): void {
  command
    .addArgument(
      new Argument("<mode>", "what becomes of the link").choices(["cut", "heal", "half-open", "delay"]),
    )
    .argument("[ms]", "delay in each direction, in milliseconds", wholeNumber(0, 60_000));
  addCommonOptions(command);
  run(command, async (terminal, mode: LinkMode, delayMs: number | undefined, options: CommonOptions) => {
    if (mode === "delay" && delayMs === undefined)
      throw new UsageError(
        `A delay needs its milliseconds: ${inSamePlace(commandLine("link", "delay", "200"), options)}`,
      );
    if (mode !== "delay" && delayMs !== undefined) throw new UsageError(`\`link ${mode}\` takes no delay.`);
    const pair = await connect(options, terminal).setLink({
      mode,
      ...(delayMs === undefined ? {} : { delayMs }),
    });
    if (options.json === true) printJson(terminal, pair);
    else terminal.out(pairText(pair, options));
    return 0;
  });
}
