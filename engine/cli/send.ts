import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { limits } from "../base/limits.ts";
import { scheduleProperties, scheduleWishes } from "../base/schedule.ts";
import type { OperationInput } from "../control/contract.ts";
import {
  addCommonOptions,
  collectPairs,
  connect,
  printJson,
  something,
  UsageError,
  wholeNumber,
  type CommonOptions,
  type Run,
} from "./command.ts";
import type { Terminal } from "./terminal.ts";

interface SendOptions extends CommonOptions {
  readonly file?: string;
  readonly header?: Record<string, string>;
  readonly priority?: number;
  readonly ttl?: number;
  readonly persistent: boolean;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly type?: string;
  readonly count?: number;
  readonly delay?: number;
  readonly period?: number;
  readonly repeat?: number;
  readonly cron?: string;
}

export function define(command: Command, run: Run): void {
  command
    .argument("<destination>", "orders, queue://orders or topic://prices", something)
    .argument("[body]", "the message's text (default: --file, else standard input)")
    .option("--file <file>", "send what is in this file; - is standard input")
    .option("--header <name=value>", "a header; may be given again", collectPairs)
    .option("--priority <n>", "0 (last) to 9 (first)", wholeNumber(0, 9))
    .option("--ttl <ms>", "milliseconds until it expires", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--no-persistent", "may be lost when both brokers are")
    .option("--correlation-id <id>", "JMSCorrelationID")
    .option("--reply-to <destination>", "JMSReplyTo: where an answer is to go")
    .option("--type <type>", "JMSType")
    .option("--count <n>", "send it so many times", wholeNumber(1, 10_000))
    .option("--delay <ms>", "deliver it so much later", wholeNumber(1, limits.scheduleDelayMsMax))
    .option("--period <ms>", "between repetitions", wholeNumber(1, limits.scheduleDelayMsMax))
    .option("--repeat <n>", "deliver it n times more; -1 for ever", wholeNumber(-1, limits.scheduleRepeatMax))
    .option("--cron <entry>", 'when to deliver it, such as "0 9 * * 1"');
  addCommonOptions(command);
  run(command, async (terminal, destination: string, body: string | undefined, options: SendOptions) => {
    const content = await readBody(body, options, terminal);
    const { ids } = await connect(options, terminal).send(messageOf(destination, content, options));
    if (options.json === true) printJson(terminal, { ids });
    else {
      const where = Object.keys(scheduleOf(options)).length === 0 ? "on" : "and scheduled for";
      terminal.out(
        `${ids.length === 1 ? "1 message is" : `${ids.length} messages are`} safe ${where} ${destination}.\n`,
      );
    }
    return 0;
  });
}

async function readBody(
  body: string | undefined,
  { file }: SendOptions,
  terminal: Terminal,
): Promise<string | Uint8Array> {
  if (body !== undefined && file !== undefined)
    throw new UsageError("The body is given twice: as an argument and with --file.");
  if (body !== undefined) return body;
  if (file !== undefined && file !== "-") {
    return readFile(file).catch((error: unknown) => {
      throw new UsageError(
        `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
      );
    });
  }
  if (terminal.isInputTyped && file === undefined)
    throw new UsageError("There is no body: give it as an argument, with --file, or on standard input.");
  return terminal.readInput();
}

function scheduleOf(options: SendOptions): Record<string, string> {
  return Object.fromEntries(
    scheduleWishes.flatMap((wish) =>
      options[wish] === undefined ? [] : [[scheduleProperties[wish], String(options[wish])]],
    ),
  );
}

function messageOf(name: string, content: string | Uint8Array, options: SendOptions): OperationInput<"send"> {
  return {
    name,
    ...bodyOf(content),
    properties: { ...options.header, ...scheduleOf(options) },
    persistent: options.persistent,
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    ...(options.ttl === undefined ? {} : { timeToLiveMs: options.ttl }),
    ...(options.correlationId === undefined ? {} : { correlationId: options.correlationId }),
    ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(options.count === undefined ? {} : { count: options.count }),
  };
}

/** Bytes that are text are sent as text; anything else keeps every byte. */
function bodyOf(content: string | Uint8Array): { body: string; encoding: "text" | "base64" } {
  if (typeof content === "string") return { body: content, encoding: "text" };
  try {
    return {
      body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content),
      encoding: "text",
    };
  } catch {
    return { body: Buffer.from(content).toString("base64"), encoding: "base64" };
  }
}
