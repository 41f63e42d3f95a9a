import type { Command } from "commander";
import { BrokerError } from "../base/errors.ts";
import type { MessageDetail } from "../control/views.ts";
import {
  addCommonOptions,
  connect,
  printJson,
  something,
  wholeNumber,
  type CommonOptions,
  type Run,
} from "./command.ts";
import type { Terminal } from "./terminal.ts";

interface ReceiveOptions extends CommonOptions {
  readonly count: number;
  readonly timeout: number;
}

export function define(command: Command, run: Run): void {
  command
    .argument("<destination>", "orders or queue://orders", something)
    .option("--count <n>", "at most so many", wholeNumber(1, 500), 1)
    .option("--timeout <ms>", "how long to wait for the first", wholeNumber(0, 60_000), 1_000);
  addCommonOptions(command);
  run(command, async (terminal, destination: string, options: ReceiveOptions) => {
    const { count, timeout } = options;
    const { messages } = await connect(options, terminal).receive({
      name: destination,
      count,
      timeoutMs: timeout,
    });
    for (const message of messages) printMessage(terminal, message, options.json === true);
    if (messages.length > 0) return 0;
    throw new BrokerError("NO_MESSAGE", { destination, waitedMs: timeout });
  });
}

/** Text ends its line; bytes are written as they are. */
function printMessage(terminal: Terminal, message: MessageDetail, asJson: boolean): void {
  if (asJson) {
    printJson(terminal, message);
    return;
  }
  const body = Buffer.from(message.bodyBase64, "base64");
  terminal.out(message.bodyKind === "text" ? `${body.toString("utf8")}\n` : body);
}
