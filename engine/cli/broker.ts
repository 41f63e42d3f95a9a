import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { commandLine } from "../base/command-line.ts";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { loadBrokerConfiguration } from "../config/load.ts";
import { portNumber, UsageError, type CommonOptions, type Run } from "./command.ts";
import {
  addSharedFlags,
  printNotices,
  readSource,
  sharedOptions,
  type SharedFlags,
} from "./configuration.ts";
import { defaultDirectory } from "../control/default-directory.ts";
import type { Terminal } from "./terminal.ts";

export interface BrokerOptions extends CommonOptions, SharedFlags {
  readonly name?: string;
  readonly host?: string;
  readonly port?: number;
  readonly allowRemote?: boolean;
  readonly primaryConnector?: string;
  readonly user?: string;
  readonly passwordFile?: string;
}

export function define(command: Command, run: Run): void {
  addSharedFlags(command)
    .option("--name <name>", "the broker's name; chooses one of a file's brokers")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "port to listen on (default: 61616, for a replica 61617)", portNumber)
    .option("--allow-remote", "listen on, or serve, addresses that other machines can reach")
    .option(
      "--primary-connector <uri>",
      "be a replica of the broker at this address, such as tcp://10.0.0.5:61616",
    )
    .option(
      "--user <name>",
      "login at the primary; the password comes from --password-file or UNDERSTUDY_PASSWORD",
    )
    .option("--password-file <file>", "file that holds the password")
    .option("--data <directory>", "the broker's directory (default: one of its name beside the pair's)")
    .option("--json", "print what becomes of it as JSON, one value a line");
  run(command, async (terminal, options: BrokerOptions) => {
    terminal.outliveReader();
    const configuration = configureBroker(options, terminal);
    const { runBroker } = await import("../host/run.ts");
    const { jsonSupervision, terminalSupervision } = await import("../host/supervision.ts");
    return runBroker(configuration, options.json === true ? jsonSupervision : terminalSupervision);
  });
}

/** Flags and file as one broker's configuration. Throws for what is missing or contradicts itself. */
export function configureBroker(options: BrokerOptions, terminal: Terminal): BrokerConfiguration {
  if (options.config === undefined && options.name === undefined && options.port === undefined) {
    throw new UsageError("A broker needs --config FILE, or --name, --port and --data.");
  }
  const { configuration, notices, given } = loadBrokerConfiguration(readSource(options.config), {
    environment: terminal.environment,
    flags: {
      ...sharedOptions(options),
      name: options.name,
      host: options.host,
      port: options.port,
      allowRemote: options.allowRemote,
      dataDirectory: options.data,
      primaryConnector: connectorFlag(options, terminal),
    },
    dataDirectory: defaultDirectory(terminal),
  });
  printNotices(notices, terminal);
  const { name, profile } = configuration;
  // Two brokers on one machine must not share the default.
  const directory = given.has("dataDirectory")
    ? configuration.dataDirectory
    : join(configuration.dataDirectory, safeName(name));
  const dataDirectory = resolve(directory);
  if (profile === "classic") return { ...configuration, dataDirectory };
  const only =
    "A broker run alone can only be classic: nobody tells it whether its peer is dead, so a cut link leaves two active brokers.";
  if (given.has("profile") || given.has("arbiter")) {
    throw new UsageError(
      `${only} Say --profile classic, or run both under one supervisor: ${commandLine("up")}`,
    );
  }
  terminal.err(`understudy: ${only} It is classic.\n`);
  return { ...configuration, profile: "classic", dataDirectory };
}

function connectorFlag(
  { primaryConnector, user, passwordFile }: BrokerOptions,
  terminal: Terminal,
): Record<string, string> | undefined {
  if (primaryConnector === undefined) {
    if (user !== undefined || passwordFile !== undefined)
      throw new UsageError("--user and --password-file belong to --primary-connector, which is missing.");
    return undefined;
  }
  if (user === undefined && passwordFile !== undefined) throw new UsageError("--password-file needs --user.");
  if (user === undefined) return { remoteURI: primaryConnector };
  const password =
    passwordFile === undefined ? terminal.environment["UNDERSTUDY_PASSWORD"] : readPassword(passwordFile);
  if (password === undefined)
    throw new UsageError(
      "--user needs a password: --password-file FILE, or the environment variable UNDERSTUDY_PASSWORD.",
    );
  return { remoteURI: primaryConnector, userName: user, password };
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new UsageError(
      `The password file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}.`,
    );
  }
}

/** A broker's name may be any text; a directory's may not. */
function safeName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]/gu, "_").replace(/^\.+/, "_");
}
