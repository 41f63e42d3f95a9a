import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { commandLine } from "../base/command-line.ts";
import { BrokerError, type ErrorCode } from "../base/errors.ts";
import type { Run } from "./command.ts";
import { commands } from "./commands.ts";
import { realTerminal, type Terminal } from "./terminal.ts";

/**
 * The command line: `main(["status", "--json"])`. Resolves to the exit code: 0 done, 1 failed, 2 wrong usage; a failure
 * is a sentence on standard error, or with `--json` the failure as JSON there. Starting up loads one command's file only.
 */
export async function main(argv: readonly string[], terminal: Terminal = realTerminal()): Promise<number> {
  let exitCode = 0;
  const run: Run = (command, handler) => {
    command.action(async (...args: unknown[]) => {
      exitCode = await handler(terminal, ...(args as never[]));
    });
  };
  try {
    const program = await buildProgram(argv, terminal, run);
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    return explain(error, argv, terminal);
  }
}

async function buildProgram(argv: readonly string[], terminal: Terminal, run: Run): Promise<Command> {
  const program = new Command("understudy")
    .description(
      "Runs a primary message broker and its replica on this machine, to kill, watch fail over, and recover.",
    )
    .version(packageVersion(), "-V, --version")
    .exitOverride()
    .showHelpAfterError(
      `(${commandLine("--help")} lists all commands, ${commandLine("COMMAND", "--help")} its options)`,
    )
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        if (!argv.includes("--json")) terminal.err(text);
      },
    });
  const wanted = argv[0] === "help" ? argv[1] : argv[0];
  for (const entry of commands) {
    const command = program.command(entry.name).description(entry.summary);
    if (entry.name === wanted) (await entry.load()).define(command, run);
  }
  return program;
}

/** Says what went wrong, and returns the exit code for it. */
function explain(error: unknown, argv: readonly string[], terminal: Terminal): number {
  // Its own codes for asked-for help and version are 0.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // Commander has said it already, but for scripts.
  if (error instanceof CommanderError && !argv.includes("--json")) return 2;
  const { failure, exitCode } = describe(error);
  if (argv.includes("--json")) terminal.err(`${JSON.stringify(failure)}\n`);
  else terminal.err(`understudy: ${failure.message}\n`);
  if (failure.code === "INTERNAL" && terminal.environment["UNDERSTUDY_DEBUG"] && error instanceof Error)
    terminal.err(`${String(error.stack)}\n`);
  return exitCode;
}

interface Described {
  readonly failure: { readonly code: string; readonly message: string; readonly context: object };
  readonly exitCode: number;
}

/** Failures that the same words bring about each time: something that was typed, or is in a file, is wrong. */
const usageCodes: ReadonlySet<string> = new Set<ErrorCode>([
  "CONFIGURATION_INVALID",
  "REQUEST_INVALID",
  "DESTINATION_INVALID",
  "SCHEDULE_INVALID",
]);

function describe(error: unknown): Described {
  if (error instanceof BrokerError) {
    return {
      failure: { code: error.code, message: error.message, context: error.context },
      exitCode: usageCodes.has(error.code) ? 2 : 1,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError) {
    const sentence = message.replace(/^error: /, "").replace(/\s+/g, " ");
    return { failure: { code: "USAGE", message: sentence, context: {} }, exitCode: 2 };
  }
  if (error instanceof Error && error.name === "UsageError")
    return { failure: { code: "USAGE", message, context: {} }, exitCode: 2 };
  return { failure: { code: "INTERNAL", message, context: {} }, exitCode: 1 };
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
