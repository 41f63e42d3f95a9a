import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { commandLine, shellWord } from "../base/command-line.ts";
import { BrokerError } from "../base/errors.ts";
import { controlClient, type ControlClient } from "../control/client.ts";
import { findRunning } from "../control/server/announcement.ts";
import { dataDirectoryOf } from "./directory.ts";
import type { Terminal } from "./terminal.ts";

/** What a file of `engine/cli` exports: it adds arguments, options and action to the command of its name. */
export interface CommandModule {
  define(command: Command, run: Run): void;
}

/** Sets a command's action. Whatever the handler returns is the exit code: 0 done, 1 failed, 2 wrong usage. */
export type Run = (command: Command, handler: Handler) => void;

/** Takes what commander gives: the arguments, then the options. Each file declares what it takes as it declared it to commander. */
export type Handler = (terminal: Terminal, ...args: never[]) => Promise<number>;

/** Options that every command has. */
export interface CommonOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export function addCommonOptions(command: Command): Command {
  return command
    .option(
      "--data <directory>",
      "the pair's data directory (default: UNDERSTUDY_DATA, or the platform's place for data)",
    )
    .option("--json", "print JSON, one value a line");
}

/** Wrong usage that only the handler could see: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A client of the pair that runs in the data directory; UNREACHABLE with a sentence when none does. */
export function connect(options: CommonOptions, terminal: Terminal): ControlClient {
  const directory = dataDirectoryOf(options.data, terminal);
  const running = findRunning(directory);
  if (running !== null) return controlClient(running);
  throw new BrokerError("UNREACHABLE", {
    detail: `No pair is running in ${directory}. Start one (${commandLine("up")}), or name its data directory with --data.`,
  });
}

/** A command line for whoever typed `options`: who named a data directory must name it each time. */
export function inSamePlace(line: string, { data }: CommonOptions): string {
  return data === undefined ? line : `${line} --data ${shellWord(data)}`;
}

/** One value on one line. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value)}\n`);
}

/** A parser for commander of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export const portNumber = wholeNumber(0, 65_535);

/** A parser for commander of what must not be empty, such as a variable that was not set. */
export function something(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

/** A parser for commander of `name=value`, collected into one record; a later value of a name wins. */
export function collectPairs(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}
