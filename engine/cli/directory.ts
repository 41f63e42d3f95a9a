import { resolve } from "node:path";
import { defaultDirectory } from "../control/default-directory.ts";
import type { Terminal } from "./terminal.ts";

/** The `--data` of a command, made absolute, or the default. */
export function dataDirectoryOf(option: string | undefined, terminal: Terminal): string {
  return option === undefined ? defaultDirectory(terminal) : resolve(option);
}
