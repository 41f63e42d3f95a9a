import { readFileSync, statSync } from "node:fs";
import { Option, type Command } from "commander";
import { limits } from "../base/limits.ts";
import type { ConfigurationSource } from "../config/load.ts";
import type { OptionName } from "../config/names.ts";
import { UsageError, wholeNumber } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Options that `up` and `broker` share, as commander names them. */
export interface SharedFlags {
  readonly config?: string;
  readonly profile?: string;
  readonly synchronisation?: string;
  readonly waitForReplica?: boolean | string;
  readonly shutdownOnPrimaryFailure?: boolean;
  readonly shutdownOnReplicaFailure?: boolean;
  readonly durability?: string;
  readonly peerTimeout?: number;
}

export function addSharedFlags(command: Command): Command {
  return command
    .option("--config <file>", "configuration in JSON, YAML or ActiveMQ's XML; flags win over it")
    .addOption(
      new Option("--profile <profile>", "who decides on going active (default: guarded)").choices([
        "guarded",
        "classic",
      ]),
    )
    .addOption(
      new Option("--synchronisation <how>", "how a node that is behind catches up (default: manual)").choices(
        ["manual", "automatic"],
      ),
    )
    .addOption(
      new Option("--wait-for-replica [when]", "serve no client until the replica is attached").choices([
        "start",
        "always",
      ]),
    )
    .option("--shutdown-on-primary-failure", "the replica shuts down instead of taking over")
    .option("--shutdown-on-replica-failure", "the primary shuts down when it loses its replica")
    .addOption(
      new Option("--durability <what>", "what a confirmation survives (default: power-loss)").choices([
        "power-loss",
        "process-crash",
      ]),
    )
    .option(
      "--peer-timeout <ms>",
      "silence after which the peer counts as lost (default: 2000)",
      wholeNumber(200, 600_000),
    );
}

/** The shared flags under the configuration's names; what was not given is `undefined`. */
export function sharedOptions(flags: SharedFlags): Partial<Record<OptionName, unknown>> {
  return {
    profile: flags.profile,
    synchronisation: flags.synchronisation,
    waitForReplica: flags.waitForReplica,
    shutdownOnPrimaryFailure: flags.shutdownOnPrimaryFailure,
    shutdownOnReplicaFailure: flags.shutdownOnReplicaFailure,
    durability: flags.durability,
    peerTimeoutMs: flags.peerTimeout,
  };
}

/** Reads a configuration file; `null` when none is named. A file over the limit is not read at all. */
export function readSource(file: string | undefined): ConfigurationSource | null {
  if (file === undefined) return null;
  try {
    const { size } = statSync(file);
    if (size > limits.configurationBytesMax) {
      throw new UsageError(
        `${file} has ${size} bytes, more than the ${limits.configurationBytesMax} that a configuration may have.`,
      );
    }
    return { file, content: readFileSync(file) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "ENOENT"
        ? `There is no configuration file ${file}.`
        : `The configuration file ${file} cannot be read: ${code ?? String(error)}.`,
    );
  }
}

export function printNotices(notices: readonly string[], terminal: Terminal): void {
  for (const notice of notices) terminal.err(`understudy: ${notice}\n`);
}
