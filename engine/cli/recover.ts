import { Option, type Command } from "commander";
import { BrokerError } from "../base/errors.ts";
import type { ControlClient } from "../control/client.ts";
import type { NodeName, RecoveryView } from "../control/views.ts";
import { addCommonOptions, connect, printJson, UsageError, type CommonOptions, type Run } from "./command.ts";
import { recoveryProgress, recoveryText } from "./print.ts";
import type { Terminal } from "./terminal.ts";

interface RecoverOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly from?: NodeName;
  readonly force?: boolean;
  readonly undo?: boolean;
  readonly removeKept?: boolean;
}

const pollMs = 150;

export function define(command: Command, run: Run): void {
  command
    .option("--dry-run", "only say what would happen")
    .addOption(
      new Option("--from <broker>", "whose store is kept (default: the one that is ahead)").choices([
        "primary",
        "replica",
      ]),
    )
    .option(
      "--force",
      "overwrite a store that is ahead or has a history of its own; it is kept aside all the same",
    )
    .option("--undo", "put the store that the last recovery replaced back")
    .option("--remove-kept", "delete the store that the last recovery replaced");
  addCommonOptions(command);
  run(command, async (terminal, options: RecoverOptions) => {
    if (options.undo === true && options.removeKept === true)
      throw new UsageError("--undo and --remove-kept exclude each other.");
    const client = connect(options, terminal);
    const recovery = await perform(client, options, terminal);
    const isDone = isSuccess(recovery, options);
    if (options.json === true) printJson(terminal, recovery);
    else terminal.out(resultText(recovery, options));
    if (isDone) return 0;
    const detail = recovery.error ?? recovery.preflight?.refusal ?? `The recovery is ${recovery.state}.`;
    throw new BrokerError(recovery.error === null ? "RECOVERY_REFUSED" : "RECOVERY_FAILED", { detail });
  });
}

async function perform(
  client: ControlClient,
  options: RecoverOptions,
  terminal: Terminal,
): Promise<RecoveryView> {
  if (options.removeKept === true) return client.removeKept({});
  // Scripts read standard error for the failure, and find nothing else there.
  const progress = options.json === true ? noProgress : createProgress(terminal);
  if (options.undo === true) return follow(client, client.undoRecovery({}), progress);
  const { dryRun = false, from, force = false } = options;
  const asked = client.startRecovery({ dryRun, force, ...(from === undefined ? {} : { from }) });
  return dryRun ? asked : follow(client, asked, progress);
}

/** Shows progress until `asked` is answered and nothing runs any more. */
async function follow(
  client: ControlClient,
  asked: Promise<RecoveryView>,
  progress: Progress,
): Promise<RecoveryView> {
  const show = (recovery: RecoveryView): void => {
    if (recovery.steps.some(({ state }) => state === "running")) progress.show(recovery);
  };
  // When asking for progress fails first, that is the failure to report.
  asked.catch(() => undefined);
  try {
    let answered: RecoveryView | null = null;
    while (answered === null) {
      answered = await Promise.race([asked, pause()]);
      if (answered === null) show(await client.getRecovery({}));
    }
    while (answered.state === "running") {
      show(answered);
      await pause();
      answered = await client.getRecovery({});
    }
    return answered;
  } finally {
    progress.end();
  }
}

async function pause(): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, pollMs, null));
}

interface Progress {
  show(recovery: RecoveryView): void;
  end(): void;
}

const noProgress: Progress = { show: () => undefined, end: () => undefined };

/** One line that is rewritten where a person sees it; a line for each step where not. */
function createProgress(terminal: Terminal): Progress {
  let shown = "";
  return {
    show(recovery) {
      const line = recoveryProgress(recovery);
      const isSameStep = line.split(":")[0] === shown.split(":")[0];
      if (line === shown || (!terminal.isErrorSeen && isSameStep)) return;
      terminal.err(terminal.isErrorSeen ? `\r\x1b[K${line}` : `${line}\n`);
      shown = line;
    },
    end() {
      if (terminal.isErrorSeen && shown !== "") terminal.err("\r\x1b[K");
    },
  };
}

function isSuccess({ state, preflight }: RecoveryView, options: RecoverOptions): boolean {
  if (options.dryRun === true) return preflight?.allowed === true;
  if (options.undo === true) return state === "undone";
  return options.removeKept === true || state === "done";
}

function resultText(recovery: RecoveryView, options: RecoverOptions): string {
  if (options.removeKept === true) return "The kept store is deleted.\n";
  // What would be copied is no use where it is refused: the refusal follows.
  if (options.dryRun === true)
    return recovery.preflight?.allowed === true ? `${recovery.preflight.sentence}\n` : "";
  const verdict = recovery.state === "done" ? "The pair is protected again.\n" : "";
  return `${recoveryText(recovery, options)}${verdict}`;
}
